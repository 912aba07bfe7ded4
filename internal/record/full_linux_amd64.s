#include "textflag.h"
#include "block.h"

// The trampolines of events with values and stacks. They save everything first, flags too, and then are
// ordinary code. They use 16 words of stack, and the return address.

// All registers, so that the register with number i is at 8*i(SP). SP's place has the flags, those that arithmetic
// changes: by LAHF and SETO, which take a tenth of what PUSHFQ and POPFQ do. Above them is the return address.
#define FLAGS 32(SP)
#define SAVE_ALL \
	PUSHQ R15 \
	PUSHQ R14 \
	PUSHQ R13 \
	PUSHQ R12 \
	PUSHQ R11 \
	PUSHQ R10 \
	PUSHQ R9 \
	PUSHQ R8 \
	PUSHQ DI \
	PUSHQ SI \
	PUSHQ BP \
	PUSHQ BP \
	PUSHQ BX \
	PUSHQ DX \
	PUSHQ CX \
	PUSHQ AX \
	LAHF      \
	SETOS AL  \
	MOVQ AX, FLAGS

#define RESTORE_ALL \
	MOVQ FLAGS, AX \
	ADDB $127, AL  \ // overflows if it is 1
	SAHF           \
	POPQ AX \
	POPQ CX \
	POPQ DX \
	POPQ BX \
	POPQ BP \
	POPQ BP \
	POPQ SI \
	POPQ DI \
	POPQ R8 \
	POPQ R9 \
	POPQ R10 \
	POPQ R11 \
	POPQ R12 \
	POPQ R13 \
	POPQ R14 \
	POPQ R15

#define RET_AT 128 // of the return address; 8 more is SP at the site

// func fullHit()
//
// It counts, and notes an event with the values that the site's want names and, unless stackDepth is 0, callers.
TEXT ·fullHit(SB), NOSPLIT|NOFRAME, $0-0
	SAVE_ALL

	// The thread's block, to BX: see FIND.
	MOVQ G_M(R14), AX
	LEAQ ·slots(SB), BX
	MOVBLZX AH, DX
	MOVQ AX, CX
	NEGQ CX
probe:
	MOVQ (BX)(DX*8), R8
	CMPQ R8, CX
	JEQ found
	TESTQ R8, R8
	JEQ claim
	INCL DX
	MOVBLZX DL, DX
	JMP probe
claim:
	MOVL $1, R8
	LOCK
	XADDQ R8, ·claims(SB) // never more than 240, so a probe ends
	CMPQ R8, $240
	JGE over
	XORL AX, AX
	LOCK
	CMPXCHGQ CX, (BX)(DX*8)
	JEQ probe
	LOCK
	DECQ ·claims(SB)
	JMP probe
over:
	LOCK
	DECQ ·claims(SB)
	MOVQ ·shared(SB), BX
	MOVQ RET_AT(SP), CX
	MOVQ H_COUNTERS(BX), AX
	LOCK
	INCQ (AX)(CX*2)
	LOCK
	INCQ H_DROPPED(BX)
	JMP done
found:
	MOVQ BLOCKS(BX)(DX*8), BX

	MOVQ RET_AT(SP), SI
	MOVQ H_COUNTERS(BX), AX
	INCQ (AX)(SI*2)

	// Room for the longest event that there may be: slots of 4 words, the first of them the event's own.
	MOVQ ·wants(SB), DI
	MOVQ (DI)(SI*2), DI
	XORL R8, R8
	MOVQ ·stackDepth(SB), R9
	TESTQ DI, DI
	JEQ none
	CMPW W_CALLERS(DI), $0
	JNE callersToo
	XORL R9, R9
callersToo:
	CMPQ ·noteValues(SB), $0
	JEQ none
	MOVWLZX W_VALUES(DI), R8
none:
	LEAQ 7(R8)(R9*1), CX
	SHRQ $2, CX
	MOVQ H_LIMIT(BX), AX
	SUBQ H_HEAD(BX), AX
	CMPQ AX, CX
	JCC room
	INCQ H_DROPPED(BX)
	JMP done
room:
	MOVQ H_NEXT(BX), R10
	RDTSC
	MOVL AX, 0(R10)
	MOVL DX, 4(R10)
	MOVQ H_GOID(BX), DX
	MOVQ (R14)(DX*1), AX
	MOVQ AX, 8(R10)
	MOVL SI, 16(R10)
	MOVL $0xFFFF, DX
	CMPB ·hasRDPID(SB), $0
	JEQ nocpu
	BYTE $0xF3; BYTE $0x0F; BYTE $0xC7; BYTE $0xFA // RDPID DX
