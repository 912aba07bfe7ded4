#include "textflag.h"
#include "block.h"

// FIND leaves the calling thread's block in BX. It uses AX, CX, DX and changes no
// flags. It jumps to label over when there is no block for it. The stack
// holds the four registers, and above them the return address.
#define FIND(probe, claim, claimed, found, over) \
	MOVQ G_M(R14), AX             \
	LEAQ ·slots(SB), BX           \
	MOVBLZX AH, DX                \
probe:                            \
	MOVQ (BX)(DX*8), CX           \
	LEAQ (AX)(CX*1), CX           \ // m - owner
	JCXZQ found                   \
	MOVQ (BX)(DX*8), CX           \
	JCXZQ claim                   \
	LEAQ 1(DX), DX                \
	MOVBLZX DL, DX                \
	JMP probe                     \
claim:                            \
	PUSHFQ                        \
	MOVL $1, CX                   \
	LOCK                          \
	XADDQ CX, ·claims(SB)         \ // never more than 240, so a probe ends
	CMPQ CX, $240                 \
	JGE over                      \
	MOVQ AX, CX                   \
	NEGQ CX                       \
	XORL AX, AX                   \
	LOCK                          \
	CMPXCHGQ CX, (BX)(DX*8)       \
	JEQ claimed                   \
	LOCK                          \
	DECQ ·claims(SB)              \ // another thread was faster
claimed:                          \
	MOVQ CX, AX                   \
	NEGQ AX                       \
	POPFQ                         \
	JMP probe                     \
found:                            \
	MOVQ BLOCKS(BX)(DX*8), BX

#define SAVE \
	PUSHQ AX \
	PUSHQ BX \
	PUSHQ CX \
	PUSHQ DX

#define RESTORE \
	POPQ DX \
	POPQ CX \
	POPQ BX \
	POPQ AX

// The return address, behind four registers.
#define RET_ADDR 32(SP)

// COUNT adds one to the site's counter in the block BX.
#define COUNT \
	MOVQ RET_ADDR, CX          \
	MOVQ H_COUNTERS(BX), AX    \
	MOVQ (AX)(CX*2), DX        \
	LEAQ 1(DX), DX             \
	MOVQ DX, (AX)(CX*2)

// Where a thread runs: RDPID DX, on CPUs that have it.
#define WITH_CPU    BYTE $0xF3; BYTE $0x0F; BYTE $0xC7; BYTE $0xFA
#define WITHOUT_CPU MOVL $0xFFFF, DX

// NOTE writes an event: time stamp counter, goroutine, return address, CPU, depths of the stack.
#define NOTE(full, done, next, wrap, cpu) \
	MOVQ H_HEAD(BX), CX        \
	MOVQ H_LIMIT(BX), AX       \
	NOTQ CX                    \
	LEAQ 1(AX)(CX*1), CX       \ // limit - head
	JCXZQ full                 \
	MOVQ H_NEXT(BX), CX        \
	RDTSC                      \
	MOVL AX, 0(CX)             \
	MOVL DX, 4(CX)             \
	MOVQ H_GOID(BX), DX        \
	MOVQ (R14)(DX*1), AX       \
	MOVQ AX, 8(CX)             \
	MOVQ RET_ADDR, AX          \
	MOVL AX, 16(CX)            \
	cpu                        \
	MOVW DX, 20(CX)            \
	MOVW $0, 22(CX)            \
	MOVQ G_STACKHI(R14), AX    \
	MOVQ SP, DX                \
	NOTQ DX                    \
	LEAQ 1(AX)(DX*1), DX       \ // hi - SP
	MOVL DX, 24(CX)            \
	MOVQ BP, DX                \
	NOTQ DX                    \
	LEAQ 1(AX)(DX*1), DX       \ // hi - BP
	MOVL DX, 28(CX)            \
	LEAQ 32(CX), DX            \
	MOVQ H_MINUSEND(BX), AX    \
	LEAQ (AX)(DX*1), CX        \
	JCXZQ wrap                 \
next:                          \
	MOVQ DX, H_NEXT(BX)        \
	MOVQ H_HEAD(BX), AX        \
	LEAQ 1(AX), AX             \
	MOVQ AX, H_HEAD(BX)        \ // publishes the event
	JMP done                   \
wrap:                          \
	LEAQ RING(BX), DX          \
	JMP next                   \
full:                          \
	MOVQ H_DROPPED(BX), CX     \
	LEAQ 1(CX), CX             \
	MOVQ CX, H_DROPPED(BX)     \
done:

// DEPTH is never executed. It tells the assembler, which counts pushes line by
// line to describe the stack to tracebacks, that five are on it at over.
#define DEPTH \
	SAVE \
	PUSHFQ

#define UNCLAIM \
	LOCK \
	DECQ ·claims(SB)

// The paths for threads without a block: flags are on top of the stack, so the
// return address is 8 higher.
#define OVER_COUNT \
	MOVQ 40(SP), CX            \
	MOVQ ·shared(SB), BX       \
	MOVQ H_COUNTERS(BX), AX    \
	LEAQ (AX)(CX*2), AX        \
	LOCK                       \
	INCQ (AX)

#define OVER_NOTE \
	MOVQ ·shared(SB), BX       \
	LOCK                       \
	INCQ H_DROPPED(BX)

// func countHit()
TEXT ·countHit(SB), NOSPLIT|NOFRAME, $0-0
	SAVE
	FIND(probe, claim, claimed, found, over)
	COUNT
	RESTORE
	RET
	DEPTH
over:
	UNCLAIM
	OVER_COUNT
	POPFQ
	RESTORE
	RET

#define NOTE_HIT(cpu) \
	SAVE \
	FIND(probe, claim, claimed, found, over) \
	NOTE(full, done, next, wrap, cpu) \
	RESTORE \
	RET \
	DEPTH \
over: \
	UNCLAIM \
	OVER_NOTE \
	POPFQ \
	RESTORE \
	RET

// func noteHit()
TEXT ·noteHit(SB), NOSPLIT|NOFRAME, $0-0
	NOTE_HIT(WITHOUT_CPU)

// func noteHitCPU()
TEXT ·noteHitCPU(SB), NOSPLIT|NOFRAME, $0-0
	NOTE_HIT(WITH_CPU)

#define COUNT_AND_NOTE_HIT(cpu) \
	SAVE \
	FIND(probe, claim, claimed, found, over) \
	COUNT \
	NOTE(full, done, next, wrap, cpu) \
	RESTORE \
	RET \
	DEPTH \
over: \
	UNCLAIM \
	OVER_COUNT \
	OVER_NOTE \
	POPFQ \
	RESTORE \
	RET

// func countAndNoteHit()
TEXT ·countAndNoteHit(SB), NOSPLIT|NOFRAME, $0-0
	COUNT_AND_NOTE_HIT(WITHOUT_CPU)

// func countAndNoteHitCPU()
TEXT ·countAndNoteHitCPU(SB), NOSPLIT|NOFRAME, $0-0
	COUNT_AND_NOTE_HIT(WITH_CPU)

// func getg() uintptr
TEXT ·getg(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET

// func Ticks() uint64
TEXT ·Ticks(SB), NOSPLIT, $0-8
	RDTSC
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, ret+0(FP)
	RET
