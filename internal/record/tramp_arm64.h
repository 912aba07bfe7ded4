// What the trampolines of arm64 have in common. In all of them R17 is the site's address.

// ADD_ATOMICALLY adds n to the word at addr. It uses R0 and R3.
#define ADD_ATOMICALLY(n, addr, again) \
again:                  \
	LDAXR (addr), R0    \
	ADD n, R0, R0       \
	STLXR R0, (addr), R3 \
	CBNZ R3, again

// FIND leaves the calling thread's block in R2. It uses R0, R1, R3 and R16, and jumps to
// label over when there is no block for it.
#define FIND(probe, claim, count, take, lost, uncount, found, over) \
	MOVD G_M(g), R0       \
	MOVD $·slots(SB), R2  \
	UBFX $8, R0, $8, R1   \
probe:                    \
	MOVD (R2)(R1<<3), R3  \
	SUB R0, R3, R16       \
	CBZ R16, found        \
	CBZ R3, claim         \
	ADD $1, R1, R1        \
	AND $255, R1, R1      \
	B probe               \
claim:                    \
	MOVD $·claims(SB), R16 \
count:                    \
	LDAXR (R16), R0       \
	SUB $240, R0, R3      \ // never more than 240, so a probe ends
	TBZ $63, R3, over     \
	ADD $1, R0, R0        \
	STLXR R0, (R16), R3   \
	CBNZ R3, count        \
	MOVD G_M(g), R0       \
	ADD R1<<3, R2, R16    \
take:                     \
	LDAXR (R16), R3       \
	CBNZ R3, lost         \
	STLXR R0, (R16), R3   \
	CBNZ R3, take         \
	B probe               \
lost:                     \ // another thread was faster
	MOVD $·claims(SB), R16 \
	ADD_ATOMICALLY($-1, R16, uncount) \
	MOVD G_M(g), R0       \
	B probe               \
found:                    \
	ADD $BLOCKS, R2, R2   \
	MOVD (R2)(R1<<3), R2

// COUNT adds one to the site's counter in the block R2.
#define COUNT \
	MOVD H_COUNTERS(R2), R0 \
	ADD R17<<1, R0, R0    \
	MOVD (R0), R1         \
	ADD $1, R1, R1        \
	MOVD R1, (R0)

// The paths for threads without a block.
#define OVER_COUNT(again) \
	MOVD ·shared(SB), R2  \
	MOVD H_COUNTERS(R2), R16 \
	ADD R17<<1, R16, R16  \
	ADD_ATOMICALLY($1, R16, again)

#define OVER_NOTE(again) \
	MOVD ·shared(SB), R2  \
	ADD $H_DROPPED, R2, R16 \
	ADD_ATOMICALLY($1, R16, again)
