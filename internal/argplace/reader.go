package argplace

import "encoding/binary"

// A reader takes little-endian numbers off a slice. Beyond the end it gives zeros, and bad is set.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8() uint64 {
	if p := r.take(1); p != nil {
		return uint64(p[0])
	}
	return 0
}

func (r *reader) u16() uint64 {
	if p := r.take(2); p != nil {
		return uint64(binary.LittleEndian.Uint16(p))
	}
	return 0
}

func (r *reader) u32() uint64 {
	if p := r.take(4); p != nil {
		return uint64(binary.LittleEndian.Uint32(p))
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// uleb and sleb read LEB128 numbers (DWARF 5, section 7.6).
func (r *reader) uleb() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) sleb() int64 {
	var v int64
	for shift := uint(0); shift < 64; shift += 7 {
		c := r.u8()
		v |= int64(c&0x7F) << shift
		if c&0x80 == 0 {
			if c&0x40 != 0 && shift+7 < 64 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.b, r.bad = nil, true
	return 0
}
