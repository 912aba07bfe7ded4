package amd64

import "github.com/gkhi/gkhi/internal/insn"

// special finishes the opcodes that the tables cannot describe: those whose
// ModRM or prefixes select another instruction, and those that are invalid.
func (i *Inst) special() error {
	reg := i.ModRM >> 3 & 7
	switch i.Map {
	case MapOne:
		return i.specialOne(reg)
	case Map0F:
		return i.special0F(reg)
	}
	return nil
}

func (i *Inst) specialOne(reg byte) error {
	switch i.Kind {
	case Jcc:
		i.Cond = Cond(i.Op & 15)
		return i.nearBranch()
	case Jmp, Call, Loop:
		return i.nearBranch()
	}
	switch i.Op {
	case 0x90:
		if i.REX&rexB == 0 && i.Prefix&Rep == 0 {
			i.Kind = Nop
		}
	case 0x8F: // /0 is POP, the rest is XOP
		if reg != 0 {
			return insn.ErrUnknown
		}
	case 0xC6: // MOV; XABORT
		if reg != 0 {
			if i.ModRM != 0xF8 {
				return insn.ErrUnknown
			}
			i.unsure()
		}
	case 0xC7: // MOV; XBEGIN, a branch
		if reg != 0 {
			if i.ModRM != 0xF8 {
				return insn.ErrUnknown
			}
			i.Kind = Loop
			i.unsure()
			return i.nearBranch()
		}
	case 0xFE:
		if reg > 1 {
			return insn.ErrUnknown
		}
	case 0xFF:
		switch reg {
		case 2:
			i.Kind = CallIndirect
		case 4:
			i.Kind = JmpIndirect
		case 3, 5:
			if i.Mod() == 3 {
				return insn.ErrUnknown
			}
			i.Kind = CallIndirect
			if reg == 5 {
				i.Kind = JmpIndirect
			}
		case 7:
			return insn.ErrUnknown
		}
	}
	return nil
}

func (i *Inst) special0F(reg byte) error {
	switch op := i.Op; {
	case i.Kind == Jcc:
		i.Cond = Cond(op & 15)
		return i.nearBranch()
	case op == 0xB8 && i.Prefix&Rep == 0: // JMPE
		return insn.ErrUnknown
	case op == 0xBA && reg < 4:
		return insn.ErrUnknown
	case op == 0x78 && i.Prefix&(OpSize|Repne) != 0, op == 0x79 && i.Prefix&(OpSize|Rep|Repne) != 0:
		return insn.ErrUnknown // EXTRQ, INSERTQ (SSE4a)
	}
	return nil
}

// nearBranch refuses 66 on a branch: Intel ignores it, AMD takes a 16-bit
// displacement and truncates RIP. With REX.W both ignore it.
func (i *Inst) nearBranch() error {
	if i.Prefix&OpSize != 0 && i.REX&rexW == 0 {
		return insn.ErrUnknown
	}
	return nil
}

func (i *Inst) unsure() { i.Reads, i.Writes, i.Undef = AllFlags, 0, 0 }
