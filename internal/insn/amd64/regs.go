package amd64

// A Use says what an instruction does with a general register.
type Use uint8

// Uses of a register.
const (
	UseNone    Use = iota // surely not mentioned
	UseRead               // surely read, and its old value matters
	UseWrite              // surely overwritten as a whole and not read
	UseUnknown            // none of these is certain
)

// Register says what the instruction does with general register r, 0 to 15, in
// the numbering of the encoding (RAX is 0, RCX 1). It knows the moves,
// arithmetic and comparisons that compilers use most; the rest is UseUnknown.
func (i *Inst) Register(r byte) Use {
	if i.Prefix&(VEX|EVEX|Rep|Repne|Lock) != 0 {
		return UseUnknown
	}
	if i.addresses(r) {
		return UseRead
	}
	switch {
	case i.Kind == Nop, i.Kind == Jcc, i.Kind == Jmp:
		return UseNone
	case i.Map == MapOne:
		return i.oneByteUse(r)
	case i.Map == Map0F && (i.Op&^1 == 0xB6 || i.Op&^1 == 0xBE): // MOVZX, MOVSX
		if i.Op&1 == 0 && i.Mod() == 3 && i.REX == 0 && i.ModRM&4 != 0 {
			return UseUnknown // from AH, CH, DH or BH
		}
		return i.move(r, i.Reg(), i.RM())
	}
	return UseUnknown
}

// addresses reports whether r is the base or index of the memory operand.
func (i *Inst) addresses(r byte) bool {
	if i.ModRMOff == 0 || i.Mod() == 3 || i.Map == Map0F && i.Op == 0x1F {
		return false
	}
	switch rm := i.ModRM & 7; {
	case rm == 4:
		base := i.SIB&7 | i.REX&rexB<<3
		index := i.SIB>>3&7 | i.REX&rexX<<2
		return index == r && index != 4 || base == r && !(i.Mod() == 0 && base&7 == 5)
	case rm == 5 && i.Mod() == 0:
		return false
	}
	return i.RM() == r
}

func (i *Inst) oneByteUse(r byte) Use {
	low := i.Op&7 | i.REX&rexB<<3 // the register of the opcodes that hold one
	wide := i.Prefix&OpSize == 0  // writes of 32 and 64 bits overwrite it all
	switch op := i.Op; {
	case op == 0x8B && wide, op == 0x63 && wide:
		return i.move(r, i.Reg(), i.RM())
	case op == 0x8D && wide:
		if i.Reg() == r {
			return UseWrite
		}
		return UseNone
	case op == 0x89 && wide:
		if i.Mod() != 3 {
			return i.source(r, i.Reg())
		}
		return i.move(r, i.RM(), i.Reg())
	case op == 0xC7 && wide && i.Mod() == 3:
		return written(r, i.RM())
	case op == 0xC7 && i.Mod() != 3, op == 0xC6 && i.Mod() != 3, op == 0x68, op == 0x6A:
		return UseNone
	case op >= 0xB8 && op <= 0xBF && wide:
		return written(r, low)
	case op >= 0x50 && op <= 0x57:
		if r == 4 {
			return UseUnknown
		}
		return i.source(r, low)
	case op < 0x40 && op&7 == 1, op < 0x40 && op&7 == 3, op == 0x85:
		return i.arithmetic(r)
	case op == 0x81, op == 0x83:
		if i.Mod() == 3 {
			return i.source(r, i.RM())
		}
		return UseNone
	case op == 0xFF && i.ModRM>>3&7 < 2 && i.Mod() == 3:
		return i.source(r, i.RM())
	case (op == 0x80 || op == 0xFF && i.ModRM>>3&7 < 2) && i.Mod() != 3:
		return UseNone
	}
	return UseUnknown
}

// arithmetic covers OP r/m, r and OP r, r/m. XOR, SUB and SBB of a register
// with itself do not depend on it.
func (i *Inst) arithmetic(r byte) Use {
	if i.Mod() == 3 && i.Reg() == i.RM() {
		switch i.Op &^ 7 {
		case 0x18, 0x28, 0x30:
			return written(r, i.Reg())
		}
	}
	if i.Reg() == r || i.Mod() == 3 && i.RM() == r {
		return UseRead
	}
	return UseNone
}

// move covers dst = src, where src counts only if the operand is a register.
func (i *Inst) move(r, dst, src byte) Use {
	switch {
	case i.Mod() == 3 && src == r:
		return UseRead
	case dst == r && i.Prefix&OpSize != 0:
		return UseUnknown
	}
	return written(r, dst)
}

func (i *Inst) source(r, src byte) Use {
	if r == src {
		return UseRead
	}
	return UseNone
}

func written(r, dst byte) Use {
	if r == dst {
		return UseWrite
	}
	return UseNone
}
