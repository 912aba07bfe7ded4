package amd64

// Decode decodes the instruction at the start of b. It never reads beyond b and
// never panics; bytes after the instruction are ignored. The error is
// insn.ErrTruncated or insn.ErrUnknown, unwrapped.
func Decode(b []byte) (Inst, error) {
	var i Inst
	err := i.Decode(b)
	return i, err
}

// Decode is the function Decode into i, which saves copying what was just written.
func (i *Inst) Decode(b []byte) error {
	l, a, px, disp, imm, err := parse(b)
	if err != nil {
		*i = Inst{}
		return err
	}
	// Field by field: a composite literal would be built elsewhere and copied.
	i.Len, i.Kind, i.Cond = l.length(), a.kind(), 0
	i.Map, i.Op, i.REX, i.Prefix = l.opmap(), l.op(), l.rex(), px
	i.ModRM, i.SIB, i.Vvvv = l.modRM(), l.sib(), l.vvvv()
	i.ModRMOff, i.DispOff, i.DispLen, i.ImmLen = l.modRMOff(), l.dispOff(), l.dispLen(), l.immLen()
	i.RIPRel, i.Disp, i.Imm = ripRelative(l, a, px), disp, imm
	if i.Kind == Jcc {
		i.Cond = Cond(i.Op & 15)
	}
	e := effect(a >> effectShift & effectMask)
	if e == byGroup {
		e = groupEffect(i)
	}
	i.Reads, i.Writes, i.Undef = effects[e].reads, effects[e].writes, effects[e].undef
	return nil
}

// ripRelative reports whether an instruction has a RIP-relative operand.
func ripRelative(l layout, a attr, px Prefixes) bool {
	return a&modrm != 0 && l.modRM()&0xC7 == 5 && px&AddrSize == 0 && !ignoresMod(l, px)
}
