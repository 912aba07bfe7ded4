package scan

import (
	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
)

// reference turns the reference of the instruction at off into a site or a reject.
func (s *amd64Scan) reference(off uint32) {
	f := &s.fn
	var in amd64.Inst
	f.inst(off, &in)
	site := Site{
		Func: uintptr(f.entry),
		Ref:  uintptr(f.pc(off)),
		Addr: uintptr(f.pc(off)),
		Len:  in.Len,
	}
	to := in.RIPTarget(f.pc(off))
	t := s.keys.find(to)
	got := t.value != 0
	var why Reason
	switch {
	case got:
		t, why = s.viaSlot(off, &in, t, &site)
	case to != t.addr:
		why = Inside
	case isLEA(&in):
		_, why = s.viaRegister(off, &in, to, &site)
	default:
		why = s.direct(off, &in, s.in.Keys[t.key].Bare, &site)
	}
	if t == nil {
		return // a slot of another variable's, or a part of it that is no key
	}
	site.Key = int(t.key)
	if why != 0 {
		s.reject(Reject{Key: site.Key, Reason: why, GOT: got, Func: site.Func, Addr: site.Ref})
		return
	}
	s.res.Sites = append(s.res.Sites, site)
}

// direct handles the reference of the instruction in, at off, to a key's first byte.
func (s *amd64Scan) direct(off uint32, in *amd64.Inst, bare bool, site *Site) Reason {
	switch past := off + uint32(in.Len); {
	case !bare && isCompareZero(in):
		site.Form = Guarded
		site.Mark = s.fn.nopBefore(off)
		return s.guarded(past, site)
	case bare && isLoad64(in):
		site.Form, site.Reg = Bare, in.Reg()
		return s.fn.valueDead(past, site.Reg)
	}
	return otherUse(in)
}

// viaSlot handles a reference to a slot. It returns the key that is meant, or nil.
func (s *amd64Scan) viaSlot(off uint32, in *amd64.Inst, slot *target, site *Site) (*target, Reason) {
	if isLoad64(in) {
		return s.viaRegister(off, in, slot.value, site)
	}
	return s.keys.key(slot.value), OtherAccess
}

// viaRegister handles the address of a variable that in, at off, puts into a register: the
// two-instruction forms of plugins, or an address that is passed on. It returns the
// key that is meant, or nil.
func (s *amd64Scan) viaRegister(off uint32, in *amd64.Inst, variable uint64, site *Site) (*target, Reason) {
	f := &s.fn
	reg := in.Reg()
	next := off + uint32(in.Len)
	if !f.has(next) {
		return s.keys.key(variable), AddressTaken
	}
	var use amd64.Inst
	f.inst(next, &use)
	if !derefs(&use, reg) {
		return s.keys.key(variable), AddressTaken
	}
	to := variable + uint64(int64(use.Disp))
	t := s.keys.key(to)
	if t == nil {
		return s.keys.key(variable), AddressKept // another part of the variable
	}
	bare := s.in.Keys[t.key].Bare
	past := next + uint32(use.Len)
	switch {
	case isLEA(&use):
		return t, AddressTaken
	case to != t.addr:
		return t, Inside
	case !bare && isCompareZero(&use):
		site.Form, site.Len = GuardedBranch, 0
		return t, s.guarded(past, site)
	case bare && isLoad64(&use):
		site.Form, site.Reg, site.TailLen = BareGOT, use.Reg(), use.Len
		if reg != regR15 && use.Reg() != reg {
			return t, AddressKept // only R15 is known to be dead behind it
		}
		if f.jumpedInto(off, past) {
			return t, JumpInto
		}
		return t, f.valueDead(past, site.Reg)
	}
	return t, AddressKept
}

// guarded completes the guarded site whose compare ends at off.
func (s *amd64Scan) guarded(off uint32, site *Site) Reason {
	f := &s.fn
	var br amd64.Inst
	for ; ; off += uint32(br.Len) {
		if !f.has(off) {
			return NoBranch
		}
		if f.inst(off, &br); br.Kind != amd64.Nop {
			break
		}
	}
	if br.Kind != amd64.Jcc || br.Cond != amd64.CondE && br.Cond != amd64.CondNE {
		return NoBranch
	}
	if br.Len != encode.LenJcc8 && br.Len != encode.LenJcc32 {
		return NoBranch // carries a prefix
	}
	to := br.Target(f.pc(off))
	site.Branch, site.BranchLen = uintptr(f.pc(off)), br.Len
	site.Target, site.TakenDormant = uintptr(to), br.Cond == amd64.CondE
	if site.Form == GuardedBranch {
		site.Addr = site.Branch
	}
	past := off + uint32(br.Len)
	if f.jumpedInto(uint32(site.Ref-uintptr(f.entry)), past) {
		return JumpInto
	}
	taken, ok := f.at(to)
	if !ok {
		return FarTarget
	}
	if why := f.flagsDead(past); why != 0 {
		return why
	}
	return f.flagsDead(taken)
}

const regR15 = 15

// plain reports whether an instruction has no prefix but REX.
func plain(i *amd64.Inst) bool { return i.Prefix == 0 && i.Map == amd64.MapOne }

// isCompareZero recognises CMPB $0, mem.
func isCompareZero(i *amd64.Inst) bool {
	return plain(i) && i.Op == 0x80 && i.ModRM>>3&7 == 7 && i.Imm == 0 && i.Mod() != 3
}

// isLoad64 recognises MOVQ mem, R.
func isLoad64(i *amd64.Inst) bool {
	return plain(i) && i.Op == 0x8B && i.REX&8 != 0 && i.Mod() != 3
}

// isLEA recognises LEAQ mem, R.
func isLEA(i *amd64.Inst) bool { return plain(i) && i.Op == 0x8D && i.REX&8 != 0 }

// derefs reports whether the operand of an instruction is the memory that reg
// points to, at a displacement and with no index.
func derefs(i *amd64.Inst, reg byte) bool {
	if i.ModRMOff == 0 || i.Mod() == 3 || i.RIPRel || i.RM() != reg || i.Kind == amd64.Nop {
		return false
	}
	// Base R12 takes a SIB byte, as RSP does; the compiler does not use these two.
	return reg&7 != 4
}

// otherUse says what an instruction that is not of the form of a site does with its key.
func otherUse(i *amd64.Inst) Reason {
	if i.Map == amd64.MapOne {
		switch op := i.Op; {
		case op == 0x8D:
			return AddressTaken
		case op == 0x8A, op == 0x8B, op == 0x63:
			return Loaded
		case op == 0x88, op == 0x89, op == 0xC6, op == 0xC7, op == 0x86, op == 0x87:
			return Stored
		case op >= 0x38 && op <= 0x3B, op == 0x84, op == 0x85,
			(op == 0x80 || op == 0x81 || op == 0x83) && i.ModRM>>3&7 == 7,
			(op == 0xF6 || op == 0xF7) && i.ModRM>>3&7 < 2:
			return Compared
		case op < 0x40 && op&7 < 2, op == 0x80, op == 0x81, op == 0x83, op == 0xFE:
			return Stored
		}
	}
	if i.Map == amd64.Map0F {
		switch i.Op {
		case 0xB0, 0xB1, 0xC0, 0xC1, 0xC7:
			return Stored
		case 0xB6, 0xB7, 0xBE, 0xBF:
			return Loaded
		}
	}
	return OtherAccess
}
