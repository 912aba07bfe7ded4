package scan

import (
	"encoding/binary"
	"slices"

	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// AMD64 scans x86-64 text.
func AMD64(in *Input) *Result {
	res := &Result{}
	for _, text := range in.Text {
		res.Stats.Bytes += len(text.Bytes)
		s := amd64Scan{in: in, text: text, keys: targetsNear(in, text), res: res}
		if len(s.keys.t) > 0 {
			s.run()
		}
	}
	return res
}

// amd64Scan is the scan of one segment.
type amd64Scan struct {
	in   *Input
	text Segment
	keys *targets
	res  *Result
	fn   amd64Func // reused from function to function
}

// maxImm is the longest immediate behind an address operand, which
// counts from the end of the instruction.
const maxImm = 4

// run looks at each position that an address operand can be at. A position is a
// candidate if the byte before it is a ModRM byte that says RIP-relative and
// the four bytes at it lead to a target. The function of a candidate is
// decoded once, and the search goes on behind it.
func (s *amd64Scan) run() {
	b := s.text.Bytes
	// The target of an operand at p with no immediate is base+p+4+disp. In
	// 32-bit arithmetic a difference of 4 GiB is lost; find sees to that.
	first := s.keys.lo - maxImm
	span := uint32(min(s.keys.hi-first, 1<<32-1))
	skew := uint32(uint64(s.text.Addr) + 4 - first)
	for p := 1; p+4 <= len(b); p++ {
		if binary.LittleEndian.Uint32(b[p:])+uint32(p)+skew >= span {
			continue
		}
		if b[p-1]&0xC7 != 0x05 {
			continue
		}
		if t := s.candidate(p); t != nil {
			p = s.function(p, t) - 1
		}
	}
}

// candidate returns the target of an address operand at p.
func (s *amd64Scan) candidate(p int) *target {
	disp := int32(binary.LittleEndian.Uint32(s.text.Bytes[p:]))
	to := uint64(s.text.Addr) + uint64(p) + 4 + uint64(int64(disp))
	for _, imm := range [...]uint64{0, 1, 4, 2} {
		if t := s.keys.find(to + imm); t != nil {
			return t
		}
	}
	return nil
}

// function handles the function around a candidate and returns the offset at
// which the search goes on.
func (s *amd64Scan) function(p int, t *target) (next int) {
	at := s.text.Addr + uintptr(p)
	entry, end, ok := s.in.Funcs.Bounds(at)
	if !ok || entry < s.text.Addr || entry > at || end <= at {
		s.reject(Reject{Key: int(t.key), Reason: OutsideGo, GOT: t.got, Addr: at})
		return p + 1
	}
	stop := min(int(end-s.text.Addr), len(s.text.Bytes))
	if s.in.Skip != nil && s.in.Skip(entry) {
		return stop
	}
	f := &s.fn
	f.decode(s.text.Bytes[entry-s.text.Addr:stop], entry)
	s.res.Stats.Funcs++
	s.res.Stats.Insts += len(f.code)
	if f.failed {
		s.reject(Reject{Key: int(t.key), Reason: NotDecoded, GOT: t.got, Func: entry, Addr: at})
		return p + 1
	}
	for i := range f.code {
		if !f.code[i].RIPRel {
			continue
		}
		to := f.code[i].RIPTarget(f.pc(i))
		if t := s.keys.find(to); t != nil {
			s.reference(i, t, to)
		}
	}
	return stop
}

func (s *amd64Scan) reject(r Reject) { s.res.Rejects = append(s.res.Rejects, r) }

// amd64Func is a decoded function. Instructions are known by their index in code.
type amd64Func struct {
	entry  uint64
	size   uint32
	code   []amd64Inst
	failed bool // some bytes are no known instruction
	// into holds the offsets that direct branches of the function go to, sorted once
	// somebody asks.
	into   []uint32
	sorted bool
}

type amd64Inst struct {
	amd64.Inst
	off uint32
}

func (f *amd64Func) decode(b []byte, entry uintptr) {
	*f = amd64Func{entry: uint64(entry), size: uint32(len(b)), code: f.code[:0], into: f.into[:0]}
	for off := 0; off < len(b); {
		i, err := amd64.Decode(b[off:])
		if err != nil {
			f.failed = true
			return
		}
		f.code = append(f.code, amd64Inst{i, uint32(off)})
		if i.Branch() {
			if to := i.Target(f.entry+uint64(off)) - f.entry; to < uint64(len(b)) {
				f.into = append(f.into, uint32(to))
			}
		}
		off += int(i.Len)
	}
}

func (f *amd64Func) pc(i int) uint64 { return f.entry + uint64(f.code[i].off) }

// at returns the index of the instruction at an address of the function.
func (f *amd64Func) at(pc uint64) (int, bool) {
	if pc-f.entry >= uint64(f.size) {
		return 0, false
	}
	return slices.BinarySearchFunc(f.code, uint32(pc-f.entry), func(i amd64Inst, off uint32) int {
		return int(i.off) - int(off)
	})
}

// jumpedInto reports whether a direct branch of the function goes to one of the
// offsets from < offset < to.
func (f *amd64Func) jumpedInto(from, to uint32) bool {
	if !f.sorted {
		slices.Sort(f.into)
		f.sorted = true
	}
	i, _ := slices.BinarySearch(f.into, from+1)
	return i < len(f.into) && f.into[i] < to
}
