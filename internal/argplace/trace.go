package argplace

import "github.com/gkhi/gkhi/internal/sitetab"

// The compiler writes no places for results that it keeps in registers. But between a return's point and the
// RET of the function there is, as a rule, only what brings the results into the registers in which
// they are returned. So those instructions are followed, and what each of these registers then has is
// told in terms of registers, stack slots and constants at the site. What is computed only there is not known; nor
// is anything when there is a call, a branch, or an instruction that is not known here.

// A val is what a register or slot has, in terms of the site; its low n bytes are right.
type val struct {
	place sitetab.Place
	n     int
}

// A machine follows instructions from a site on.
type machine struct {
	general, float [32]val
	slots          map[int64]val // written since, by their offset from the site's stack pointer
	dirty          bool          // memory was written to that may be any
	sp             int64         // how far the stack pointer has moved up
	returned       bool
	cpu            *cpu
}

// most is how many instructions are followed.
const most = 100

// trace follows code from the site at pc on to a return, and returns nil if it does not get there. code is the
// function's, which is at base.
func (c *cpu) trace(code []byte, base, pc uint64) *machine {
	m := &machine{slots: map[int64]val{}, cpu: c}
	for i := range m.general {
		m.general[i] = val{sitetab.Place{Kind: sitetab.Register, N: int64(i)}, 8}
		m.float[i] = val{sitetab.Place{Kind: sitetab.FloatRegister, N: int64(i)}, 8}
	}
	site := pc
	for range most {
		if pc < base || pc-base >= uint64(len(code)) {
			return nil
		}
		next, ok := c.step(m, code[pc-base:], pc)
		if !ok {
			return nil
		}
		if m.returned {
			return m
		}
		if pc == site {
			m.forgetAddresses()
		}
		pc = next
	}
	return nil
}

// forgetAddresses is for the site's own instruction: that of a dormant one looks as if it took an address.
func (m *machine) forgetAddresses() {
	for i := range m.general {
		if m.general[i].place.Kind == sitetab.Address {
			m.general[i] = val{}
		}
	}
}

// load returns what is n bytes long and off above the stack pointer as it is now.
func (m *machine) load(off int64, n int) val {
	off += m.sp
	if v, ok := m.slots[off]; ok {
		v.n = min(v.n, n)
		return v
	}
	for at := range m.slots {
		if at < off+int64(n) && off < at+16 {
			return val{}
		}
	}
	if m.dirty {
		return val{}
	}
	return val{sitetab.Place{Kind: sitetab.Stack, N: off}, n}
}

// store writes n bytes.
func (m *machine) store(off int64, n int, v val) {
	off += m.sp
	for at := range m.slots {
		if at < off+int64(n) && off < at+16 {
			m.slots[at] = val{}
		}
	}
	v.n = min(v.n, n)
	if n > 8 {
		v = val{}
	}
	m.slots[off] = v
}

// A part is a piece of a value that has a register of its own.
type part struct {
	offset, size int
	float        bool
}

// Returned tells where results are at the site of a return, all of them in order: places for each of their
// words. It is nil where that could not be followed, or where something about a result is not known.
func (s *Site) Returned(results []*Value) [][]sitetab.Place {
	if s.end == nil {
		return nil
	}
	all := make([][]sitetab.Place, len(results))
	general, float := s.end.cpu.ints, s.end.cpu.floatRegs
	for i, v := range results {
		if v == nil || v.passing == unknown {
			return nil
		}
		all[i] = make([]sitetab.Place, v.Words())
		g, f := general, float
		var vals []val
		for _, p := range v.parts {
			switch {
			case p.float && f > 0:
				vals = append(vals, s.end.float[s.end.cpu.floatRegs-f])
				f--
			case !p.float && len(g) > 0:
				vals = append(vals, s.end.general[g[0]])
				g = g[1:]
			}
		}
		if v.passing == inMemory || len(vals) < len(v.parts) {
			continue // the whole value is on the stack, and takes no register
		}
		general, float = g, f
		for w := range all[i] {
			all[i][w] = wordOf(v.parts, vals, w)
		}
	}
	return all
}

// wordOf returns the place of a value's word that has one part only.
func wordOf(parts []part, vals []val, w int) (place sitetab.Place) {
	n := 0
	for i, p := range parts {
		if p.offset+p.size <= 8*w || p.offset >= 8*w+8 {
			continue
		}
		if n++; p.offset == 8*w && vals[i].n >= p.size {
			place = vals[i].place
			if place.Kind == sitetab.Constant && p.size < 8 {
				place.N &= 1<<(8*p.size) - 1
			}
		}
	}
	if n != 1 {
		return sitetab.Place{}
	}
	return place
}
