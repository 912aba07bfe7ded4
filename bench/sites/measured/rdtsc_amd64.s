#include "textflag.h"

// func rdtscs(n int)
TEXT ·rdtscs(SB), NOSPLIT, $0-8
	MOVQ n+0(FP), CX
loop:
	RDTSC
	DECQ CX
	JGT  loop
	RET
