package amd64

import (
	"encoding/binary"

	"github.com/gkhi/gkhi/internal/insn"
)

const maxLen = 15

// Decode decodes the instruction at the start of b. It never reads beyond b and
// never panics; bytes after the instruction are ignored. The error is
// insn.ErrTruncated or insn.ErrUnknown, unwrapped.
func Decode(b []byte) (Inst, error) {
	var d decoder
	d.b = b
	if len(b) > maxLen {
		d.b = b[:maxLen]
	}
	if err := d.decode(); err != nil {
		if err == insn.ErrTruncated && len(b) >= maxLen {
			err = insn.ErrUnknown // it would be longer than 15 bytes
		}
		return Inst{}, err
	}
	return d.i, nil
}

type decoder struct {
	b   []byte
	pos int
	i   Inst
}

var prefixBits = [256]Prefixes{
	0x26: SegOld, 0x2E: SegOld, 0x36: SegOld, 0x3E: SegOld,
	0x64: SegFS, 0x65: SegGS, 0x66: OpSize, 0x67: AddrSize,
	0xF0: Lock, 0xF2: Repne, 0xF3: Rep,
}

func (d *decoder) decode() error {
	i := &d.i
	// Prefixes; of F2 and F3 the last one counts.
	op, ok := d.next()
	for ok {
		p := prefixBits[op]
		if p == 0 {
			break
		}
		if p&(Rep|Repne) != 0 {
			i.Prefix &^= Rep | Repne
		}
		i.Prefix |= p
		op, ok = d.next()
	}
	if ok && op&0xF0 == 0x40 {
		i.REX = op
		op, ok = d.next()
	}
	if !ok {
		return insn.ErrTruncated
	}
	var a attr
	switch op {
	case 0x0F:
		return d.escape()
	case 0xC4, 0xC5, 0x62:
		return d.vector(op)
	default:
		i.Op = op
		a = oneByte[op]
	}
	return d.finish(a)
}

// escape decodes what follows 0F.
func (d *decoder) escape() error {
	i := &d.i
	op, ok := d.next()
	if !ok {
		return insn.ErrTruncated
	}
	if op != 0x38 && op != 0x3A {
		i.Map, i.Op = Map0F, op
		return d.finish(twoByte[op])
	}
	i.Op, ok = d.next()
	switch {
	case !ok:
		return insn.ErrTruncated
	case op == 0x38 && legacy0F38.has(i.Op):
		i.Map = Map0F38
		return d.finish(map0F38Attr(i.Op))
	case op == 0x3A && legacy0F3A.has(i.Op):
		i.Map = Map0F3A
		if i.Op >= 0x60 && i.Op <= 0x63 { // PCMPxSTRx
			return d.finish(modrm | imm8 | aE)
		}
		return d.finish(rmI8)
	}
	return insn.ErrUnknown
}

// map0F38Attr returns the form of an assigned opcode of the 0F38 map.
func map0F38Attr(op byte) attr {
	switch op {
	case 0x17: // PTEST
		return rmA
	case 0x80, 0x81, 0x82, 0xF8, 0xFA, 0xFB: // INVEPT and so on, ENQCMD
		return rmU
	case 0xF6:
		return rmG
	}
	return rm
}

// vector decodes VEX and EVEX. A prefix that they imply, LOCK or REX before them is invalid.
func (d *decoder) vector(op byte) error {
	i := &d.i
	if i.REX != 0 || i.Prefix&(OpSize|Rep|Repne|Lock) != 0 {
		return insn.ErrUnknown
	}
	n := 2 // payload bytes
	switch op {
	case 0xC5:
		n = 1
	case 0x62:
		n = 3
	}
	if len(d.b)-d.pos < n+1 {
		return insn.ErrTruncated
	}
	p := d.b[d.pos : d.pos+n]
	d.pos += n
	i.Op = d.b[d.pos]
	d.pos++
	var pp byte
	switch op {
	case 0xC5:
		i.Prefix |= VEX
		i.Map, i.REX, i.Vvvv, pp = Map0F, ^p[0]>>5&rexR, ^p[0]>>3&15, p[0]&3
	case 0xC4:
		i.Prefix |= VEX
		i.Map, i.REX, i.Vvvv, pp = Map(p[0]&0x1F), ^p[0]>>5&7|p[1]>>4&rexW, ^p[1]>>3&15, p[1]&3
	case 0x62:
		// Bits that are fixed outside of APX and AVX10.2.
		if p[0]&8 != 0 || p[1]&4 == 0 {
			return insn.ErrUnknown
		}
		i.Prefix |= EVEX
		i.Map, i.REX, i.Vvvv, pp = Map(p[0]&7), ^p[0]>>5&7|p[1]>>4&rexW, ^p[1]>>3&15, p[1]&3
	}
	i.Prefix |= [4]Prefixes{0, OpSize, Rep, Repne}[pp]
	return d.finish(vectorAttr(i))
}

