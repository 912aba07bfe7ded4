// Package scan finds the sites that live patching can use, by reading the machine code of
// the running program (or of a file) for references to known variables. It needs no
// symbols and no debug information.
//
// A key is the address of a package-level variable that a site tests. On amd64
// a site is one of
//
//	guarded   CMPB $0, key(SB); padding no-ops; JEQ or JNE
//	bare      MOVQ key(SB), R
//
// and in plugins, where variables are reached through the global offset table,
//
//	guarded branch   MOVQ key@GOT(SB), R; CMPB $0, (R); padding; JEQ or JNE
//	bare GOT         MOVQ key@GOT(SB), R15; MOVQ (R15), R
//
// On arm64 a site is the branch or the load alone, one word:
//
//	guarded branch   ADRP key, R; MOVBU key(R), S; TBZ, TBNZ, CBZ or CBNZ S
//	bare             ADRP key, R; ADD key, R; LDAR (R), S
//
// Every other reference to a key is reported as a [Reject] with the reason: the
// flag stays in use there.
//
// # How it is sure of instruction boundaries
//
// On amd64 a search for the bytes of an address operand yields candidates, fast,
// and misses none, since each four-byte position is looked at. A candidate counts
// only if decoding its function from the entry, instruction by instruction, arrives
// at it. Entries come from the caller ([Funcs]); the compiler and the assembler put
// no data between an entry and the function's end, and the decoder refuses what it
// does not know, in which case every candidate of that function is rejected.
//
// On arm64 every word is an instruction or, in a few assembly functions, a
// constant. A constant would have to look like ADRP with the page of a key, in
// front of what makes a site of it.
//
// # What is proved here, and what the caller guarantees
//
// For a guarded site it is proved that the branch directly follows the compare,
// that no direct branch of the function goes between them, and that the flags of
// the compare are overwritten before they are read on both ways out, so that the
// branch is the only thing that depends on the compare. On arm64 it is the loaded
// register of which this is proved. Jump tables cannot be seen, but the compiler's
// dispatch overwrites the flags, and so can't lead to a branch that wants those of
// a compare. Across calls and returns flags are dead by Go's calling convention,
// and so are registers, but for those that pass arguments and results.
//
// Two things are for the caller to guarantee, since only the source can tell:
//
//   - A bare key is read by Go code only as a discarded atomic load; functions that
//     use its value are named by Input.Skip. The scan rejects a load if the first
//     instruction that mentions its register, in the straight line behind it, reads
//     it.
//   - On arm64 the result of testing a flag is a branch condition and is not also
//     passed to a call or returned in the register that it was loaded into. (On
//     amd64 such a flag is loaded into a register, not compared in memory, and is
//     rejected.)
//
// The package is pure and safe for concurrent use. It works on any host: the
// bytes may come from an ELF file of another CPU.
package scan
