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

// opcodes is a set of opcodes.
type opcodes [4]uint64

func (m *opcodes) has(op byte) bool { return m[op>>6]>>(op&63)&1 != 0 }

// ranges returns the set of the opcodes from the first to the second of each pair.
func ranges(pairs ...[2]byte) (m opcodes) {
	for _, p := range pairs {
		for op := int(p[0]); op <= int(p[1]); op++ {
			m[op>>6] |= 1 << (op & 63)
		}
	}
	return m
}

// The assigned opcodes of the maps where every opcode has the same form.
var (
	legacy0F38 = ranges([][2]byte{
		{0x00, 0x0B}, {0x10, 0x10}, {0x14, 0x14}, {0x15, 0x15}, {0x17, 0x17}, {0x1C, 0x1E},
		{0x20, 0x25}, {0x28, 0x2B}, {0x30, 0x35}, {0x37, 0x41}, {0x80, 0x82}, {0xC8, 0xCD},
		{0xCF, 0xCF}, {0xD8, 0xD8}, {0xDB, 0xDF}, {0xF0, 0xF0}, {0xF1, 0xF1}, {0xF5, 0xF5},
		{0xF6, 0xF6}, {0xF8, 0xFC},
	}...)
	legacy0F3A = ranges([][2]byte{
		{0x08, 0x0F}, {0x14, 0x17}, {0x20, 0x22}, {0x40, 0x42}, {0x44, 0x44}, {0x60, 0x63},
		{0xCC, 0xCC}, {0xCE, 0xCE}, {0xCF, 0xCF}, {0xDF, 0xDF}, {0xF0, 0xF0},
	}...)
	vex0F = ranges([][2]byte{
		{0x10, 0x17}, {0x28, 0x2F}, {0x41, 0x42}, {0x44, 0x47}, {0x4A, 0x4A}, {0x4B, 0x4B},
		{0x50, 0x77}, {0x7C, 0x7F}, {0x90, 0x93}, {0x98, 0x98}, {0x99, 0x99}, {0xAE, 0xAE},
		{0xC2, 0xC2}, {0xC4, 0xC6}, {0xD0, 0xFE},
	}...)
	vex0F38 = ranges([][2]byte{
		{0x00, 0x0F}, {0x13, 0x13}, {0x16, 0x1A}, {0x1C, 0x1E}, {0x20, 0x25}, {0x28, 0x41},
		{0x45, 0x47}, {0x49, 0x49}, {0x4B, 0x4B}, {0x50, 0x53}, {0x58, 0x5A}, {0x5C, 0x5C},
		{0x5E, 0x5E}, {0x6C, 0x6C}, {0x72, 0x72}, {0x78, 0x78}, {0x79, 0x79}, {0x8C, 0x8C},
		{0x8E, 0x8E}, {0x90, 0x93}, {0x96, 0x9F}, {0xA6, 0xAF}, {0xB0, 0xB1}, {0xB4, 0xBF},
		{0xCB, 0xCD}, {0xCF, 0xCF}, {0xD2, 0xD2}, {0xD3, 0xD3}, {0xDA, 0xDF}, {0xE0, 0xEF},
		{0xF2, 0xF2}, {0xF3, 0xF3}, {0xF5, 0xF7},
	}...)
	vex0F3A = ranges([][2]byte{
		{0x00, 0x02}, {0x04, 0x06}, {0x08, 0x0F}, {0x14, 0x19}, {0x1D, 0x1D}, {0x20, 0x22},
		{0x30, 0x33}, {0x38, 0x39}, {0x40, 0x42}, {0x44, 0x44}, {0x46, 0x46}, {0x48, 0x4C},
		{0x5C, 0x63}, {0x68, 0x6F}, {0x78, 0x7F}, {0xCE, 0xCE}, {0xCF, 0xCF}, {0xDE, 0xDE},
		{0xDF, 0xDF}, {0xF0, 0xF0},
	}...)
)
