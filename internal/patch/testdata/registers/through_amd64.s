#include "textflag.h"

// A register file in memory: the general registers in the order of below, then
// flags, then X0 to X14. See main.go.
#define FLAGS 112
#define XMM 128
#define SIZE 368

// LOAD fills all registers from the file at DI: none but SP and g (R14) is spared.
#define LOAD \
	MOVOU (XMM+16*0)(DI), X0 \
	MOVOU (XMM+16*1)(DI), X1 \
	MOVOU (XMM+16*2)(DI), X2 \
	MOVOU (XMM+16*3)(DI), X3 \
	MOVOU (XMM+16*4)(DI), X4 \
	MOVOU (XMM+16*5)(DI), X5 \
	MOVOU (XMM+16*6)(DI), X6 \
	MOVOU (XMM+16*7)(DI), X7 \
	MOVOU (XMM+16*8)(DI), X8 \
	MOVOU (XMM+16*9)(DI), X9 \
	MOVOU (XMM+16*10)(DI), X10 \
	MOVOU (XMM+16*11)(DI), X11 \
	MOVOU (XMM+16*12)(DI), X12 \
	MOVOU (XMM+16*13)(DI), X13 \
	MOVOU (XMM+16*14)(DI), X14 \
	PUSHQ FLAGS(DI) \
	POPFQ \
	MOVQ (8*0)(DI), AX \
	MOVQ (8*1)(DI), BX \
	MOVQ (8*2)(DI), CX \
	MOVQ (8*3)(DI), DX \
	MOVQ (8*4)(DI), SI \
	MOVQ (8*6)(DI), R8 \
	MOVQ (8*7)(DI), R9 \
	MOVQ (8*8)(DI), R10 \
	MOVQ (8*9)(DI), R11 \
	MOVQ (8*10)(DI), R12 \
	MOVQ (8*11)(DI), R13 \
	MOVQ (8*12)(DI), R15 \
	MOVQ (8*13)(DI), BP \
	MOVQ (8*5)(DI), DI

// DUMP writes all registers to the frame.
#define DUMP \
	MOVQ AX, (8*0)(SP) \
	MOVQ BX, (8*1)(SP) \
	MOVQ CX, (8*2)(SP) \
	MOVQ DX, (8*3)(SP) \
	MOVQ SI, (8*4)(SP) \
	MOVQ DI, (8*5)(SP) \
	MOVQ R8, (8*6)(SP) \
	MOVQ R9, (8*7)(SP) \
	MOVQ R10, (8*8)(SP) \
	MOVQ R11, (8*9)(SP) \
	MOVQ R12, (8*10)(SP) \
	MOVQ R13, (8*11)(SP) \
	MOVQ R15, (8*12)(SP) \
	MOVQ BP, (8*13)(SP) \
	MOVOU X0, (XMM+16*0)(SP) \
	MOVOU X1, (XMM+16*1)(SP) \
	MOVOU X2, (XMM+16*2)(SP) \
	MOVOU X3, (XMM+16*3)(SP) \
	MOVOU X4, (XMM+16*4)(SP) \
	MOVOU X5, (XMM+16*5)(SP) \
	MOVOU X6, (XMM+16*6)(SP) \
	MOVOU X7, (XMM+16*7)(SP) \
	MOVOU X8, (XMM+16*8)(SP) \
	MOVOU X9, (XMM+16*9)(SP) \
	MOVOU X10, (XMM+16*10)(SP) \
	MOVOU X11, (XMM+16*11)(SP) \
	MOVOU X12, (XMM+16*12)(SP) \
	MOVOU X13, (XMM+16*13)(SP) \
	MOVOU X14, (XMM+16*14)(SP) \
	PUSHFQ \
	POPQ AX \
	MOVQ AX, FLAGS(SP)

// COPY copies the frame to out.
#define COPY \
	MOVQ out+8(FP), DI \
	MOVQ SP, SI \
	MOVQ $(SIZE/8), CX \
	CLD \
	REP \
	MOVSQ

// func throughAX(in, out *file)
TEXT ·throughAX(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyAX(SB), AX
	MOVQ $1, AX
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughBX(in, out *file)
TEXT ·throughBX(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyBX(SB), BX
	MOVQ $1, BX
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughCX(in, out *file)
TEXT ·throughCX(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyCX(SB), CX
	MOVQ $1, CX
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughDX(in, out *file)
TEXT ·throughDX(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyDX(SB), DX
	MOVQ $1, DX
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughSI(in, out *file)
TEXT ·throughSI(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keySI(SB), SI
	MOVQ $1, SI
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughDI(in, out *file)
TEXT ·throughDI(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyDI(SB), DI
	MOVQ $1, DI
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughR8(in, out *file)
TEXT ·throughR8(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyR8(SB), R8
	MOVQ $1, R8
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughR9(in, out *file)
TEXT ·throughR9(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyR9(SB), R9
	MOVQ $1, R9
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughR10(in, out *file)
TEXT ·throughR10(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyR10(SB), R10
	MOVQ $1, R10
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughR11(in, out *file)
TEXT ·throughR11(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyR11(SB), R11
	MOVQ $1, R11
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughR12(in, out *file)
TEXT ·throughR12(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyR12(SB), R12
	MOVQ $1, R12
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughR13(in, out *file)
TEXT ·throughR13(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyR13(SB), R13
	MOVQ $1, R13
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughR15(in, out *file)
TEXT ·throughR15(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyR15(SB), R15
	MOVQ $1, R15
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET

// func throughBP(in, out *file)
TEXT ·throughBP(SB), NOSPLIT, $376-16
	MOVQ BP, 368(SP)
	MOVQ in+0(FP), DI
	LOAD
	MOVQ ·keyBP(SB), BP
	MOVQ $1, BP
	DUMP
	COPY
	MOVQ 368(SP), BP
	RET
