// Package patch is the state machine of live patching: it keeps the sites that
// internal/scan finds in one of two states, dormant or armed, and moves batches
// of them from one to the other while other threads run through them. Those of keys that are toggled too often
// are in a third one for a while, in which they test their flag.
//
// # What stands at a site (amd64)
//
//	            as compiled            dormant             armed
//	guarded     CMPB $0, key(SB)       CMPB AL, $0         CMPB AL, $0
//	  body short  JEQ past             JMP past            TEST AL, imm8; JMP body
//	  body next   JEQ past (2)         NOP4; JMP past      NOP4; TEST AL, imm8
//	              JEQ past (6)         NOP4; JNO past      NOP4; JO past
//	  body away   JNE body (2)         NOP6                NOP4; JMP body
//	              JNE body (6)         NOP4; JO body       NOP4; JNO body
//	bare        MOVQ key(SB), R        LEAQ n(BP), R       REX.W CALL trampoline; NOP
//
// TEST is the no-op here: it changes only flags, which internal/scan has proved
// dead, and its immediate is the displacement of the JMP that it stands for. So the two
// differ in one byte. (A NOP of two bytes has no such twin; see docs/rationale.md.)
//
// A site whose body follows and is short, so that a JMP of two bytes reaches past it from the compare, has all in the compare's place. The
// branch stays as compiled, and who comes to it has run the compiled compare: before it was replaced, or under a uprobe.
//
// JNO is a jump and JO a no-op, since OF is 0 behind a compare with 0, the compiled one too, and behind TEST.
//
// NOP6 is NOP4 with another ModRM byte, which makes the TEST behind it a part of the no-op: its SIB byte and displacement. A
// thread may stand there all the same, and finds the TEST.
//
// The compiler's NOP that may be in front of the compare, which marks the place of an inlined call, becomes a
// prefix of CMPB AL, $0 when that is in place. It is a piece of its own.
//
// Where there are no-ops between compare and branch the compare is CMPB AL, $0; NOP4, and the branch JMP or TEST, or JNO or JO.
//
// LEAQ is the no-op of a bare site: the register is dead, and one instruction of
// seven bytes is less to decode than two. Its last byte is that of NOP, for
// threads that return from the CALL after it is gone.
//
// The compare never comes back once it is replaced, since a thread may stand
// between the two no-ops. Nor is that needed: from then on the branch says what
// the flag says. While nothing was patched yet the flag decides.
//
// # Uprobes
//
// The kernel's uprobes put an INT3 on any instruction of a file's mappings, run the
// file's own instruction in its place, and, when they are removed, write the
// file's first byte back: not the byte that they found. On a NOP5 that replaced a
// compare this makes an instruction of one's head and the other's tail. So what replaces a compare or
// a load begins with the same byte: 80, of which CMPB AL, $0 is the shortest
// that touches no memory, and REX.W, which LEA wants and CALL ignores. A uprobe on either may come and go.
// One on the branch, which is where the line of the if leads, though no function's name does, does nothing if the branch is as compiled; it
// isn't hit there. Otherwise it leaves the compiled branch's first byte: of a long branch (6 bytes) that is what our forms have, too; of a short one (2) it is a known form, which
// the next move puts right, and until then it may run the body, which finds nothing to do, or skip it.
//
// # What stands at a site (arm64)
//
//	            as compiled               dormant      armed
//	guarded     CBZ or TBZ past           B past       NOP
//	            CBNZ or TBNZ body         NOP          B body
//	bare        LDAR (R), S               NOP          B veneer
//
// What forms the key's address, or loads the flag, stays and has no effect.
//
// A bare site can't be a call, since BL overwrites the link register, which a leaf
// function has not saved. It branches to a veneer of its own, which saves X16, X17 and
// X30 on the stack, calls the trampoline with the site's address in X17, restores
// them and branches back (see internal/insn/arm64.Veneer). The 16 bytes under the
// stack pointer are spared: Go keeps the caller's frame pointer there (cmd/compile,
// abi-internal.md, "Stack layout"). Veneers lie in memory within reach of B (128 MiB) that is
// readable and executable from the start and written through textmem, like a site. A
// thread may stand in one for any time, so none is ever changed or freed; there is one for
// each site and trampoline, 64 bytes.
//
// To the runtime a veneer's address is of no function. So a goroutine in a veneer or
// a trampoline is not preempted, and a profile's sample that falls there has no callers.
//
// # The protocol (amd64)
//
// Threads run through the sites all the while, and one may stop anywhere for any
// time. For a batch:
//
//  1. Compare every byte with what must be there. A site that differs (a
//     debugger's or the kernel's breakpoint) is left alone and reported.
//  2. Write INT3 over the first byte of each instruction that changes. A thread that
//     executes one traps, and the handler moves it past the site as if dormant.
//  3. Serialise all threads (membarrier). Pairs with the instruction fetches
//     of any thread: after it, none executes the old first byte, so none goes on to the old tail.
//  4. Write the tails.
//  5. Serialise: after it no CPU holds a fetched old tail, so
//     whoever sees the new first byte sees the new tail.
//  6. Write the first bytes.
//  7. Serialise: after it no thread traps any more, and the caller may rely on
//     the new state.
//
// Where only first bytes differ 4 and 5 fall away.
//
// A thread may stand in the middle of an instruction: where the branch is that a no-op swallows, or behind CMPB AL, $0 when the
// site is flagged. The first byte of what it executes there has an INT3 in step 2 if the old form has an instruction's
// start there, and in step 4 otherwise; it has its new value in step 6 if the new form has one, and in step 4 otherwise. If the
// tail behind it changes too, step 4 is two or three, with a barrier after each: INT3, tails, and what
// is in the middle. TestStrict holds this. A mark that is a prefix of the compare is changed before the compare changes, and after: see change. Sources: Intel SDM volume 3,
// 9.1.3 "Handling Self- and Cross-Modifying Code"; AMD APM volume 2, 7.6.1.
//
// A trap may be delivered long after its site was finished: the handler knows
// all sites, not only those of the batch (those that gkhi build laid down in an array of their own: laidTraps), and where it finds no INT3 any more it lets the thread
// execute the instruction again.
//
// # The protocol (arm64)
//
// A site is one aligned word, so there are no tails and no traps. For a batch:
//
//  1. Compare every word with what must be there.
//  2. Write the veneers that sites of the batch need and that don't exist yet.
//  3. Serialise, if there were any. Pairs with the fetches of a thread that takes the
//     branch of step 4: it finds the veneer, not what its CPU fetched ahead.
//  4. Write the words.
//  5. Serialise: after it every thread executes the new ones.
//
// Writing through /proc/self/mem cleans the caches, as ptrace must (Linux,
// arch/arm64/mm/flush.c, copy_to_user_page); a page that is mapped executable has
// them cleaned at that time (the same file, __sync_icache_dcache).
//
// B, B.cond, BL, CBNZ, CBZ, NOP, TBNZ and TBZ may be replaced by each other while they
// are executed: a thread executes the old one or the new one (Arm ARM, B2.2.5 "Concurrent
// modification and execution of instructions"). That covers all but one
// step: LDAR, which is replaced once in the life of a bare site, is not in the list. CPUs
// fetch aligned words whole, and the kernel's uprobes rely on that too when they put
// a breakpoint over any instruction of a running program. Who wants the letter of the
// architecture calls gkhi.Prepare before starting goroutines that run through points.
//
// # When a hook is toggled too often
//
// Each barrier interrupts every thread that runs. A guarded key that is toggled more often than the
// Limit allows is restless: its sites are flagged. From then on Set leaves them alone, and
// makes no system call; a timer patches them again when the key has been quiet. See restless.go.
//
//	amd64           as compiled         flagged
//	  compare       CMPB $0, key(SB)    CMPB $0, copy(RIP)
//	  branch        JNE or JEQ          the same
//	arm64           CBZ, CBNZ or alike  the same
//
// The copy is one of the flag, which Set writes. It is where the compare is a no-op for a thread that stands in its middle, behind what was
// CMPB AL, $0: see copies_linux_amd64.go. Such a thread then finds the compiled branch, on flags of nobody's, and what it does is
// right: a key's sites are flagged only by a toggle, so between that thread's compare and its branch both answers were true. (Coming
// back is no toggle, and need not be one: such a thread has been there since the site became flagged.) All from the branch on is
// the file's, so breakpoints there do no harm.
//
// Writing such a form is the protocol with the differences that are told above.
//
// # When something fails
//
// A step that the system refuses is undone. If undoing is refused too, the INT3
// stays and the trap handler acts out the site's state, slowly but rightly; Status
// says so. A Patcher's methods may be called from any goroutine.
package patch
