package amd64

import "strings"

// Flags is a set of the arithmetic flags.
type Flags uint8

// The arithmetic flags.
const (
	CF Flags = 1 << iota
	PF
	AF
	ZF
	SF
	OF

	NoFlags  Flags = 0
	AllFlags       = CF | PF | AF | ZF | SF | OF
)

func (f Flags) String() string {
	if f == 0 {
		return "-"
	}
	var s []string
	for i, n := range []string{"CF", "PF", "AF", "ZF", "SF", "OF"} {
		if f>>i&1 != 0 {
			s = append(s, n)
		}
	}
	return strings.Join(s, "|")
}

// An effect is what an instruction does with the flags: an index of effects.
// The tables hold the effect of an opcode; where it depends on more than the
// opcode they hold byGroup and groupEffect decides.
type effect uint8

const (
	eUnk     effect = iota // may read all, writes none
	eNone                  // neither reads nor writes
	eArith                 // ADD, CMP, ...: writes all
	eLogic                 // AND, TEST, ...
	eCarry                 // ADC, SBB
	eInc                   // INC, DEC
	eMul                   // MUL, IMUL
	eDiv                   // DIV, IDIV
	eBit                   // BT, BTS, BTR, BTC
	eBitScan               // BSF, BSR
	eCount                 // TZCNT, LZCNT
	eShift                 // SHL, SHR, SAR, SHLD, SHRD by a count that is not 0
	eRotate                // ROL, ROR by a count that is not 0
	eRotCF                 // RCL, RCR by 1
	eReadCF                // RCL, RCR by another count, which may be 0 modulo 9 or 17
	eSetCF                 // CLC, STC
	eCMC                   // CMC, ADCX
	eADOX                  // ADOX
	eZF                    // CMPXCHG8B, LAR, LSL, VERR
	eReadZF                // LOOPE, LOOPNE
	eSahf                  // SAHF
	eLahf                  // LAHF
	eFcomi                 // FCOMI, FUCOMI
	eFcmov                 // FCMOVcc
	eBMI                   // ANDN, BLSR, BLSI, BLSMSK, BZHI
	eBextr                 // BEXTR
	eUndef                 // all undefined
	eCond0                 // Jcc, SETcc, CMOVcc: eCond0 + cc>>1
	_
	_
	_
	_
	_
	_
	_
	byGroup // depends on ModRM, prefixes or immediate
)

var effects = [...]struct{ reads, writes, undef Flags }{
	eUnk:     {reads: AllFlags},
	eNone:    {},
	eArith:   {writes: AllFlags},
	eLogic:   {writes: AllFlags &^ AF, undef: AF},
	eCarry:   {reads: CF, writes: AllFlags},
	eInc:     {writes: AllFlags &^ CF},
	eMul:     {writes: CF | OF, undef: AllFlags &^ (CF | OF)},
	eDiv:     {undef: AllFlags},
	eBit:     {writes: CF, undef: OF | SF | AF | PF},
	eBitScan: {writes: ZF, undef: AllFlags &^ ZF},
	eCount:   {writes: CF | ZF, undef: AllFlags &^ (CF | ZF)},
	eShift:   {writes: CF | SF | ZF | PF, undef: AF | OF},
	eRotate:  {writes: CF, undef: OF},
	eRotCF:   {reads: CF, writes: CF | OF},
	eReadCF:  {reads: CF},
	eSetCF:   {writes: CF},
	eCMC:     {reads: CF, writes: CF},
	eADOX:    {reads: OF, writes: OF},
	eZF:      {writes: ZF},
	eReadZF:  {reads: ZF},
	eSahf:    {writes: AllFlags &^ OF},
	eLahf:    {reads: AllFlags &^ OF},
	eFcomi:   {writes: CF | PF | ZF},
	eFcmov:   {reads: CF | PF | ZF},
	eBMI:     {writes: CF | ZF | SF | OF, undef: AF | PF},
	eBextr:   {writes: CF | ZF | OF, undef: AF | SF | PF},
	eUndef:   {undef: AllFlags},

	eCond0 + 0: {reads: OF},
	eCond0 + 1: {reads: CF},
	eCond0 + 2: {reads: ZF},
	eCond0 + 3: {reads: CF | ZF},
	eCond0 + 4: {reads: SF},
	eCond0 + 5: {reads: PF},
	eCond0 + 6: {reads: SF | OF},
	eCond0 + 7: {reads: SF | OF | ZF},
}

// groupEffect returns the effect of an instruction whose table entry is byGroup.
func groupEffect(i *Inst) effect {
	if i.Prefix&(VEX|EVEX) != 0 {
		return vexEffect(i)
	}
	switch i.Map {
	case MapOne:
		return oneByteEffect(i)
	case Map0F:
		return map0FEffect(i)
	case Map0F38:
		return map0F38Effect(i)
	}
	return eUnk
}

var aluEffects = [8]effect{eArith, eLogic, eCarry, eCarry, eLogic, eArith, eLogic, eArith}

