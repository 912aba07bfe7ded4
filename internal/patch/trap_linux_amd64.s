#include "textflag.h"

// Offsets in the kernel's ucontext_t and siginfo_t for x86-64.
#define UC_RSP 160
#define UC_RIP 168
#define SI_CODE 8

#define SIGTRAP 5
#define SYS_rt_sigaction 13
#define SYS_rt_sigreturn 15
#define SYS_getpid 39
#define SYS_gettid 186
#define SYS_tgkill 234

// A struct sigaction that says SIG_DFL.
DATA sigDfl<>+0(SB)/8, $0
GLOBL sigDfl<>(SB), RODATA|NOPTR, $32

// trapHandler is the SIGTRAP handler, called by the kernel with the C calling
// convention: DI signal, SI *siginfo, DX *ucontext. It knows nothing of Go: there may be
// no g, and the stack may be anybody's. See the protocol in doc.go.
TEXT ·trapHandler(SB), NOSPLIT|NOFRAME, $0-0
	MOVL SI_CODE(SI), AX
	CMPL AX, $0
	JLE  chain                // sent by kill: not an instruction's
	MOVQ UC_RIP(DX), R8
	DECQ R8                   // the address of the INT3, if it was one
	MOVQ ·trapTable(SB), R9
	TESTQ R9, R9
	JZ   laid
	MOVQ 0(R9), R10           // mask
	MOVQ R8, R11
	MOVQ $0x9E3779B97F4A7C15, AX
	IMULQ AX, R11
	SHRQ $32, R11
probe:
	ANDQ R10, R11
	MOVQ R11, AX
	SHLQ $5, AX               // 32 bytes an entry
	LEAQ 32(R9)(AX*1), AX
	MOVQ 0(AX), CX
	CMPQ CX, R8
	JEQ  found
	INCQ R11
	TESTQ CX, CX
	JNZ  probe
laid:
	MOVQ ·trapLaid(SB), R9
	TESTQ R9, R9
	JZ   chain
	MOVQ R8, R11
	SUBQ 0(R9), R11           // text
	CMPQ R11, 8(R9)           // size
	JCC  chain
	SHRQ $2, R11
	MOVQ 16(R9), R10          // sites
	MOVBLZX (R10)(R11*1), R11
	MOVL R11, CX
	ANDL $7, CX
	MOVL R8, AX
	ANDL $3, AX
	ORL  $4, AX
	CMPL AX, CX
	JNE  chain
	CMPB (R8), $0xCC
	JNE  again
	SHRL $3, R11
	JZ   behind
	MOVQ 24(R9)(R11*8), CX    // calls
	JMP  call
behind:
	ADDQ $7, R8               // laidLen
	MOVQ R8, UC_RIP(DX)
	RET
chain:
	MOVQ ·chained(SB), R11
	CMPQ R11, $1
	JLS  nobody
	JMP  R11
nobody:
	JNE  default
	CMPL SI_CODE(SI), $0
	JLE  done                 // sent, and ignored
default:
	// What the kernel does without a handler: end the process. The signal is
	// blocked until this returns.
	MOVL $SYS_rt_sigaction, AX
	MOVL $SIGTRAP, DI
	LEAQ sigDfl<>(SB), SI
	XORL DX, DX
	MOVL $8, R10
	SYSCALL
	MOVL $SYS_getpid, AX
	SYSCALL
	MOVQ AX, R12
	MOVL $SYS_gettid, AX
	SYSCALL
	MOVQ R12, DI
	MOVQ AX, SI
	MOVL $SIGTRAP, DX
	MOVL $SYS_tgkill, AX
	SYSCALL
done:
	RET
found:
	CMPB (R8), $0xCC
	JNE  again
	MOVQ 16(AX), CX           // call
	TESTQ CX, CX
	JNZ  call
	MOVQ 8(AX), CX            // resume
	MOVQ CX, UC_RIP(DX)
	RET
again:
	MOVQ R8, UC_RIP(DX)
	RET
call:
	// As CALL at the site would have done. Go code has no red zone.
	MOVQ UC_RSP(DX), R10
	SUBQ $8, R10
	ADDQ $6, R8               // lenCall
	MOVQ R8, (R10)
	MOVQ R10, UC_RSP(DX)
	MOVQ CX, UC_RIP(DX)
	RET

// trapReturn is where trapHandler returns to where there is no handler of Go's, and
// so no code of Go's for it.
TEXT trapReturn<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVL $SYS_rt_sigreturn, AX
	SYSCALL
	INT $3

// func trapReturnPC() uintptr
TEXT ·trapReturnPC(SB), NOSPLIT, $0-8
	LEAQ trapReturn<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func trapPC() uintptr
TEXT ·trapPC(SB), NOSPLIT, $0-8
	LEAQ ·trapHandler(SB), AX
	MOVQ AX, ret+0(FP)
	RET
