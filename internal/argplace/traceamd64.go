package argplace

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// stepAMD64 executes one instruction. It reports false for those that can't be followed.
func stepAMD64(m *machine, code []byte, pc uint64) (next uint64, ok bool) {
	in, err := x86asm.Decode(code, 64)
	if err != nil {
		return 0, false
	}
	next = pc + uint64(in.Len)
	dst, src := in.Args[0], in.Args[1]
	switch in.Op {
	case x86asm.RET:
		m.returned = true
	case x86asm.JMP:
		rel, isRel := dst.(x86asm.Rel)
		return next + uint64(int64(rel)), isRel
	case x86asm.NOP, x86asm.CMP, x86asm.TEST, x86asm.UCOMISD, x86asm.UCOMISS:
	case x86asm.POP:
		if dst != x86asm.RBP {
			return 0, false
		}
		m.general[5] = val{}
		m.sp += 8
	case x86asm.ADD, x86asm.SUB:
		if dst != x86asm.RSP {
			return next, m.assign(dst, val{}, in.MemBytes)
		}
		n, isImm := src.(x86asm.Imm)
		if in.Op == x86asm.SUB {
			n = -n
		}
		m.sp += int64(n)
		return next, isImm
	case x86asm.MOV, x86asm.MOVZX, x86asm.MOVSX, x86asm.MOVSXD, x86asm.MOVQ, x86asm.MOVD,
		x86asm.MOVUPS, x86asm.MOVAPS, x86asm.MOVSD_XMM, x86asm.MOVSS:
		v := m.value(src, in.MemBytes)
		if in.Op == x86asm.MOVSS {
			v.n = min(v.n, 4)
		}
		return next, m.assign(dst, v, in.MemBytes)
	case x86asm.LEA:
		v := val{}
		if mem, isMem := src.(x86asm.Mem); isMem && mem.Base == x86asm.RIP && mem.Index == 0 && in.DataSize == 64 {
			v = val{sitetab.Place{Kind: sitetab.Address, N: int64(next) + mem.Disp}, 8}
		}
		return next, m.assign(dst, v, in.MemBytes)
	case x86asm.XOR, x86asm.XORPS, x86asm.PXOR:
		v := val{}
		if dst == src {
			v = val{sitetab.Place{Kind: sitetab.Constant}, 8}
		}
		return next, m.assign(dst, v, in.MemBytes)
	case x86asm.AND, x86asm.OR, x86asm.NOT, x86asm.NEG, x86asm.INC, x86asm.DEC, x86asm.SHL, x86asm.SHR, x86asm.SAR, x86asm.ROL, x86asm.ROR,
		x86asm.BSWAP, x86asm.SBB, x86asm.ADC,
		x86asm.ADDSD, x86asm.SUBSD, x86asm.MULSD, x86asm.DIVSD, x86asm.ADDSS, x86asm.SUBSS, x86asm.MULSS, x86asm.DIVSS,
		x86asm.CVTSI2SD, x86asm.CVTSI2SS, x86asm.CVTTSD2SI, x86asm.CVTSD2SS, x86asm.CVTSS2SD,
		x86asm.SETA, x86asm.SETAE, x86asm.SETB, x86asm.SETBE, x86asm.SETE, x86asm.SETNE, x86asm.SETG, x86asm.SETGE, x86asm.SETL, x86asm.SETLE,
		x86asm.CMOVA, x86asm.CMOVAE, x86asm.CMOVB, x86asm.CMOVBE, x86asm.CMOVE, x86asm.CMOVNE, x86asm.CMOVG, x86asm.CMOVGE, x86asm.CMOVL, x86asm.CMOVLE:
		return next, m.assign(dst, val{}, in.MemBytes)
	case x86asm.IMUL:
		if src == nil { // its result is in AX and DX
			return 0, false
		}
		return next, m.assign(dst, val{}, in.MemBytes)
	default:
		return 0, false
	}
	return next, true
}

// register finds a register, and tells how many bytes of it are meant; nil for none that is known here.
func (m *machine) register(a x86asm.Arg) (r *val, n int) {
	reg, ok := a.(x86asm.Reg)
	switch {
	case !ok:
		return nil, 0
	case reg >= x86asm.RAX && reg <= x86asm.R15:
		return &m.general[reg-x86asm.RAX], 8
	case reg >= x86asm.EAX && reg <= x86asm.R15L:
		return &m.general[reg-x86asm.EAX], 4
	case reg >= x86asm.AX && reg <= x86asm.R15W:
		return &m.general[reg-x86asm.AX], 2
	case reg >= x86asm.AL && reg <= x86asm.BL:
		return &m.general[reg-x86asm.AL], 1
	case reg >= x86asm.SPB && reg <= x86asm.R15B:
		return &m.general[reg-x86asm.SPB+4], 1
	case reg >= x86asm.X0 && reg <= x86asm.X15:
		return &m.float[reg-x86asm.X0], 8
	}
	return nil, 0
}

// onStack returns the offset of an operand that is a slot of the stack.
func onStack(a x86asm.Arg) (off int64, ok bool) {
	mem, ok := a.(x86asm.Mem)
	return mem.Disp, ok && mem.Base == x86asm.RSP && mem.Index == 0 && mem.Segment == 0
}

// value reads an operand.
func (m *machine) value(a x86asm.Arg, bytes int) val {
	if imm, ok := a.(x86asm.Imm); ok {
		return val{sitetab.Place{Kind: sitetab.Constant, N: int64(imm)}, 8}
	}
	if off, ok := onStack(a); ok {
		return m.load(off, bytes)
	}
	if r, n := m.register(a); r != nil {
		return val{r.place, min(r.n, n)}
	}
	return val{}
}

// assign writes an operand. It reports false for one that is not known, and for the stack pointer.
func (m *machine) assign(a x86asm.Arg, v val, bytes int) bool {
	if a == x86asm.RSP || a == x86asm.ESP {
		return false
	}
	if r, n := m.register(a); r != nil {
		if n == 4 && v.place.Kind == sitetab.Constant && v.n >= 4 {
			*r = val{sitetab.Place{Kind: sitetab.Constant, N: int64(uint32(v.place.N))}, 8} // the upper half becomes zero
			return true
		}
		*r = val{v.place, min(v.n, n)}
		return true
	}
	if off, ok := onStack(a); ok {
		m.store(off, bytes, v)
		return true
	}
	_, ok := a.(x86asm.Mem)
	m.dirty = m.dirty || ok
	return ok
}