func oneByteEffect(i *Inst) effect {
	reg := i.ModRM >> 3 & 7
	switch op := i.Op; op {
	case 0x80, 0x81, 0x83:
		return aluEffects[reg]
	case 0xA6, 0xA7, 0xAE, 0xAF: // CMPS, SCAS; with REP the count may be 0
		if i.Prefix&(Rep|Repne) != 0 {
			return eNone
		}
		return eArith
	case 0xC0, 0xC1: // shifts by an immediate
		n := shiftCount(i)
		if n == 0 || reg == 2 || reg == 3 {
			return shiftNone(reg)
		}
		if reg < 2 {
			return eRotate
		}
		return shiftBy(n, op == 0xC0, i)
	case 0xD0, 0xD1: // shifts by 1
		switch {
		case reg < 2:
			return eRotate
		case reg < 4:
			return eRotCF
		}
		return eShift
	case 0xD2, 0xD3: // shifts by CL, which may be 0
		return shiftNone(reg)
	case 0xDA, 0xDB, 0xDF: // x87
		return x87Effect(i, reg)
	case 0xF6, 0xF7:
		return [8]effect{eLogic, eLogic, eNone, eArith, eMul, eMul, eDiv, eDiv}[reg]
	case 0xFE, 0xFF:
		if reg < 2 {
			return eInc
		}
		return eNone // calls, jumps, PUSH
	}
	return eUnk
}

// shiftCount returns the immediate count as the processor masks it: to six bits for
// operands of 64 bits, to five for all others, bytes with REX.W too.
func shiftCount(i *Inst) uint8 {
	if i.REX&rexW != 0 && !(i.Map == MapOne && i.Op == 0xC0) {
		return uint8(i.Imm) & 0x3F
	}
	return uint8(i.Imm) & 0x1F
}

// shiftNone is the effect of a shift that may leave the flags as they were.
func shiftNone(reg byte) effect {
	if reg == 2 || reg == 3 {
		return eReadCF
	}
	return eNone
}

// shiftBy is the effect of a shift by n > 0: past the operand's width CF, and
// for SHLD and SHRD all flags, are undefined, so call them all undefined.
func shiftBy(n uint8, byteOp bool, i *Inst) effect {
	if byteOp && n > 8 || i.Prefix&OpSize != 0 && i.REX&rexW == 0 && n > 16 {
		return eUndef
	}
	return eShift
}

func x87Effect(i *Inst, reg byte) effect {
	if i.Mod() != 3 {
		return eNone
	}
	switch {
	case i.Op == 0xDA && reg < 4, i.Op == 0xDB && reg < 4:
		return eFcmov
	case i.Op == 0xDB && (reg == 5 || reg == 6), i.Op == 0xDF && (reg == 5 || reg == 6):
		return eFcomi
	}
	return eNone
}

func map0FEffect(i *Inst) effect {
	reg := i.ModRM >> 3 & 7
	switch i.Op {
	case 0x00: // VERR, VERW
		if reg == 4 || reg == 5 {
			return eZF
		}
	case 0x01: // XGETBV, RDTSCP
		if i.ModRM == 0xD0 || i.ModRM == 0xF9 {
			return eNone
		}
	case 0xA4, 0xAC: // SHLD, SHRD by an immediate
		n := shiftCount(i)
		if n == 0 {
			return eNone
		}
		return shiftBy(n, false, i)
	case 0xB8: // POPCNT: sets ZF, clears the others
		return eArith
	case 0xBA:
		return eBit
	case 0xBC, 0xBD:
		// TZCNT and LZCNT run as BSF and BSR on CPUs that lack them; what both
		// do to ZF and leave undefined is the same.
		if i.Prefix&Rep != 0 {
			return eCount
		}
		return eBitScan
	case 0xC7:
		switch {
		case i.Mod() != 3 && reg == 1: // CMPXCHG8B, CMPXCHG16B
			return eZF
		case i.Mod() == 3 && i.Prefix&Rep == 0 && reg >= 6: // RDRAND, RDSEED
			return eArith
		case i.Mod() == 3 && reg == 7: // RDPID
			return eNone
		case i.Mod() != 3 && reg >= 3 && reg <= 5: // XRSTORS, XSAVEC, XSAVES
			return eNone
		}
	}
	return eUnk
}

func map0F38Effect(i *Inst) effect {
	if i.Op == 0xF6 {
		switch i.Prefix & (OpSize | Rep | Repne) {
		case OpSize:
			return eCMC // ADCX
		case Rep:
			return eADOX
		}
		return eNone // WRSS
	}
	return eUnk
}

// vexEffect covers the VEX and EVEX instructions that write flags. None of
// either reads them.
func vexEffect(i *Inst) effect {
	p := i.Prefix & (OpSize | Rep | Repne)
	switch {
	case i.Map == Map0F && (i.Op == 0x2E || i.Op == 0x2F): // VUCOMISx, VCOMISx
		return eArith
	case i.Prefix&EVEX != 0:
		return eNone
	case i.Map == Map0F && (i.Op == 0x98 || i.Op == 0x99): // KORTEST, KTEST
		return eArith
	case i.Map == Map0F38 && p == OpSize && (i.Op == 0x0E || i.Op == 0x0F || i.Op == 0x17): // VTESTPx, VPTEST
		return eArith
	case i.Map == Map0F38 && p == 0:
		switch i.Op {
		case 0xF2, 0xF3, 0xF5: // ANDN; BLSR, BLSMSK, BLSI; BZHI
			return eBMI
		case 0xF7: // BEXTR
			return eBextr
		}
	case i.Map == Map0F3A && p == OpSize && i.Op >= 0x60 && i.Op <= 0x63: // VPCMPxSTRx
		return eArith
	}
	return eNone
}
