package scan

import (
	"slices"

	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// amd64Func is the function being looked at. Instructions are known by their
// offset from its entry. Of most nothing is kept but where they start; those on
// a site's ways are decoded again.
type amd64Func struct {
	entry  uint64
	code   []byte // of the function
	failed bool   // some bytes are no known instruction

	starts []uint64 // bitmap of the offsets that instructions start at
	refs   []uint32 // instructions whose operand is a key or slot
	into   []uint32 // where direct branches of the function go, sorted once somebody asks
	sorted bool
}

// decode goes through the function, which is the first size bytes of text (decoding is
// faster where more bytes follow), and returns the number of its instructions.
func (f *amd64Func) decode(text []byte, size int, entry uintptr, keys *targets) (n int) {
	code := text[:size]
	*f = amd64Func{
		entry: uint64(entry), code: code,
		starts: slices.Grow(f.starts[:0], len(code)/64+1)[:len(code)/64+1],
		refs:   f.refs[:0], into: f.into[:0],
	}
	clear(f.starts)
	for off := uint32(0); off < uint32(len(code)); n++ {
		i, err := amd64.Skim(text[off:])
		if err != nil || int(off)+int(i.Len) > size {
			f.failed = true
			break
		}
		f.starts[off/64] |= 1 << (off % 64)
		if i.RIPRel && keys.find(i.Target(f.pc(off))) != nil {
			f.refs = append(f.refs, off)
		}
		if i.Branch() {
			if to := i.Target(f.pc(off)) - f.entry; to < uint64(len(code)) {
				f.into = append(f.into, uint32(to))
			}
		}
		off += uint32(i.Len)
	}
	return n
}

func (f *amd64Func) pc(off uint32) uint64 { return f.entry + uint64(off) }

// has reports whether an instruction starts at off.
func (f *amd64Func) has(off uint32) bool {
	return off < uint32(len(f.code)) && f.starts[off/64]>>(off%64)&1 != 0
}

// nopBefore reports whether the instruction before the one at off is NOP, of one byte.
func (f *amd64Func) nopBefore(off uint32) bool {
	return off > 0 && f.has(off-1) && f.code[off-1] == 0x90
}

// inst decodes the instruction at off, at which one starts.
func (f *amd64Func) inst(off uint32, in *amd64.Inst) {
	if err := in.Decode(f.code[off:]); err != nil {
		panic("scan: an instruction decodes only once: " + err.Error())
	}
}

// contains reports whether an address is in the function.
func (f *amd64Func) contains(pc uint64) bool { return pc-f.entry < uint64(len(f.code)) }

// at returns the offset of the instruction at an address, if one starts there.
func (f *amd64Func) at(pc uint64) (uint32, bool) {
	if !f.contains(pc) {
		return 0, false
	}
	off := uint32(pc - f.entry)
	return off, f.has(off)
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