// vectorAttr returns the form of a VEX or EVEX instruction. The EVEX maps are
// not checked opcode by opcode: their form follows from the map.
func vectorAttr(i *Inst) attr {
	evex := i.Prefix&EVEX != 0
	switch {
	case i.Map == Map0F && i.Op == 0x77 && !evex: // VZEROUPPER, VZEROALL
		return none
	case i.Map == Map0F && vex0F.has(i.Op), i.Map == Map0F && evex:
		switch i.Op {
		case 0x70, 0x71, 0x72, 0x73, 0xC2, 0xC4, 0xC5, 0xC6:
			return rmI8
		}
		return rmG
	case i.Map == Map0F38 && (evex || vex0F38.has(i.Op)):
		return rmG
	case i.Map == Map0F3A && (evex || vex0F3A.has(i.Op)):
		return rmG8
	case (i.Map == Map5 || i.Map == Map6) && evex:
		return rm
	}
	return bad
}

// finish decodes ModRM, displacement and immediate, and classifies.
func (d *decoder) finish(a attr) error {
	i := &d.i
	if a&immMask == immBad {
		return insn.ErrUnknown
	}
	if a&modrm != 0 {
		if !d.modRM() {
			return insn.ErrTruncated
		}
	}
	if !d.immediate(a & immMask) {
		return insn.ErrTruncated
	}
	i.Len = uint8(d.pos)
	i.Kind = Kind(a >> kindShift & 15)
	e := effect(a >> effectShift)
	if e == byGroup {
		e = groupEffect(i)
	}
	i.Reads, i.Writes, i.Undef = effects[e].reads, effects[e].writes, effects[e].undef
	if i.Prefix&(VEX|EVEX) == 0 {
		return i.special()
	}
	return nil
}

func (d *decoder) next() (byte, bool) {
	if d.pos >= len(d.b) {
		return 0, false
	}
	c := d.b[d.pos]
	d.pos++
	return c, true
}

func (d *decoder) modRM() bool {
	i := &d.i
	i.ModRMOff = uint8(d.pos)
	m, ok := d.next()
	if !ok {
		return false
	}
	i.ModRM = m
	mod, rm := m>>6, m&7
	if mod == 3 || i.Map == Map0F && i.Op&^3 == 0x20 && i.Prefix&(VEX|EVEX) == 0 {
		return true // a register; moves of control and debug registers ignore mod
	}
	n := [3]int{0, 1, 4}[mod]
	switch {
	case rm == 4:
		i.SIB, ok = d.next()
		if !ok {
			return false
		}
		if mod == 0 && i.SIB&7 == 5 {
			n = 4
		}
	case mod == 0 && rm == 5:
		n = 4
		i.RIPRel = i.Prefix&AddrSize == 0
	}
	if n == 0 {
		return true
	}
	if len(d.b)-d.pos < n {
		return false
	}
	i.DispOff, i.DispLen = uint8(d.pos), uint8(n)
	if n == 1 {
		i.Disp = int32(int8(d.b[d.pos]))
	} else {
		i.Disp = int32(binary.LittleEndian.Uint32(d.b[d.pos:]))
	}
	d.pos += n
	return true
}

func (d *decoder) immediate(kind attr) bool {
	i := &d.i
	n := 0
	switch kind {
	case immNone:
		return true
	case imm8, immRel8:
		n = 1
	case imm16:
		n = 2
	case immZ, immRelZ:
		n = d.sizeZ()
	case immV:
		n = d.sizeZ()
		if i.REX&rexW != 0 {
			n = 8
		}
	case imm24:
		n = 3
	case immMoffs:
		n = 8
		if i.Prefix&AddrSize != 0 {
			n = 4
		}
		i.DispOff, i.DispLen = uint8(d.pos), uint8(n)
		if len(d.b)-d.pos < n {
			return false
		}
		d.pos += n
		return true
	case immTest:
		if i.ModRM&0x30 != 0 { // only /0 and /1, TEST, have an immediate
			return true
		}
		n = 1
		if i.Op == 0xF7 {
			n = d.sizeZ()
		}
	}
	if len(d.b)-d.pos < n {
		return false
	}
	switch b := d.b[d.pos:]; n {
	case 1:
		i.Imm = int32(int8(b[0]))
	case 2, 3:
		i.Imm = int32(int16(binary.LittleEndian.Uint16(b)))
	default:
		i.Imm = int32(binary.LittleEndian.Uint32(b))
	}
	i.ImmLen = uint8(n)
	d.pos += n
	return true
}

// sizeZ returns the size of an immediate that 66 shortens.
func (d *decoder) sizeZ() int {
	if d.i.Prefix&OpSize != 0 && d.i.REX&rexW == 0 {
		return 2
	}
	return 4
}
