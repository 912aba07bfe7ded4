#include "textflag.h"

// What may stand at a dormant site, in the surroundings that Go's compiler makes: an inlined call
// leaves a NOP of one byte in front, and a body that follows is jumped over. Bytes, where the assembler would choose its own.

#define MARK BYTE $0x90
#define NOP4 BYTE $0x0F; BYTE $0x1F; BYTE $0x40; BYTE $0x00
#define CMPAL BYTE $0x80; BYTE $0xF8; BYTE $0x00
#define TESTAL BYTE $0xA8; BYTE $0x00
#define REXNOP5 BYTE $0x48; BYTE $0x0F; BYTE $0x1F; BYTE $0x44; BYTE $0x00; BYTE $0x00
#define CMPAL4 BYTE $0x40; CMPAL // with a prefix in the mark's place
#define NOP4D BYTE $0x66; BYTE $0x0F; BYTE $0x1F; BYTE $0x00 // with the ModRM byte that leaves the jump behind it a jump
#define NOP6 BYTE $0x66; BYTE $0x0F; BYTE $0x1F; BYTE $0x44; BYTE $0xEB; BYTE $0x00 // and with one that swallows it
#define JMPBODY BYTE $0xEB; BYTE $0x10 // over BODY
#define JEBODY BYTE $0x74; BYTE $0x10
#define JMPAWAY BYTE $0xEB; BYTE $0x17 // from the head of a site over its rest, and BODY
#define BODY QUAD $0; QUAD $0 // never executed: a call, and what it takes

#define FLAG_NEXT MARK; CMPB ·formFlag(SB), $0; JEBODY; BODY
#define NOPS_NEXT MARK; CMPAL; NOP4; JMPBODY; BODY
#define JUMP_NEXT MARK; JMPAWAY; NOP4; MARK; TESTAL; BODY
#define FLAG_AWAY MARK; CMPB ·formFlag(SB), $0; BYTE $0x75; BYTE $0x00
#define NOPS_AWAY MARK; CMPAL; NOP4; TESTAL
#define SWALLOW_AWAY MARK; CMPAL; NOP6
#define PREFIX_AWAY CMPAL4; NOP6
#define PREFIX_NEXT CMPAL4; NOP4D; JMPBODY; BODY
#define EARLY_NEXT CMPAL4; BYTE $0xEB; BYTE $0x14; BYTE $0xEB; BYTE $0x02; JEBODY; BODY // the branch is as compiled, and never executed
#define LONGJUMP_NEXT CMPAL4; NOP4D; BYTE $0xE9; LONG $17; MARK; BODY
#define LONGPREFIX_NEXT CMPAL4; NOP4D; BYTE $0x0F; BYTE $0x81; LONG $16; BODY // JNO
#define LONGNOPS_AWAY CMPAL4; BYTE $0x66; BYTE $0x0F; BYTE $0x1F; BYTE $0x84; BYTE $0xA9; LONG $0; MARK
#define LONGPREFIX_AWAY CMPAL4; NOP4D; BYTE $0x0F; BYTE $0x80; LONG $0 // JO
#define LOAD_BARE MARK; MOVQ ·formWord(SB), DX
#define NOPS_BARE MARK; REXNOP5; BYTE $0x90
#define LEA_BARE MARK; LEAQ ·formWord(SB), DX
#define LEA_BP_BARE MARK; BYTE $0x48; BYTE $0x8D; BYTE $0x95; LONG $0x90000000 // LEAQ n(BP), DX
#define PREFIX_BARE BYTE $0x40; BYTE $0x48; BYTE $0x8D; BYTE $0x95; LONG $0x90000000
#define NOTHING

// Where a loop happens to lie makes as much of a difference as its form, so each is at eight places of a cache line, and takes its turn at each.
#define NOP9 BYTE $0x66; BYTE $0x0F; BYTE $0x1F; BYTE $0x84; BYTE $0x00; LONG $0
#define PLACE(label, fill, site) \
	MOVQ AX, CX; \
	PCALIGN $64; \
	fill; \
label: \
	site; site; site; site; site; site; site; site; \
	SUBQ $8, CX; \
	JGT label

#define LOOP(name, site) \
TEXT name(SB), NOSPLIT, $0-8 \
	MOVQ n+0(FP), AX; \
	SHRQ $3, AX; \
	PLACE(at0, NOTHING, site); \
	PLACE(at9, NOP9, site); \
	PLACE(at18, NOP9; NOP9, site); \
	PLACE(at27, NOP9; NOP9; NOP9, site); \
	PLACE(at36, NOP9; NOP9; NOP9; NOP9, site); \
	PLACE(at45, NOP9; NOP9; NOP9; NOP9; NOP9, site); \
	PLACE(at54, NOP9; NOP9; NOP9; NOP9; NOP9; NOP9, site); \
	PLACE(at63, NOP9; NOP9; NOP9; NOP9; NOP9; NOP9; NOP9, site); \
	RET

LOOP(·formNothing, NOTHING)
LOOP(·formFlagNext, FLAG_NEXT)
LOOP(·formNopsNext, NOPS_NEXT)
LOOP(·formPrefixNext, PREFIX_NEXT)
LOOP(·formEarlyNext, EARLY_NEXT)
LOOP(·formJumpNext, JUMP_NEXT)
LOOP(·formFlagAway, FLAG_AWAY)
LOOP(·formNopsAway, NOPS_AWAY)
LOOP(·formSwallowAway, SWALLOW_AWAY)
LOOP(·formPrefixAway, PREFIX_AWAY)
LOOP(·formLongJumpNext, LONGJUMP_NEXT)
LOOP(·formLongPrefixNext, LONGPREFIX_NEXT)
LOOP(·formLongNopsAway, LONGNOPS_AWAY)
LOOP(·formLongPrefixAway, LONGPREFIX_AWAY)
LOOP(·formLoadBare, LOAD_BARE)
LOOP(·formNopsBare, NOPS_BARE)
LOOP(·formLeaBare, LEA_BARE)
LOOP(·formLeaBPBare, LEA_BP_BARE)
LOOP(·formPrefixBare, PREFIX_BARE)
