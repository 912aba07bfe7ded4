package scan

import "encoding/binary"

// AMD64 scans x86-64 text.
func AMD64(in *Input) *Result {
	res := &Result{}
	for _, text := range in.Text {
		res.Stats.Bytes += len(text.Bytes)
		s := amd64Scan{in: in, text: text, keys: targetsNear(in, text), res: res}
		s.bounds = newBounds(in.Funcs, text)
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

	bounds *bounds
	fn     amd64Func // reused from function to function
}

// maxImm is the longest immediate behind an address operand, which
// counts from the end of the instruction.
const maxImm = 4

// run looks at each position that an address operand can be at. A position is a
// candidate if the byte before it is a ModRM byte that says RIP-relative and
// the four bytes at it lead to a target. The function of a candidate is
// decoded once, and the search goes on behind it.
func (s *amd64Scan) run() {
	// The target of an operand at p with no immediate is base+p+4+disp. In
	// 32-bit arithmetic a difference of 4 GiB is lost; find sees to that.
	first := s.keys.lo - maxImm
	span := uint32(min(s.keys.hi-first, 1<<32-1))
	skew := uint32(uint64(s.text.Addr) + 4 - first)
	filter := newFilter(s.keys, first)
	b := s.text.Bytes
	for p := 1; p+4 <= len(b); {
		p += passOver(b[p:], uint32(p)+skew, span)
		for end := min(p+eight, len(b)-3); p < end; p++ {
			to := binary.LittleEndian.Uint32(b[p:]) + uint32(p) + skew
			if to >= span || b[p-1]&0xC7 != 0x05 || !filter.has(to) {
				continue
			}
			if t := s.candidate(p); t != nil {
				p = s.function(p, t)
				break
			}
		}
	}
}

const eight = 8

// passOver returns how many positions at the start of b, a multiple of eight, hold
// no displacement that is less than span when its position and at are added. It is
// where the time goes in a program with few sites, hence written out.
func passOver(b []byte, at, span uint32) (n int) {
	for ; len(b) >= eight+3; b = b[eight:] {
		w := (*[eight + 3]byte)(b)
		if binary.LittleEndian.Uint32(w[0:])+at < span ||
			binary.LittleEndian.Uint32(w[1:])+(at+1) < span ||
			binary.LittleEndian.Uint32(w[2:])+(at+2) < span ||
			binary.LittleEndian.Uint32(w[3:])+(at+3) < span ||
			binary.LittleEndian.Uint32(w[4:])+(at+4) < span ||
			binary.LittleEndian.Uint32(w[5:])+(at+5) < span ||
			binary.LittleEndian.Uint32(w[6:])+(at+6) < span ||
			binary.LittleEndian.Uint32(w[7:])+(at+7) < span {
			break
		}
		at += eight
		n += eight
	}
	return n
}

// A filter is a coarse set of addresses: one bit says whether a target is in a
// block of 1<<shift bytes or at most maxImm bytes behind it. Code is full of
// references to data near the keys, and this turns nearly all of them away for one
// load.
type filter struct {
	bits  []uint64
	shift uint
}

const (
	filterShift = 6       // a cache line of data
	filterBits  = 1 << 19 // at most: 64 KiB
)

// newFilter makes the filter of addresses counted from first.
func newFilter(keys *targets, first uint64) *filter {
	span := keys.hi - first
	f := &filter{shift: filterShift}
	for span>>f.shift >= filterBits {
		f.shift++
	}
	f.bits = make([]uint64, span>>f.shift/64+1)
	for _, t := range keys.t {
		for a := (t.addr - maxImm - first) >> f.shift; a <= (t.addr+uint64(t.size)-1-first)>>f.shift; a++ {
			f.bits[a/64] |= 1 << (a % 64)
		}
	}
	return f
}

func (f *filter) has(to uint32) bool {
	block := to >> f.shift
	return f.bits[block/64]>>(block%64)&1 != 0
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
	entry, end, ok := s.bounds.find(p)
	if !ok || entry < s.text.Addr || entry > at || end <= at {
		s.unsure(Reject{Reason: OutsideGo, Addr: at}, t)
		return p + 1
	}
	stop := min(int(end-s.text.Addr), len(s.text.Bytes))
	if s.in.Skip != nil && s.in.Skip(entry) {
		return stop
	}
	f := &s.fn
	if from := int(entry - s.text.Addr); !f.failed || f.entry != uint64(entry) {
		s.res.Stats.Funcs++
		s.res.Stats.Insts += f.decode(s.text.Bytes[from:], stop-from, entry, s.keys)
	}
	if f.failed {
		s.unsure(Reject{Reason: NotDecoded, Func: entry, Addr: at}, t)
		return p + 1
	}
	for _, off := range f.refs {
		s.reference(off)
	}
	return stop
}

// unsure rejects a candidate of which it is not known that it is an operand. Those
// that would lead to a slot are passed over unless the slot's variable is a key
// itself.
func (s *amd64Scan) unsure(r Reject, t *target) {
	r.GOT = t.value != 0
	if r.GOT {
		t = s.keys.key(t.value)
	}
	if t != nil {
		r.Key = int(t.key)
		s.reject(r)
	}
}

func (s *amd64Scan) reject(r Reject) { s.res.Rejects = append(s.res.Rejects, r) }
