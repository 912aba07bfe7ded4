package amd64

// An attr describes an opcode: bits 0–3 hold its immediate, bit 4 says that a
// ModRM byte follows, bits 5–8 hold its Kind and bits 9–14 its effect on flags;
// bit 15 sends it to bySpecial.
type attr uint16

// Immediates.
const (
	immNone  attr = iota
	imm8          // one byte
	imm16         // two bytes
	immZ          // four bytes, two with 66
	immV          // B8+r: as immZ, eight with REX.W
	imm24         // ENTER: two bytes and one
	immMoffs      // an address: eight bytes, four with 67
	immRel8       // branch displacement, one byte
	immRelZ       // branch displacement, four bytes
	immBad        // not an instruction in 64-bit mode
	immMask  = 0xF
)

func (a attr) kind() Kind { return Kind(a >> kindShift & 15) }

// immSizes are the sizes of immediates where no prefix changes them.
var immSizes = [16]uint8{
	imm8: 1, imm16: 2, immZ: 4, immV: 4, imm24: 3, immMoffs: 4, immRel8: 1, immRelZ: 4,
}

const (
	modrm   attr = 1 << 4
	special attr = 1 << 15

	kindShift   = 5
	effectShift = 9
	effectMask  = 63

	bad = immBad // shorthand for the tables
)

// Shorthand for the tables: what follows the opcode, then the effect on flags.
const (
	none = attr(eNone) << effectShift // flags untouched
	unk  = attr(eUnk) << effectShift
	grp  = attr(byGroup) << effectShift

	rm    = modrm | none
	rmI8  = modrm | imm8 | none
	rmIZ  = modrm | immZ | none
	rmU   = modrm | unk
	rmG   = modrm | grp
	rmG8  = modrm | imm8 | grp
	rmGZ  = modrm | immZ | grp
	i8    = imm8 | none
	i16   = imm16 | none
	iZ    = immZ | none
	iV    = immV | none
	moffs = immMoffs | none

	aE = attr(eArith) << effectShift
	lE = attr(eLogic) << effectShift
	cE = attr(eCarry) << effectShift

	rmA, rmL, rmC = modrm | aE, modrm | lE, modrm | cE
	i8A, i8L, i8C = imm8 | aE, imm8 | lE, imm8 | cE
	iZA, iZL, iZC = immZ | aE, immZ | lE, immZ | cE

	mul  = attr(eMul) << effectShift
	bit  = modrm | attr(eBit)<<effectShift
	cf   = attr(eSetCF) << effectShift
	zf   = modrm | attr(eZF)<<effectShift
	cmc  = attr(eCMC) << effectShift
	sahf = attr(eSahf) << effectShift
	lahf = attr(eLahf) << effectShift

	jcc   = attr(Jcc) << kindShift
	jcc8  = jcc | immRel8
	jccZ  = jcc | immRelZ
	ret   = attr(Ret)<<kindShift | none
	udKin = attr(Undefined)<<kindShift | none
	nop   = attr(Nop)<<kindShift | none

	// The conditions, for Jcc, SETcc and CMOVcc.
	c0 = attr(eCond0+0) << effectShift
	c1 = attr(eCond0+1) << effectShift
	c2 = attr(eCond0+2) << effectShift
	c3 = attr(eCond0+3) << effectShift
	c4 = attr(eCond0+4) << effectShift
	c5 = attr(eCond0+5) << effectShift
	c6 = attr(eCond0+6) << effectShift
	c7 = attr(eCond0+7) << effectShift

	m0, m1, m2, m3 = modrm | c0, modrm | c1, modrm | c2, modrm | c3
	m4, m5, m6, m7 = modrm | c4, modrm | c5, modrm | c6, modrm | c7

	loopZ = attr(Loop)<<kindShift | immRel8 | attr(eReadZF)<<effectShift
	loopN = attr(Loop)<<kindShift | immRel8 | none
	call  = attr(Call)<<kindShift | immRelZ | none
	jmpZ  = attr(Jmp)<<kindShift | immRelZ | none
	jmp8  = attr(Jmp)<<kindShift | immRel8 | none
)

