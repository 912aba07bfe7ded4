#include "textflag.h"
#include "block.h"
#include "tramp_arm64.h"

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

#define SAVE \
	MOVD R27, 24(RSP)     \
	STP (R0, R1), 32(RSP) \
	STP (R2, R3), 48(RSP)

#define RESTORE \
	LDP 48(RSP), (R2, R3) \
	LDP 32(RSP), (R0, R1) \
	MOVD 24(RSP), R27

// NOTE writes an event: counter of time, goroutine, site, depths of the stack. That limit is loaded with
// acquire and head stored with release pairs with Drain, which reads the events
// between loading head and storing limit.
#define NOTE(full, done) \
	MOVD H_HEAD(R2), R1   \
	ADD $H_LIMIT, R2, R0  \
	LDAR (R0), R0         \
	SUB R1, R0, R0        \
	CBZ R0, full          \
	AND $(RING_EVENTS-1), R1, R0 \ // slot in the ring
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

// func trampolines() (count, note, both, full uintptr)
TEXT ·trampolines(SB), NOSPLIT, $0-32
	MOVD $·countHit(SB), R0
	MOVD R0, count+0(FP)
	MOVD $·noteHit(SB), R0
	MOVD R0, note+8(FP)
	MOVD $·countAndNoteHit(SB), R0
	MOVD R0, both+16(FP)
	MOVD $·fullHit(SB), R0
	MOVD R0, full+24(FP)
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
