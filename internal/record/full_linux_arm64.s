#include "textflag.h"
#include "block.h"
#include "tramp_arm64.h"

// The trampoline of events with values and stacks. It saves everything first, flags too, and then is
// ordinary code.
//
// It makes the room for that itself, below the veneer's. For tracebacks, which a profiler's signal may
// begin at any instruction, it still is a leaf whose caller is the veneer, which they don't know, and
// they end: the assembler doesn't count a store that moves RSP, and R30 stays as it is. Should it count
// them one day, R30 is at RSP too, where the frame's return address would be looked for.
//
// The stack is large enough: this and the veneer's 80 bytes are 320. Behind its check of the stack's
// bound a function has 800 left, and a leaf without a check takes less than 128 of them (StackNosplitBase and
// StackSmall in internal/abi). Signals have a stack of their own.
#define FULL 240

// At RSP are R30, the flags, R0 to R15, and R19 to R29; above, what the veneer saved. SetWants knows these
// offsets too.
#define SAVED_FLAGS 8
#define SAVED_R0 16
#define SAVED_R19 144
#define SITE_R30 (FULL+16)
#define SITE_SP (FULL+80) // distance to the stack pointer at the site

#define SAVE_ALL \
	MOVD.W R30, -FULL(RSP)                 \
	STP (R0, R1), (SAVED_R0+0*8)(RSP)      \
	STP (R2, R3), (SAVED_R0+2*8)(RSP)      \
	STP (R4, R5), (SAVED_R0+4*8)(RSP)      \
	STP (R6, R7), (SAVED_R0+6*8)(RSP)      \
	STP (R8, R9), (SAVED_R0+8*8)(RSP)      \
	STP (R10, R11), (SAVED_R0+10*8)(RSP)   \
	STP (R12, R13), (SAVED_R0+12*8)(RSP)   \
	STP (R14, R15), (SAVED_R0+14*8)(RSP)   \
	STP (R19, R20), (SAVED_R19+0*8)(RSP)   \
	STP (R21, R22), (SAVED_R19+2*8)(RSP)   \
	STP (R23, R24), (SAVED_R19+4*8)(RSP)   \
	STP (R25, R26), (SAVED_R19+6*8)(RSP)   \
	STP (R27, g), (SAVED_R19+8*8)(RSP)     \
	MOVD R29, (SAVED_R19+10*8)(RSP)        \
	MRS NZCV, R0                           \
	MOVD R0, SAVED_FLAGS(RSP)

// RESTORE_USED restores what is used here. R27 is the assembler's.
#define RESTORE_USED \
	MOVD SAVED_FLAGS(RSP), R0              \
	MSR R0, NZCV                           \
	LDP (SAVED_R0+0*8)(RSP), (R0, R1)      \
	LDP (SAVED_R0+2*8)(RSP), (R2, R3)      \
	LDP (SAVED_R0+4*8)(RSP), (R4, R5)      \
	LDP (SAVED_R0+6*8)(RSP), (R6, R7)      \
	LDP (SAVED_R0+8*8)(RSP), (R8, R9)      \
	LDP (SAVED_R0+10*8)(RSP), (R10, R11)   \
	LDP (SAVED_R0+12*8)(RSP), (R12, R13)   \
	MOVD (SAVED_R19+8*8)(RSP), R27         \
	MOVD.P FULL(RSP), R30

// func fullHit()
//
// It counts, and notes an event with the values that the site's want names and, unless stackDepth is 0, callers.
TEXT ·fullHit(SB), NOSPLIT|NOFRAME, $0-0
	SAVE_ALL
	FIND(probe, claim, claimed, take, lost, uncount, found, over)
	COUNT

	// Room for the longest event that there may be: slots of 4 words, the first of them the event's own.
	// NOTE says what limit and head pair with.
	MOVD ·wants(SB), R4
	ADD R17<<1, R4, R4
	MOVD (R4), R4
	MOVD $0, R5
	MOVD ·stackDepth(SB), R6
	CBZ R4, none
	MOVHU W_CALLERS(R4), R0
	CBNZ R0, callersToo
	MOVD $0, R6
callersToo:
	MOVD ·noteValues(SB), R0
	CBZ R0, none
	MOVHU W_VALUES(R4), R5
none:
	ADD R5, R6, R7
	ADD $7, R7, R7
	LSR $2, R7, R7
	MOVD H_HEAD(R2), R8
	ADD $H_LIMIT, R2, R0
	LDAR (R0), R0
	SUB R8, R0, R0
	CMP R7, R0
	BHS room
	MOVD H_DROPPED(R2), R0
	ADD $1, R0, R0
	MOVD R0, H_DROPPED(R2)
	B done
room:
	AND $(RING_EVENTS-1), R8, R10
	ADD R10<<5, R2, R10
	ADD $RING, R10, R10 // the event
	MRS CNTVCT_EL0, R0
	MOVD R0, 0(R10)
	MOVD H_GOID(R2), R0
	MOVD (g)(R0), R0
	MOVD R0, 8(R10)
	MOVW R17, 16(R10)
	MOVD $0xFFFF, R0 // the CPU is not known
	MOVH R0, 20(R10)
	MOVB R5, 22(R10)
	MOVD G_STACKHI(g), R13
	ADD $FULL, RSP, R0 // as the other trampolines have it
	SUB R0, R13, R0
	MOVW R0, 24(R10)
	SUB R29, R13, R0
	MOVW R0, 28(R10)

	// Values.
	ADD $32, R10, R11
	SUB $8, R13, R7 // the last word of the stack
	MOVD RSP, R9
	ADD $W_AT, R4, R12
	CBZ R5, values
value:
	MOVW.P 4(R12), R0
	ADD R9, R0, R0
	MOVD $0, R1
	CMP R7, R0
	BHI outside // of the stack: whoever wrote the table was wrong
	CMP R9, R0
	BLO outside
	MOVD (R0), R1
outside:
	MOVD.P R1, 8(R11)
	SUB $1, R5, R5
	CBNZ R5, value
values:

	// Callers. At a frame pointer is that of the frame above, and in the word behind it the return address. Nothing
	// but the goroutine's stack between the site's frame and its end is read.
	MOVD R11, R12
	SUB $16, R13, R13
	ADD $(SITE_SP-8), RSP, R9
	MOVD R29, R0
	CBZ R6, callers
	CBZ R4, frames
	MOVW W_FRAME(R4), R1
	CBZ R1, frames
	TBNZ $63, R1, frameless
	CMP R9, R0
	BEQ frames // the first frame pointer leads there
	MOVD 8(R9), R1
	B first
frameless:
	MOVD SITE_R30(RSP), R1
first:
	MOVD.P R1, 8(R11)
	SUB $1, R6, R6
frames:
	CBZ R6, callers
	CMP R9, R0
	BLO callers
	CMP R13, R0
	BHI callers
	TST $7, R0
	BNE callers
	LDP (R0), (R3, R1)
	CBZ R1, callers
	MOVD.P R1, 8(R11)
	SUB $1, R6, R6
	CMP R0, R3
	BLS callers
	MOVD R3, R0
	B frames
callers:
	SUB R12, R11, R0
	LSR $3, R0, R0
	MOVB R0, 23(R10)

	// As many slots as were used.
	SUB R10, R11, R11
	ADD $31, R11, R11
	LSR $5, R11, R11
	ADD R11, R8, R8
	ADD $H_HEAD, R2, R0
	STLR R8, (R0) // publishes the event
done:
	RESTORE_USED
	RET
over:
	OVER_COUNT(again)
	OVER_NOTE(more)
	B done
