package amd64

// bySpecial finishes the opcodes that the tables cannot describe: those whose
// ModRM or prefixes select another instruction. It returns the attr, and
// false for those that are invalid.
func bySpecial(l layout, a attr, px Prefixes) (attr, bool) {
	m := l.modRM()
	reg := m >> 3 & 7
	if l.opmap() == Map0F {
		switch l.op() {
		case 0x78: // VMREAD; EXTRQ and INSERTQ (SSE4a) are refused
			return a, px&(OpSize|Repne) == 0
		case 0x79: // VMWRITE
			return a, px&(OpSize|Rep|Repne) == 0
		case 0xB8: // POPCNT; without F3 JMPE
			return a, px&Rep != 0
		case 0xBA: // BT and so on
			return a, reg >= 4
		}
		return a, true
	}
	switch l.op() {
	case 0x8F: // /0 is POP, the rest is XOP
		return a, reg == 0
	case 0xC6: // MOV; XABORT
		if reg != 0 {
			return modrm | imm8 | unk, m == 0xF8
		}
	case 0xC7: // MOV; XBEGIN
		if reg != 0 {
			return modrm | immRelZ | unk | attr(Loop)<<kindShift, m == 0xF8
		}
	case 0xF6: // only /0 and /1, TEST, have an immediate
		if reg < 2 {
			a |= imm8
		}
	case 0xF7:
		if reg < 2 {
			a |= immZ
		}
	case 0xFE:
		return a, reg < 2
	case 0xFF:
		switch reg {
		case 2, 3:
			a |= attr(CallIndirect) << kindShift
		case 4, 5:
			a |= attr(JmpIndirect) << kindShift
		}
		far := reg == 3 || reg == 5 // with a memory operand only
		return a, reg != 7 && !(far && m>>6 == 3)
	}
	return a, true
}

// branchPrefixes settles what prefixes do to instructions whose Kind is not Other.
// It refuses 66 on a near branch: Intel ignores it, AMD takes a 16-bit displacement
// and truncates RIP. With REX.W both ignore it.
func branchPrefixes(l layout, a attr, px Prefixes, ok bool) (attr, bool) {
	switch k := a.kind(); {
	case k.branch():
		return a, ok && (px&OpSize == 0 || l.rex()&rexW != 0)
	case k == Nop && l.opmap() == MapOne && (l.rex()&rexB != 0 || px&Rep != 0):
		return a &^ (15 << kindShift), ok // XCHG R8, AX; PAUSE
	}
	return a, ok
}
