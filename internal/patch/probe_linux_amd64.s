#include "textflag.h"

// probe<> is a function to try patching on.
TEXT probe<>(SB), NOSPLIT|NOFRAME, $0-0
	BYTE $0xB8; LONG $0 // MOVL $0, AX: the byte behind the opcode is changed
	RET

// func probePC() uintptr
TEXT ·probePC(SB), NOSPLIT, $0-8
	LEAQ probe<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func callProbe() uint64
TEXT ·callProbe(SB), NOSPLIT, $8-8
	CALL probe<>(SB)
	MOVL AX, AX
	MOVQ AX, ret+0(FP)
	RET
