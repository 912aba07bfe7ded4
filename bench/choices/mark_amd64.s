#include "textflag.h"

// func takeOfThread(places *place) *place
//
// Slots of threads are looked for from a place that m's address tells. The last one is not let, so that a
// search ends.
TEXT ·takeOfThread(SB), NOSPLIT, $0-16
	MOVQ 48(R14), AX // m of g
	LEAQ ·threads(SB), BX
	MOVQ AX, DX
	SHRQ $8, DX
	ANDL $31, DX
probe:
	MOVQ (BX)(DX*8), CX
	CMPQ CX, AX
	JNE  other
	MOVQ places+0(FP), CX
	SHLQ $7, DX
	ADDQ DX, CX
	CMPQ 24(CX), $0 // mark
	JNE  none
	MOVQ $1, 24(CX)
	MOVQ CX, ret+8(FP)
	RET
other:
	TESTQ CX, CX
	JEQ  claim
	INCL DX
	CMPL DX, $63
	JEQ  none
	JMP  probe
claim:
	MOVQ AX, SI
	XORL AX, AX
	LOCK
	CMPXCHGQ SI, (BX)(DX*8)
	MOVQ SI, AX
	JMP  probe
none:
	MOVQ $0, ret+8(FP)
	RET
