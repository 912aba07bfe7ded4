package argplace

import (
	"cmp"
	"slices"
	"sort"
)

// frames is a program's call frame information (.debug_frame).
type frames struct {
	fdes []fde
	sp   uint64 // the stack pointer's number
}

// An fde describes the frames of a function.
type fde struct {
	lo, hi uint64
	cie    *cie
	code   []byte
}

type cie struct {
	codeAlign uint64
	dataAlign int64
	code      []byte
}

// readFrames reads a section. What it doesn't understand it passes over.
func readFrames(data []byte, sp uint64) *frames {
	f := &frames{sp: sp}
	cies := map[uint64]*cie{}
	var offset uint64
	for r := (reader{b: data}); len(r.b) > 0 && !r.bad; {
		offset = uint64(len(data) - len(r.b))
		n := r.u32()
		if n >= 0xFFFFFFF0 { // 64-bit DWARF, or damage
			break
		}
		e := reader{b: r.take(n)}
		const isCIE = 0xFFFFFFFF
		id := e.u32()
		if id == isCIE {
			cies[offset] = readCIE(&e)
			continue
		}
		d := fde{lo: e.u64(), cie: cies[id]}
		d.hi = d.lo + e.u64()
		d.code = e.b
		if !e.bad && d.cie != nil && d.hi > d.lo {
			f.fdes = append(f.fdes, d)
		}
	}
	slices.SortStableFunc(f.fdes, func(a, b fde) int { return cmp.Compare(a.lo, b.lo) })
	return f
}

// readCIE returns nil for one that is not as Go and the usual compilers write it.
func readCIE(e *reader) *cie {
	version := e.u8()
	if e.u8() != 0 { // an augmentation
		return nil
	}
	if version >= 4 {
		if e.u8() != 8 || e.u8() != 0 { // sizes of addresses and segments
			return nil
		}
	}
	c := &cie{codeAlign: e.uleb(), dataAlign: e.sleb()}
	if version == 1 {
		e.u8()
	} else {
		e.uleb()
	}
	c.code = e.b
	if e.bad {
		return nil
	}
	return c
}

// size returns how far the CFA is above the stack pointer at pc.
func (f *frames) size(pc uint64) (n int64, ok bool) {
	i := sort.Search(len(f.fdes), func(i int) bool { return f.fdes[i].lo > pc }) - 1
	if i < 0 || pc >= f.fdes[i].hi {
		return 0, false
	}
	d := &f.fdes[i]
	s := cfaState{cie: d.cie, at: d.lo, pc: pc}
	if !s.run(d.cie.code) {
		return 0, false
	}
	if !s.passed && !s.run(d.code) {
		return 0, false
	}
	return s.offset, s.reg == f.sp && s.offset >= 0 && s.offset < 1<<31
}

// A cfaState is the machine of DWARF 5, section 6.4.2, without the registers' rules.
type cfaState struct {
	cie    *cie
	at, pc uint64
	passed bool // at is beyond pc
	reg    uint64
	offset int64
	saved  []cfaState
}

// advance reports whether pc is still to come.
func (s *cfaState) advance(by uint64) {
	s.at += by * s.cie.codeAlign
	s.passed = s.at > s.pc
}

// run reports false for an instruction that it does not know.
func (s *cfaState) run(code []byte) bool {
	for r := (reader{b: code}); len(r.b) > 0; {
		op := r.u8()
		switch op & 0xC0 {
		case 0x40: // DW_CFA_advance_loc
			s.advance(op & 0x3F)
		case 0x80: // DW_CFA_offset
			r.uleb()
		case 0xC0: // DW_CFA_restore
		default:
			if !s.step(op, &r) {
				return false
			}
		}
		if r.bad {
			return false
		}
		if s.passed {
			return true
		}
	}
	return true
}

func (s *cfaState) step(op uint64, r *reader) bool {
	switch op {
	case 0x00: // DW_CFA_nop
	case 0x01: // DW_CFA_set_loc
		s.at = r.u64()
		s.passed = s.at > s.pc
	case 0x02: // DW_CFA_advance_loc1, 2, 4
		s.advance(r.u8())
	case 0x03:
		s.advance(r.u16())
	case 0x04:
		s.advance(r.u32())
	case 0x05, 0x09, 0x14: // DW_CFA_offset_extended, register, val_offset
		r.uleb()
		r.uleb()
	case 0x06, 0x07, 0x08: // DW_CFA_restore_extended, undefined, same_value
		r.uleb()
	case 0x11, 0x15: // DW_CFA_offset_extended_sf, val_offset_sf
		r.uleb()
		r.sleb()
	case 0x0A: // DW_CFA_remember_state
		s.saved = append(s.saved, cfaState{reg: s.reg, offset: s.offset})
	case 0x0B: // DW_CFA_restore_state
		n := len(s.saved)
		if n == 0 {
			return false
		}
		s.reg, s.offset, s.saved = s.saved[n-1].reg, s.saved[n-1].offset, s.saved[:n-1]
	case 0x0C: // DW_CFA_def_cfa
		s.reg, s.offset = r.uleb(), int64(r.uleb())
	case 0x0D: // DW_CFA_def_cfa_register
		s.reg = r.uleb()
	case 0x0E: // DW_CFA_def_cfa_offset
		s.offset = int64(r.uleb())
	case 0x12: // DW_CFA_def_cfa_sf
		s.reg, s.offset = r.uleb(), r.sleb()*s.cie.dataAlign
	case 0x13: // DW_CFA_def_cfa_offset_sf
		s.offset = r.sleb() * s.cie.dataAlign
	case 0x10, 0x16: // DW_CFA_expression, val_expression
		r.uleb()
		r.take(r.uleb())
	default: // DW_CFA_def_cfa_expression, and what is not standard
		return false
	}
	return true
}
