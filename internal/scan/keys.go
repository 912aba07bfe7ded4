package scan

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A target is a key or a slot, as a range of addresses.
type target struct {
	addr  uint64
	value uint64 // of a slot, which is one if this is not 0
	size  uint32
	key   int32 // of a key; of a slot the first key in its variable
}

// targets is the set of addresses that one segment's references are looked up
// in, sorted. Looking up is two steps: a subtraction and a comparison with the
// range of all of them, which turns away nearly everything, and a
// search within a bucket.
type targets struct {
	t      []target
	lo, hi uint64 // of all targets
	shift  uint   // bucket of an address: (addr - lo) >> shift
	bucket []int32

	// all holds every key, however far, since slots lead anywhere; nil if there are no slots.
	all *targets
}

// reach is how far an address operand reaches, either way, on every CPU here.
// (amd64 reaches 2 GiB, arm64's ADRP 4 GiB.)
const reach = 4 << 30

// targetsNear collects the keys and slots that text can refer to.
func targetsNear(in *Input, text Segment) *targets {
	from, to := uint64(text.Addr), uint64(text.Addr)+uint64(len(text.Bytes))
	var near []target
	add := func(t target) {
		if t.addr+reach >= from && t.addr <= to+reach {
			near = append(near, t)
		}
	}
	keys := make([]target, len(in.Keys))
	for i, k := range in.Keys {
		keys[i] = target{addr: uint64(k.Addr), size: uint32(max(k.Size, 1)), key: int32(i)}
		add(keys[i])
	}
	var all *targets
	if len(in.Slots) > 0 {
		all = newTargets(keys)
	}
	for _, l := range in.Slots {
		if first := all.behind(uint64(l.Value)); first != nil {
			add(target{addr: uint64(l.Addr), value: uint64(l.Value), size: 1, key: first.key})
		}
	}
	s := newTargets(near)
	s.all = all
	return s
}

func newTargets(t []target) *targets {
	s := &targets{t: t}
	if len(s.t) == 0 {
		return s
	}
	slices.SortFunc(s.t, func(a, b target) int { return cmp.Compare(a.addr, b.addr) })
	last := s.t[len(s.t)-1]
	s.lo, s.hi = s.t[0].addr, last.addr+uint64(last.size)
	for (s.hi-s.lo)>>s.shift > 4*uint64(len(s.t)) {
		s.shift++
	}
	// bucket[b] is the first target that ends behind the start of bucket b.
	s.bucket = make([]int32, (s.hi-s.lo)>>s.shift+1)
	i := 0
	for b := range s.bucket {
		start := s.lo + uint64(b)<<s.shift
		for i < len(s.t) && s.t[i].addr+uint64(s.t[i].size) <= start {
			i++
		}
		s.bucket[b] = int32(i)
	}
	return s
}

// find returns the target that addr is in, or nil.
func (s *targets) find(addr uint64) *target {
	if addr-s.lo >= s.hi-s.lo {
		return nil
	}
	for i := int(s.bucket[(addr-s.lo)>>s.shift]); i < len(s.t) && s.t[i].addr <= addr; i++ {
		if addr-s.t[i].addr < uint64(s.t[i].size) {
			return &s.t[i]
		}
	}
	return nil
}

// FindSlots returns the aligned little-endian 8-byte words of data that hold
// the address of a key, or one up to 4 KiB before it, as that may be the variable
// that the key is a field of. Run it over a module's global offset table, or all that
// is read-only once the module is loaded (RELRO), and over nothing that is written
// later: a variable that points to a key now may point elsewhere when it is read.
func FindSlots(data Segment, keys []Key) []Slot {
	t := make([]target, len(keys))
	for i, k := range keys {
		t[i] = target{addr: uint64(k.Addr), size: 1, key: int32(i)}
	}
	s := newTargets(t)
	var found []Slot
	skew := int(-data.Addr & 7)
	for p := skew; p+8 <= len(data.Bytes); p += 8 {
		if v := binary.LittleEndian.Uint64(data.Bytes[p:]); s.behind(v) != nil {
			found = append(found, Slot{Addr: data.Addr + uintptr(p), Value: uintptr(v)})
		}
	}
	return found
}

// maxField is how far into a variable a key is looked for that is reached through a slot.
const maxField = 4096

// behind returns the first key that starts at a variable's address or in the bytes behind it.
func (s *targets) behind(variable uint64) *target {
	if len(s.t) == 0 || variable >= s.hi || variable+maxField < s.lo {
		return nil
	}
	i := 0
	if variable > s.lo {
		i = int(s.bucket[(variable-s.lo)>>s.shift])
	}
	for i < len(s.t) && (s.t[i].addr < variable || s.t[i].value != 0) {
		i++
	}
	if i < len(s.t) && s.t[i].addr-variable < maxField {
		return &s.t[i]
	}
	return nil
}

// key returns the key that addr is in, or nil; a slot is none.
func (s *targets) key(addr uint64) *target {
	if s.all != nil {
		s = s.all
	}
	if t := s.find(addr); t != nil && t.value == 0 {
		return t
	}
	return nil
}

// between reports whether a target starts in from <= address <= to or reaches into it.
func (s *targets) between(from, to uint64) bool {
	if to < s.lo || from >= s.hi {
		return false
	}
	i := 0
	if from > s.lo {
		i = int(s.bucket[(from-s.lo)>>s.shift])
	}
	for i < len(s.t) && s.t[i].addr+uint64(s.t[i].size) <= from {
		i++
	}
	return i < len(s.t) && s.t[i].addr <= to
}
