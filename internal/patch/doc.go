// Package patch is the state machine of live patching: it keeps the sites that
// internal/scan finds in one of two states, dormant or armed, and moves batches
// of them from one to the other while other threads run through them.
//
// # What stands at a site (amd64)
//
//	            as compiled            dormant             armed
//	guarded     CMPB $0, key(SB)       NOP5 NOP2           NOP5 NOP2
//	  body next   JEQ past (2)         JMP past            TEST AL, imm8
//	              JEQ past (6)         JMP past; NOP       TEST EAX, imm32; NOP
//	  body away   JNE body (2)         TEST AL, imm8       JMP body
//	              JNE body (6)         TEST EAX, imm32; NOP  JMP body; NOP
//	bare        MOVQ key(SB), R        NOP5 NOP2           CALL trampoline; NOP2
//
// TEST is the no-op here: it changes only flags, which internal/scan has proved
// dead, and its immediate is the displacement of the JMP that it stands for. So dormant and armed
// differ in one byte, and toggling a guarded site rewrites no tail. (A NOP of two
// bytes has no such twin; see docs/rationale.md.)
//
// The compare never comes back once it is replaced, since a thread may stand
// between the two no-ops. Nor is that needed: from then on the branch says what
// the flag says. While nothing was patched yet the flag decides.
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
// Where only first bytes differ 4 and 5 fall away. Sources: Intel SDM volume 3,
// 9.1.3 "Handling Self- and Cross-Modifying Code"; AMD APM volume 2, 7.6.1.
//
// A trap may be delivered long after its site was finished: the handler knows
// all sites, not only those of the batch, and where it finds no INT3 any more it lets the thread
// execute the instruction again.
//
// # The protocol (arm64)
//
// A site is one aligned word, and B, BL, NOP and the branches may be replaced by
// each other while executed (Arm ARM, B2.2.5 "Concurrent modification and
// execution of instructions"): compare, write, serialise. Writing through
// /proc/self/mem cleans the caches, as ptrace must.
//
// # When something fails
//
// A step that the system refuses is undone. If undoing is refused too, the INT3
// stays and the trap handler acts out the site's state, slowly but rightly; Status
// says so. A Patcher's methods may be called from any goroutine.
package patch
