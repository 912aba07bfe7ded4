package amd64

import (
	"encoding/binary"

	"github.com/gkhi/gkhi/internal/insn"
)

const maxLen = 15

// A window is the bytes that are being parsed, and as many more as any read
// can touch, so that a read needs no check: reads start at 15 at most.
type window = [windowLen]byte

const windowLen = 24

// A layout is where the parts of an instruction are, and its bytes that are no
// displacement or immediate. It is packed, as parse returns it in a register:
// scanning takes apart every instruction of a function, and through memory that
// takes twice the time.
//
//	bits   0–4 length          16–19 displacement's length   28–31 map
//	       8–11 ModRM's offset 20–23 immediate's length      32–39 opcode
//	      12–15 displacement's 24–27 VEX.vvvv                40–47 ModRM
//	                                                         48–55 SIB, 56–63 REX
type layout uint64

func (l layout) length() uint8   { return uint8(l & 31) }
func (l layout) modRMOff() uint8 { return uint8(l >> 8 & 15) }
func (l layout) dispOff() uint8  { return uint8(l >> 12 & 15) }
func (l layout) dispLen() uint8  { return uint8(l >> 16 & 15) }
func (l layout) immLen() uint8   { return uint8(l >> 20 & 15) }
func (l layout) vvvv() uint8     { return uint8(l >> 24 & 15) }
func (l layout) opmap() Map      { return Map(l >> 28 & 15) }
func (l layout) op() byte        { return byte(l >> 32) }
func (l layout) modRM() byte     { return byte(l >> 40) }
func (l layout) sib() byte       { return byte(l >> 48) }
func (l layout) rex() byte       { return byte(l >> 56) }

// parse takes apart the instruction at the start of b.
func parse(b []byte) (l layout, a attr, px Prefixes, disp, imm int32, err error) {
	if len(b) >= windowLen {
		return parseWindow((*window)(b), windowLen)
	}
	return parseShort(b)
}

// parseShort parses where b is shorter than a window. What is read beyond b is
// zeros, and does not count, as too many bytes turn out to have been read.
func parseShort(b []byte) (l layout, a attr, px Prefixes, disp, imm int32, err error) {
	var w window
	return parseWindow(&w, copy(w[:], b))
}

// parseWindow parses the first n bytes of w.
func parseWindow(w *window, n int) (l layout, a attr, px Prefixes, disp, imm int32, err error) {
	c := code{op: w[0], pos: 1}
	if prefixBits[c.op] != 0 {
		c, px = prefixes(w)
	}
	if c.op&0xF0 == 0x40 {
		c.rex, c.op, c.pos = c.op, w[c.pos&15], c.pos+1
	}
	ok := true
	switch c.op {
	case 0x0F:
		c.op, c.pos = w[c.pos&15], c.pos+1
		if c.op != 0x38 && c.op != 0x3A {
			l, a = layout(Map0F)<<28, twoByte[c.op]
			break
		}
		c, l, a = escape(w, c)
	case 0xC4, 0xC5, 0x62:
		c, l, a, px = vector(w, c, px)
	default:
		a = oneByte[c.op]
	}
	pos := c.pos
	l |= layout(c.op)<<32 | layout(c.rex)<<56
	if a&modrm != 0 {
		m := w[pos&15]
		l |= layout(pos)<<8 | layout(m)<<40
		pos++
		if f := modRMForms[m]; f != 0 && !ignoresMod(l, px) {
			size := f & 7
			if f&formSIB != 0 {
				sib := w[pos&15]
				l |= layout(sib) << 48
				pos++
				if f&formNoBase != 0 && sib&7 == 5 {
					size = 4
				}
			}
			if size != 0 {
				disp = int32(int8(w[pos&15]))
				if size == 4 {
					disp = int32(binary.LittleEndian.Uint32(w[pos&15:]))
				}
				l |= layout(pos&15)<<12 | layout(size)<<16
				pos += uint(size)
			}
		}
		if a&special != 0 {
			a, ok = bySpecial(l, a, px)
		}
	}
	if kind := a & immMask; kind != immNone {
		size := immSizes[kind]
		if px != 0 || kind >= immV {
			size = immSize(kind, px, c.rex)
		}
		if kind == immMoffs {
			l |= layout(pos&15)<<12 | layout(size)<<16
		} else {
			imm = immediate(w[pos&15:], size)
			l |= layout(size) << 20
		}
		pos += uint(size)
		ok = ok && kind != immBad
	}
	if a>>kindShift&15 != 0 && (px|Prefixes(c.rex)) != 0 {
		a, ok = branchPrefixes(l, a, px, ok)
	}
	l |= layout(pos & 31)
	switch {
	case pos > maxLen && n >= maxLen, !ok && int(pos) <= n:
		return 0, 0, 0, 0, 0, insn.ErrUnknown
	case int(pos) > n:
		return 0, 0, 0, 0, 0, insn.ErrTruncated
	}
	return l, a, px, disp, imm, nil
}

// A code is the opcode as far as it is known, the REX prefix, and where the next byte is read.
type code struct {
	op, rex byte
	pos     uint
}

