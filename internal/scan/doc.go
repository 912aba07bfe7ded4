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
// A search for the bytes of an address operand yields candidates, fast, and
// misses none, since each four-byte position is looked at. A candidate counts only if decoding
// its function from the entry, instruction by instruction, arrives at it. Entries
// come from the caller ([Funcs]); the compiler and the assembler put no data
// between an entry and the function's end, and the decoder refuses what it does not know, in which case every
// candidate of that function is rejected.
//
// # What is proved here, and what the caller guarantees
//
// For a guarded site it is proved that the branch directly follows the compare,
// that no direct branch of the function goes between them, and that the flags of the
// compare are overwritten before they are read on both ways out, so that the
// branch is the only thing that depends on the compare. Jump tables cannot be seen,
// but the compiler's dispatch overwrites the flags and so can't lead
// to a branch that wants those of a compare. Across calls and returns flags and (but for
// arguments and results) registers are dead by Go's calling convention.
//
// For a bare site the load's register must be dead. Proved is that the first instruction
// that mentions it in the straight line behind the load does not read it. The
// rest is for the caller to guarantee: a bare key is read by Go code only as a discarded atomic load,
// and the functions that use its value are named by Input.Skip. The
// same goes for the loaded register of arm64's guarded form: Armed's result is
// a branch condition and is not also passed to a call or returned.
//
// The package is pure and safe for concurrent use. It works on any host: the
// bytes may come from an ELF file of another CPU.
package scan
