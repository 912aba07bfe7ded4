package amd64

// An Outline is what a walk through a function needs of an instruction.
type Outline struct {
	Len    uint8
	Kind   Kind
	RIPRel bool
	// Rel is the displacement of a direct branch, or that of a RIP-relative operand.
	Rel int32
}

// Branch is Inst.Branch.
func (o Outline) Branch() bool { return o.Kind.branch() }

// Target returns where a direct branch at pc goes, or the address of a
// RIP-relative operand.
func (o Outline) Target(pc uint64) uint64 { return pc + uint64(o.Len) + uint64(int64(o.Rel)) }

// Skim decodes as Decode does, with the same errors, in a fraction of the time. It
// is fastest where at least 24 bytes follow.
func Skim(b []byte) (Outline, error) {
	if len(b) >= windowLen {
		if o, ok := skim((*window)(b)); ok {
			return o, nil
		}
	}
	l, a, px, disp, imm, err := parse(b)
	o := Outline{Len: l.length(), Kind: a.kind(), RIPRel: ripRelative(l, a, px)}
	switch {
	case o.Branch():
		o.Rel = imm
	case o.RIPRel:
		o.Rel = disp
	}
	return o, err
}

// skim takes the short way through the tables, nearly without branches, which
// would be mispredicted. It reports false for what needs the long way:
// prefixes other than REX, the less common maps, and whatever is special.
func skim(w *window) (o Outline, ok bool) {
	rex := rexBit(w[0])
	op := w[rex]
	s := shortOne[op]
	pos := rex + 1
	if op == 0x0F {
		s = shortTwo[w[pos]]
		pos++
	}
	m := w[pos]
	// Without a ModRM byte the form is 0, and nothing is added.
	form := modRMForms[m] & uint8(s>>shortFormShift)
	if s&shortLong != 0 || s&shortReg != 0 && m&0x38 != 0 {
		return o, false
	}
	disp := pos + 1 + uint(form>>3&1) // behind ModRM and SIB
	if form&formNoBase != 0 && w[disp-1]&7 == 5 {
		return o, false
	}
	pos += uint(s>>shortModRMShift&1) + uint(form>>3&1) + uint(form&7) + uint(s&shortImm)
	o.Len = uint8(pos)
	if form&formRIP != 0 {
		o.RIPRel, o.Rel = true, immediate(w[disp&7:], 4)
	}
	if k := Kind(s >> shortKindShift & 15); k != Other {
		o.Kind = k
		if k.branch() {
			o.Rel = immediate(w[(pos-uint(s&shortImm))&7:], uint8(s&shortImm))
		}
		return o, k != Nop || rex == 0
	}
	return o, true
}

// rexBit returns 1 for a REX prefix and 0 for anything else.
func rexBit(c byte) uint { return (uint(c&0xF0^0x40) - 1) >> 8 & 1 }

// A short is an opcode's attr as skim wants it.
type short uint32

const (
	shortImm        short = 15     // length of the immediate
	shortModRMShift       = 4      // a ModRM byte follows
	shortLong       short = 1 << 5 // take the long way
	shortReg        short = 1 << 6 // take it if the register field of ModRM is not 0
	shortKindShift        = 8      // four bits
	shortFormShift        = 16     // eight bits, all set if a ModRM byte follows
)

var shortOne, shortTwo = shorts(&oneByte), shorts(&twoByte)

func shorts(table *[256]attr) (t [256]short) {
	for op, a := range table {
		kind := a & immMask
		s := short(immSizes[kind]) | short(a.kind())<<shortKindShift
		if a&modrm != 0 {
			s |= 1<<shortModRMShift | 0xFF<<shortFormShift
		}
		switch {
		case table == &oneByte && (op == 0xC6 || op == 0xC7):
			s |= shortReg
		case a&special != 0, kind == immBad, kind == immV, kind == immMoffs,
			table == &twoByte && op&^3 == 0x20: // see ignoresMod
			s |= shortLong
		}
		t[op] = s
	}
	return t
}