// oneByte is the one-byte opcode map. Prefixes and escapes are taken before it
// is looked at and are bad here.
var oneByte = [256]attr{
	// 00: ADD, OR, ADC, SBB, AND, SUB, XOR, CMP
	rmA, rmA, rmA, rmA, i8A, iZA, bad, bad, rmL, rmL, rmL, rmL, i8L, iZL, bad, bad,
	rmC, rmC, rmC, rmC, i8C, iZC, bad, bad, rmC, rmC, rmC, rmC, i8C, iZC, bad, bad,
	rmL, rmL, rmL, rmL, i8L, iZL, bad, bad, rmA, rmA, rmA, rmA, i8A, iZA, bad, bad,
	rmL, rmL, rmL, rmL, i8L, iZL, bad, bad, rmA, rmA, rmA, rmA, i8A, iZA, bad, bad,
	// 40: REX
	bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad,
	// 50: PUSH, POP
	none, none, none, none, none, none, none, none, none, none, none, none, none, none, none, none,
	// 60: MOVSXD, prefixes, PUSH imm, IMUL, INS, OUTS
	bad, bad, bad, rm, bad, bad, bad, bad, iZ, modrm | immZ | mul, i8, modrm | imm8 | mul, none, none, none, none,
	// 70: Jcc rel8
	jcc8 | c0, jcc8 | c0, jcc8 | c1, jcc8 | c1, jcc8 | c2, jcc8 | c2, jcc8 | c3, jcc8 | c3,
	jcc8 | c4, jcc8 | c4, jcc8 | c5, jcc8 | c5, jcc8 | c6, jcc8 | c6, jcc8 | c7, jcc8 | c7,
	// 80: group 1, TEST, XCHG, MOV, LEA, POP
	rmG8, rmGZ, bad, rmG8, rmL, rmL, rm, rm, rm, rm, rm, rm, rm, rm, rm, special | rm,
	// 90: XCHG, CBW, CWD, FWAIT, PUSHF, POPF, SAHF, LAHF
	nop, none, none, none, none, none, none, none, none, none, bad, none, unk, aE, sahf, lahf,
	// A0: MOV moffs, MOVS, CMPS, TEST, STOS, LODS, SCAS
	moffs, moffs, moffs, moffs, none, none, grp, grp, i8L, iZL, none, none, none, none, grp, grp,
	// B0: MOV imm
	i8, i8, i8, i8, i8, i8, i8, i8, iV, iV, iV, iV, iV, iV, iV, iV,
	// C0: shifts, RET, MOV imm, ENTER, LEAVE, far RET, INT
	rmG8, rmG8, ret | imm16, ret, bad, bad, special | rmI8, special | rmIZ, imm24 | none, none, ret | imm16, ret,
	attr(Int3)<<kindShift | unk, imm8 | unk, bad, attr(Ret)<<kindShift | unk,
	// D0: shifts, XLAT, x87
	rmG, rmG, rmG, rmG, bad, bad, bad, none, rm, rm, rmG, rmG, rm, rm, rm, rmG,
	// E0: LOOP, JRCXZ, IN, OUT, CALL, JMP
	loopZ, loopZ, loopN, loopN, i8, i8, i8, i8, call, jmpZ, bad, jmp8, none, none, none, none,
	// F0: prefixes, INT1, HLT, CMC, group 3, CLC, STC, CLI, STI, CLD, STD, groups 4 and 5
	bad, unk, bad, bad, unk, cmc, special | rmG, special | rmG,
	cf, cf, unk, unk, none, none, special | rmG, special | rmG,
}