var prefixBits = [256]Prefixes{
	0x26: SegOld, 0x2E: SegOld, 0x36: SegOld, 0x3E: SegOld,
	0x64: SegFS, 0x65: SegGS, 0x66: OpSize, 0x67: AddrSize,
	0xF0: Lock, 0xF2: Repne, 0xF3: Rep,
}

// prefixes reads the legacy prefixes and the byte behind them.
func prefixes(w *window) (c code, px Prefixes) {
	for c.pos <= maxLen {
		c.op = w[c.pos]
		c.pos++
		p := prefixBits[c.op]
		if p == 0 {
			break
		}
		if p&(Rep|Repne) != 0 { // the last one counts
			px &^= Rep | Repne
		}
		px |= p
	}
	return c, px // with 16 prefixes it is too long already
}

// escape reads what follows 0F 38 and 0F 3A.
func escape(w *window, c code) (code, layout, attr) {
	op := w[c.pos&15]
	next := code{op, c.rex, c.pos + 1}
	a := attr(bad)
	if c.op == 0x38 {
		if legacy0F38.has(op) {
			a = map0F38Attr(op)
		}
		return next, layout(Map0F38) << 28, a
	}
	if legacy0F3A.has(op) {
		a = rmI8
		if op >= 0x60 && op <= 0x63 { // PCMPxSTRx
			a = modrm | imm8 | aE
		}
	}
	return next, layout(Map0F3A) << 28, a
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

// vector reads what follows C4, C5 (VEX) and 62 (EVEX). A prefix that they
// imply, LOCK or REX before them is invalid.
func vector(w *window, c code, px Prefixes) (code, layout, attr, Prefixes) {
	invalid := c.rex != 0 || px&(OpSize|Rep|Repne|Lock) != 0
	first := w[c.pos&15]
	c.pos++
	payload, m := first, Map0F
	c.rex = ^first >> 5 & rexR
	px |= VEX
	if c.op != 0xC5 {
		payload = w[c.pos&15]
		c.pos++
		m = Map(first & 0x1F)
		c.rex = ^first>>5&7 | payload>>4&rexW
	}
	if c.op == 0x62 {
		// Bits that are fixed outside of APX and AVX10.2.
		invalid = invalid || first&8 != 0 || payload&4 == 0
		c.pos++
		m &= 7
		px ^= VEX | EVEX
	}
	px |= [4]Prefixes{0, OpSize, Rep, Repne}[payload&3]
	c.op = w[c.pos&15]
	c.pos++
	a := vectorAttr(px, m, c.op)
	if invalid {
		a = bad
	}
	return c, layout(m&15)<<28 | layout(^payload>>3&15)<<24, a, px
}

// vectorAttr returns the form of a VEX or EVEX instruction. The EVEX maps are
// not checked opcode by opcode: their form follows from the map.
func vectorAttr(px Prefixes, m Map, op byte) attr {
	evex := px&EVEX != 0
	switch {
	case m == Map0F && op == 0x77 && !evex: // VZEROUPPER, VZEROALL
		return none
	case m == Map0F && (evex || vex0F.has(op)):
		switch op {
		case 0x70, 0x71, 0x72, 0x73, 0xC2, 0xC4, 0xC5, 0xC6:
			return rmI8
		}
		return rmG
	case m == Map0F38 && (evex || vex0F38.has(op)):
		return rmG
	case m == Map0F3A && (evex || vex0F3A.has(op)):
		return rmG8
	case (m == Map5 || m == Map6) && evex:
		return rm
	}
	return bad
}

// ignoresMod reports whether the instruction moves a control or debug register: the
// operand is then a register whatever mod says.
func ignoresMod(l layout, px Prefixes) bool {
	return l.opmap() == Map0F && l.op()&^3 == 0x20 && px&(VEX|EVEX) == 0
}

// modRMForms says what follows a ModRM byte.
var modRMForms = func() (t [256]uint8) {
	for m := range t {
		mod, rm := m>>6, m&7
		switch {
		case mod == 3:
			continue
		case mod == 0 && rm == 4:
			t[m] = formMem | formSIB | formNoBase
		case rm == 4:
			t[m] = formMem | formSIB
		case mod == 0 && rm == 5:
			t[m] = formMem | formRIP | 4
		default:
			t[m] = formMem
		}
		t[m] |= [3]uint8{0, 1, 4}[mod]
	}
	return t
}()

// The length of the displacement is in the low three bits of a form.
const (
	formSIB    = 8 << iota
	formRIP    // RIP-relative
	formNoBase // base 5 in the SIB byte means a displacement of four bytes
	formMem    // a memory operand
)

// immSize returns the size of an immediate.
func immSize(kind attr, px Prefixes, rex byte) uint8 {
	wide := rex&rexW != 0
	switch kind {
	case immMoffs:
		if px&AddrSize == 0 {
			return 8
		}
	case immV:
		if wide {
			return 8
		}
		fallthrough
	case immZ, immRelZ:
		if px&OpSize != 0 && !wide {
			return 2
		}
	}
	return immSizes[kind]
}

// immediate returns the value of an immediate, sign-extended.
func immediate(b []byte, size uint8) int32 {
	switch size {
	case 1:
		return int32(int8(b[0]))
	case 2, 3:
		return int32(int16(binary.LittleEndian.Uint16(b)))
	}
	return int32(binary.LittleEndian.Uint32(b))
}