nocpu:
	MOVW DX, 20(R10)
	MOVB R8, 22(R10)
	MOVQ G_STACKHI(R14), R13
	MOVQ R13, AX
	LEAQ (RET_AT-32)(SP), DX // as the other trampolines have it: behind four registers
	SUBQ DX, AX
	MOVL AX, 24(R10)
	MOVQ R13, AX
	SUBQ BP, AX
	MOVL AX, 28(R10)

	// Values.
	LEAQ 32(R10), R11
	LEAQ W_AT(DI), SI
	TESTQ R8, R8
	JEQ values
value:
	MOVLQSX (SI), AX
	ADDQ SP, AX
	XORL CX, CX
	LEAQ 8(AX), DX
	CMPQ DX, R13
	JHI outside // of the stack: whoever wrote the table was wrong
	CMPQ AX, SP
	JCS outside
	MOVQ (AX), CX
outside:
	MOVQ CX, (R11)
	ADDQ $8, R11
	ADDQ $4, SI
	DECQ R8
	JNE value
values:

	// Callers, by frame pointers. Nothing but the goroutine's stack between here and its end is read.
	MOVQ R11, R12
	SUBQ $16, R13
	MOVQ BP, DX
	TESTQ R9, R9
	JEQ callers
	TESTQ DI, DI
	JEQ frames
	MOVLQSX W_FRAME(DI), AX
	TESTQ AX, AX
	JLE frames
	LEAQ RET_AT(SP)(AX*1), CX // of the site's function's own return address
	LEAQ -8(CX), AX
	CMPQ AX, BP
	JEQ frames // the first frame pointer leads there
	CMPQ AX, R13
	JHI frames
	CMPQ AX, SP
	JCS frames
	MOVQ (CX), AX
	MOVQ AX, (R11)
	ADDQ $8, R11
	DECQ R9
frames:
	TESTQ R9, R9
	JEQ callers
	CMPQ DX, SP
	JLS callers
	CMPQ DX, R13
	JHI callers
	TESTB $7, DL
	JNE callers
	MOVQ 8(DX), AX
	TESTQ AX, AX
	JEQ callers
	MOVQ AX, (R11)
	ADDQ $8, R11
	DECQ R9
	MOVQ (DX), CX
	CMPQ CX, DX
	JLS callers
	MOVQ CX, DX
	JMP frames
callers:
	MOVQ R11, AX
	SUBQ R12, AX
	SHRQ $3, AX
	MOVB AX, 23(R10)

	// As many slots as were used. What reached over the ring's end counts as if it began it.
	SUBQ R10, R11
	ADDQ $31, R11
	ANDQ $~31, R11
	ADDQ R11, R10
	MOVQ H_MINUSEND(BX), AX
	ADDQ R10, AX
	JCC inside
	SUBQ $RING_BYTES, R10
inside:
	MOVQ R10, H_NEXT(BX)
	SHRQ $5, R11
	ADDQ H_HEAD(BX), R11
	MOVQ R11, H_HEAD(BX) // publishes the event
done:
	RESTORE_ALL
	RET

// func trampolineAddrs() (count, note, both, noteCPU, bothCPU, full uintptr)
TEXT ·trampolineAddrs(SB), NOSPLIT, $0-48
	LEAQ ·countHit(SB), AX
	MOVQ AX, count+0(FP)
	LEAQ ·noteHit(SB), AX
	MOVQ AX, note+8(FP)
	LEAQ ·countAndNoteHit(SB), AX
	MOVQ AX, both+16(FP)
	LEAQ ·noteHitCPU(SB), AX
	MOVQ AX, noteCPU+24(FP)
	LEAQ ·countAndNoteHitCPU(SB), AX
	MOVQ AX, bothCPU+32(FP)
	LEAQ ·fullHit(SB), AX
	MOVQ AX, full+40(FP)
	RET

// func cpuHasRDPID() bool
TEXT ·cpuHasRDPID(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	XORL AX, AX
	XORL CX, CX
	CPUID
	CMPL AX, $7
	JCS no
	MOVL $7, AX
	XORL CX, CX
	CPUID
	BTL $22, CX
	JCC no
	MOVB $1, ret+0(FP)
no:
	RET