// twoByte is the map behind 0F.
var twoByte = [256]attr{
	// 00: system; UD2, PREFETCHW
	rmG, rmG, zf, zf, bad, unk, unk, unk, unk, unk, bad, udKin, bad, rm, bad, bad,
	// 10: SSE moves, hint no-ops
	rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, modrm | nop,
	// 20: control and debug registers (no memory form), SSE moves, UCOMISx, COMISx
	rmU, rmU, rmU, rmU, bad, bad, bad, bad, rm, rm, rm, rm, rm, rm, rmA, rmA,
	// 30: WRMSR, RDTSC, RDMSR, RDPMC, SYSENTER, SYSEXIT, GETSEC
	unk, none, unk, unk, unk, unk, bad, unk, bad, bad, bad, bad, bad, bad, bad, bad,
	// 40: CMOVcc
	m0, m0, m1, m1, m2, m2, m3, m3, m4, m4, m5, m5, m6, m6, m7, m7,
	// 50: SSE
	rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm,
	// 60: MMX, SSE2
	rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm,
	// 70: shuffles, shifts, EMMS, VMREAD and SSE4a, moves
	rmI8, rmI8, rmI8, rmI8, rm, rm, rm, none, special | rmU, special | rmU, bad, bad, rm, rm, rm, rm,
	// 80: Jcc rel32
	jccZ | c0, jccZ | c0, jccZ | c1, jccZ | c1, jccZ | c2, jccZ | c2, jccZ | c3, jccZ | c3,
	jccZ | c4, jccZ | c4, jccZ | c5, jccZ | c5, jccZ | c6, jccZ | c6, jccZ | c7, jccZ | c7,
	// 90: SETcc
	m0, m0, m1, m1, m2, m2, m3, m3, m4, m4, m5, m5, m6, m6, m7, m7,
	// A0: PUSH, POP FS and GS, CPUID, BT, SHLD, RSM, BTS, SHRD, group 15, IMUL
	none, none, none, bit, rmG8, rm, bad, bad, none, none, unk, bit, rmG8, rm, rm, modrm | mul,
	// B0: CMPXCHG, LSS, BTR, LFS, LGS, MOVZX, POPCNT, UD1, group 8, BTC, scans, MOVSX
	rmA, rmA, rm, bit, rm, rm, rm, rm, special | rmG, modrm | udKin, special | rmG8, bit, rmG, rmG, rm, rm,
	// C0: XADD, CMPPS, MOVNTI, PINSRW, PEXTRW, SHUFPS, group 9, BSWAP
	rmA, rmA, rmI8, rm, rmI8, rmI8, rmI8, rmG, none, none, none, none, none, none, none, none,
	// D0 to F0: MMX, SSE2; UD0
	rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm,
	rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm,
	rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, rm, modrm | udKin,
}

// A bitmap is a set of opcodes.
type bitmap [4]uint64

func (m *bitmap) has(op byte) bool { return m[op>>6]>>(op&63)&1 != 0 }

// The sets of assigned opcodes of the maps where every opcode has the same form,
// one bit each. The comment above each names them.

// legacy0F38: 00–0B, 10, 14, 15, 17, 1C–1E, 20–25, 28–2B, 30–35, 37–41, 80–82, C8–CD, CF, D8,
// DB–DF, F0, F1, F5, F6, F8–FC.
var legacy0F38 = bitmap{0xffbf0f3f70b10fff, 0x3, 0x7, 0x1f630000f900bf00}

// legacy0F3A: 08–0F, 14–17, 20–22, 40–42, 44, 60–63, CC, CE, CF, DF, F0.
var legacy0F3A = bitmap{0x700f0ff00, 0xf00000017, 0x0, 0x100008000d000}

// vex0F: 10–17, 28–2F, 41–42, 44–47, 4A, 4B, 50–77, 7C–7F, 90–93, 98, 99, AE, C2, C4–C6, D0–FE.
var vex0F = bitmap{0xff0000ff0000, 0xf0ffffffffff0cf6, 0x4000030f0000, 0x7fffffffffff0074}

// vex0F38: 00–0F, 13, 16–1A, 1C–1E, 20–25, 28–41, 45–47, 49, 4B, 50–53, 58–5A, 5C, 5E, 6C, 72, 78,
// 79, 8C, 8E, 90–93, 96–9F, A6–AF, B0–B1, B4–BF, CB–CD, CF, D2, D3, DA–DF, E0–EF, F2, F3, F5–F7.
var vex0F38 = bitmap{0xffffff3f77c8ffff, 0x3041000570f0ae3, 0xfff3ffc0ffcf5000, 0xecfffffc0cb800}

// vex0F3A: 00–02, 04–06, 08–0F, 14–19, 1D, 20–22, 30–33, 38–39, 40–42, 44, 46, 48–4C, 5C–63,
// 68–6F, 78–7F, CE, CF, DE, DF, F0.
var vex0F3A = bitmap{0x30f000723f0ff77, 0xff00ff0ff0001f57, 0x0, 0x10000c000c000}
