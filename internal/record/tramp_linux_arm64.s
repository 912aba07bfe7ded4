#include "textflag.h"

// Trampolines are called by the veneers of internal/patch, which have saved R16,
// R17 and R30 and made room on the stack:
//
//	R17         the site's address
//	R30         back into the veneer
//	24–64(RSP)  for R27, which the assembler may use for its own ends, and R0 to R3
//
// All other registers and the flags are as at the site and stay so: no instruction
// here sets flags. RSP doesn't move, so for tracebacks this is a leaf whose caller is
// the veneer, which they don't know, and they end.

// The owners of blocks, by slot; then the blocks. See slots in block_linux.go.
#define BLOCKS 2048

// Offsets in a block's header.
#define H_COUNTERS 0 // address of the counter of text address 0
#define H_HEAD 8     // events written
#define H_GOID 16    // offset of goid in g
#define H_DROPPED 24
#define H_LIMIT 64   // head may go up to here; on a line of its own

#define RING 4096    // offset of the ring in a block
#define G_M 48       // offset of m in g; checked at start
#define G_STACKHI 8  // offset of the stack's upper end in g; checked too

#define SAVE \
	MOVD R27, 24(RSP)     \
	STP (R0, R1), 32(RSP) \
	STP (R2, R3), 48(RSP)

#define RESTORE \
	LDP 48(RSP), (R2, R3) \
	LDP 32(RSP), (R0, R1) \
	MOVD 24(RSP), R27

// ADD_ATOMICALLY adds n to the word at addr. It uses R0 and R3.
#define ADD_ATOMICALLY(n, addr, again) \
again:                  \
	LDAXR (addr), R0    \
	ADD n, R0, R0       \
	STLXR R0, (addr), R3 \
	CBNZ R3, again

// FIND leaves the calling thread's block in R2. It uses R0, R1, R3 and R16, and jumps to
// label over when there is no block for it.
#define FIND(probe, claim, count, take, lost, uncount, found, over) \
	MOVD G_M(g), R0       \
	MOVD $·slots(SB), R2  \
	UBFX $8, R0, $8, R1   \
probe:                    \
	MOVD (R2)(R1<<3), R3  \
	SUB R0, R3, R16       \
	CBZ R16, found        \
	CBZ R3, claim         \
	ADD $1, R1, R1        \
	AND $255, R1, R1      \
	B probe               \
claim:                    \
	MOVD $·claims(SB), R16 \
count:                    \
	LDAXR (R16), R0       \
	SUB $240, R0, R3      \ // never more than 240, so a probe ends
	TBZ $63, R3, over     \
	ADD $1, R0, R0        \
	STLXR R0, (R16), R3   \
	CBNZ R3, count        \
	MOVD G_M(g), R0       \
	ADD R1<<3, R2, R16    \
take:                     \
	LDAXR (R16), R3       \
	CBNZ R3, lost         \
	STLXR R0, (R16), R3   \
	CBNZ R3, take         \
	B probe               \
lost:                     \ // another thread was faster
	MOVD $·claims(SB), R16 \
	ADD_ATOMICALLY($-1, R16, uncount) \
	MOVD G_M(g), R0       \
	B probe               \
found:                    \
	ADD $BLOCKS, R2, R2   \
	MOVD (R2)(R1<<3), R2

// COUNT adds one to the site's counter in the block R2.
#define COUNT \
	MOVD H_COUNTERS(R2), R0 \
	ADD R17<<1, R0, R0    \
	MOVD (R0), R1         \
	ADD $1, R1, R1        \
	MOVD R1, (R0)

// NOTE writes an event: counter of time, goroutine, site, depths of the stack. That limit is loaded with
// acquire and head stored with release pairs with Drain, which reads the events
// between loading head and storing limit.
#define NOTE(full, done) \
	MOVD H_HEAD(R2), R1   \
	ADD $H_LIMIT, R2, R0  \
	LDAR (R0), R0         \
	SUB R1, R0, R0        \
	CBZ R0, full          \
	AND $0xFFFF, R1, R0   \ // slot in the ring
	ADD R0<<5, R2, R0     \
	ADD $RING, R0, R0     \
	MRS CNTVCT_EL0, R3    \
	MOVD R3, 0(R0)        \
	MOVD H_GOID(R2), R3   \
	MOVD (g)(R3), R3      \
	MOVD R3, 8(R0)        \
	MOVW R17, 16(R0)      \
	MOVD $0xFFFF, R16     \ // the CPU is not known
	MOVW R16, 20(R0)      \
	MOVD G_STACKHI(g), R3 \
	MOVD RSP, R16         \
	SUB R16, R3, R16      \
	MOVW R16, 24(R0)      \
	SUB R29, R3, R16      \
	MOVW R16, 28(R0)      \
	ADD $1, R1, R1        \
	ADD $H_HEAD, R2, R0   \
	STLR R1, (R0)         \ // publishes the event
	B done                \
full:                     \
	MOVD H_DROPPED(R2), R0 \
	ADD $1, R0, R0        \
	MOVD R0, H_DROPPED(R2) \
done:

// The paths for threads without a block.
#define OVER_COUNT(again) \
	MOVD ·shared(SB), R2  \
	MOVD H_COUNTERS(R2), R16 \
	ADD R17<<1, R16, R16  \
	ADD_ATOMICALLY($1, R16, again)

#define OVER_NOTE(again) \
	MOVD ·shared(SB), R2  \
	ADD $H_DROPPED, R2, R16 \
	ADD_ATOMICALLY($1, R16, again)

// func countHit()
TEXT ·countHit(SB), NOSPLIT|NOFRAME, $0-0
	SAVE
	FIND(probe, claim, count, take, lost, uncount, found, over)
	COUNT
	RESTORE
	RET
over:
	OVER_COUNT(again)
	RESTORE
	RET

// func noteHit()
TEXT ·noteHit(SB), NOSPLIT|NOFRAME, $0-0
	SAVE
	FIND(probe, claim, count, take, lost, uncount, found, over)
	NOTE(full, done)
	RESTORE
	RET
over:
	OVER_NOTE(again)
	RESTORE
	RET

// func countAndNoteHit()
TEXT ·countAndNoteHit(SB), NOSPLIT|NOFRAME, $0-0
	SAVE
	FIND(probe, claim, count, take, lost, uncount, found, over)
	COUNT
	NOTE(full, done)
	RESTORE
	RET
over:
	OVER_COUNT(again)
	OVER_NOTE(more)
	RESTORE
	RET

// func trampolines() (count, note, both uintptr)
TEXT ·trampolines(SB), NOSPLIT, $0-24
	MOVD $·countHit(SB), R0
	MOVD R0, count+0(FP)
	MOVD $·noteHit(SB), R0
	MOVD R0, note+8(FP)
	MOVD $·countAndNoteHit(SB), R0
	MOVD R0, both+16(FP)
	RET

// func getg() uintptr
TEXT ·getg(SB), NOSPLIT, $0-8
	MOVD g, ret+0(FP)
	RET

// func Ticks() uint64
TEXT ·Ticks(SB), NOSPLIT, $0-8
	MRS  CNTVCT_EL0, R0
	MOVD R0, ret+0(FP)
	RET
