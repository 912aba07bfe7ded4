// Package record is what a patched point calls: trampolines that count a hit
// or note it with its time and goroutine, in buffers that belong to one thread
// each, so that no hit takes a lock or touches another CPU's cache line.
//
// A trampoline runs on the stack of whatever function the point is in, maybe a
// leaf with live values in every register. It keeps each register it uses on the stack and changes
// no flags at all, since saving and restoring them would cost more than all of its
// work: on amd64 it is written with MOV, LEA, NOT, MOVZX and JRCXZ only, on arm64
// with what doesn't set them. It uses at most 80 bytes of stack, which on arm64 the veneer
// in front of it has made room for (see internal/patch), and is never preempted by the
// Go scheduler, which doesn't stop goroutines in assembly; so the thread stays the same throughout.
//
// The trampoline of [Full] does more: it notes registers and stack slots, which [SetWants] names for each site, and the return addresses
// of callers. It saves all registers and the flags first, so that each value has an offset from the
// stack pointer, in 144 bytes of stack on amd64 and in 240 and the veneer's 80 on arm64. Both are less
// than what Go leaves under every function that isn't marked nosplit. Callers are found by frame pointers; what
// a function knows of its own frame (Want.Frame) tells the first of them where it has no frame pointer.
// Nothing is read but the stack of the goroutine, between the site and its end, so a wrong table or frame pointer is harmless.
//
// # Per-thread blocks
//
// A thread is known by its m, the runtime's thread structure, which g points to;
// g is in R14 (amd64) or R28 (arm64) wherever compiled Go code runs. Layout checks at start (see
// offsets) find the two fields that are used, or refuse. The blocks hang off a
// table that is searched by m's address; a thread claims its block with its first hit. When more
// threads come than there are blocks (240), the late ones share one: they count with atomic
// additions there, and their records are dropped and counted.
//
//	header | ring of 262,144 events of 32 bytes | a counter for each byte of text, times 2
//
// An event with values and callers goes on in the slots that follow, four words in each.
//
// Counters are found by an address, without a look-up: 8 bytes at twice its offset
// in the text. It is the return address on amd64, where sites are at least 7 bytes apart,
// and the site itself on arm64, a word; so counters don't overlap. Memory is
// reserved, not used, until it is touched.
//
// # The ring
//
// One writer, the thread, and one reader, Drain. The writer writes the event, then
// head; the reader copies, then moves limit = tail + 262,144. On amd64 stores are seen in
// order, so neither needs a barrier; on arm64 the writer loads limit with LDAR and stores
// head with STLR. When head meets limit events are dropped and counted.
package record
