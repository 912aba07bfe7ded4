#include "textflag.h"

// probe<> is a function to try patching on.
TEXT probe<>(SB), NOSPLIT|NOFRAME, $0-0
	WORD $0xD2800000 // MOVZ $0, R0: a bit of the immediate is changed
	RET

// func probePC() uintptr
TEXT ·probePC(SB), NOSPLIT, $0-8
	MOVD $probe<>(SB), R0
	MOVD R0, ret+0(FP)
	RET

// func callProbe() uint64
TEXT ·callProbe(SB), NOSPLIT, $8-8
	CALL probe<>(SB)
	MOVD R0, ret+0(FP)
	RET
