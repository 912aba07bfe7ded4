package scan

import (
	"encoding/binary"

	"github.com/gkhi/gkhi/internal/insn/arm64"
)

// ARM64 scans A64 text.
func ARM64(in *Input) *Result {
	res := &Result{}
	for _, text := range in.Text {
		res.Stats.Bytes += len(text.Bytes)
		s := arm64Scan{in: in, text: text, keys: targetsNear(in, text), res: res}
		if len(s.keys.t) > 0 {
			s.run()
		}
	}
	return res
}

// arm64Scan is the scan of one segment. Instructions are known by the index of
// their word in it.
type arm64Scan struct {
	in   *Input
	text Segment
	keys *targets
	res  *Result

	fn   arm64Func
	walk []addrPath // reused
	seen map[addrSeen]bool
}

// maxOffset is how far behind the page of an ADRP one load or store reaches.
const maxOffset = 4095 * 16

// run looks at each ADRP and ADR whose page a target is on or behind.
func (s *arm64Scan) run() {
	b := s.text.Bytes
	first := s.keys.lo - maxOffset
	span := s.keys.hi - first
	for p := 0; p+4 <= len(b); p += 4 {
		w := binary.LittleEndian.Uint32(b[p:])
		if w>>24&0x1F != 0x10 {
			continue
		}
		in := arm64.Decode(w)
		to := in.Target(uint64(s.text.Addr) + uint64(p))
		if to-first >= span || !s.keys.between(to, to+maxOffset) {
			continue
		}
		s.address(p/4, in.Rd, to)
	}
}

// address handles an ADR or ADRP (word i) that puts the address to in reg.
func (s *arm64Scan) address(i int, reg uint8, to uint64) {
	at := s.addr(i)
	if !s.fn.has(i) {
		entry, end, ok := s.in.Funcs.Bounds(at)
		if !ok || entry < s.text.Addr || entry > at || end <= at {
			// ADRP alone is no proof of a reference.
			if t := s.plainUse(i, reg, to); t != nil {
				s.reject(Reject{Key: int(t.key), Reason: OutsideGo, Addr: at})
			}
			return
		}
		stop := min(int(end-s.text.Addr), len(s.text.Bytes)) / 4
		s.fn.decode(s.text.Bytes, int(entry-s.text.Addr)/4, stop)
		s.fn.entry, s.fn.skip = entry, s.in.Skip != nil && s.in.Skip(entry)
		s.res.Stats.Funcs++
		s.res.Stats.Insts += stop - s.fn.from
	}
	if !s.fn.skip {
		s.follow(i, reg, to)
	}
}

// plainUse returns the key that the word behind an address refers to: all that
// is looked at outside of Go functions.
func (s *arm64Scan) plainUse(i int, reg uint8, to uint64) *target {
	if 4*i+8 > len(s.text.Bytes) {
		return nil
	}
	in := arm64.Decode(s.word(i + 1))
	if in.Rn != reg {
		return nil
	}
	switch in.Kind {
	case arm64.AddImm, arm64.Load, arm64.Store, arm64.Access:
		return s.keys.key(to + uint64(in.Imm))
	}
	return nil
}

func (s *arm64Scan) addr(i int) uintptr { return s.text.Addr + 4*uintptr(i) }

func (s *arm64Scan) word(i int) uint32 { return binary.LittleEndian.Uint32(s.text.Bytes[4*i:]) }

func (s *arm64Scan) reject(r Reject) { s.res.Rejects = append(s.res.Rejects, r) }

// arm64Func is what is known of the function being looked at.
type arm64Func struct {
	from, to int // words
	entry    uintptr
	skip     bool
	target   []bool // by word: a direct branch of the function goes there
}

func (f *arm64Func) has(i int) bool { return f.from <= i && i < f.to }

// decode notes where the branches of a function go.
func (f *arm64Func) decode(b []byte, from, to int) {
	*f = arm64Func{from: from, to: to, target: append(f.target[:0], make([]bool, to-from)...)}
	for i := from; i < to; i++ {
		in := arm64.Decode(binary.LittleEndian.Uint32(b[4*i:]))
		if !in.Branch() {
			continue
		}
		if t := i + int(in.Imm/4); f.has(t) {
			f.target[t-from] = true
		}
	}
}
