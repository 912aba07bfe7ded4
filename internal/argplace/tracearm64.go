package argplace

import (
	"encoding/binary"
	"math/bits"

	"github.com/gkhi/gkhi/internal/sitetab"
)

const arm64SP = 31 // or the zero register, as the instruction has it

// stepARM64 executes one instruction. It reports false for those that can't be followed. Encodings are
// those of the Arm Architecture Reference Manual, section C4.1.
func stepARM64(m *machine, code []byte, pc uint64) (next uint64, ok bool) {
	if len(code) < 4 {
		return 0, false
	}
	in, next := binary.LittleEndian.Uint32(code), pc+4
	rd, rn, rm := in&31, in>>5&31, in>>16&31
	switch {
	case in == 0xD65F03C0: // RET
		m.returned = true
		return next, true
	case in == 0xD503201F: // NOP
		return next, true
	case in>>26 == 0x05: // B
		return pc + uint64(int64(int32(in<<6)>>4)), true
	case in&0x7FE0FFE0 == 0x2A0003E0: // MOV Rd, Rm
		v := val{}
		if rm == arm64SP {
			v = val{sitetab.Place{Kind: sitetab.Constant}, 8}
		} else {
			v = m.general[rm]
		}
		return next, m.setARM64(rd, narrowed(v, in>>31 == 1))
	case in&0x7F800000 == 0x52800000: // MOVZ
		return next, m.setARM64(rd, constant(uint64(in>>5&0xFFFF)<<(16*(in>>21&3))))
	case in&0xFF800000 == 0x92800000: // MOVN, 64 bits
		return next, m.setARM64(rd, constant(^(uint64(in>>5&0xFFFF) << (16 * (in >> 21 & 3)))))
	case in&0x7F8003E0 == 0x320003E0: // ORR of the zero register and an immediate, as MOV is written
		return next, m.setARM64(rd, bitmask(in))
	case in&0x9F000000 == 0x90000000: // ADRP
		imm := int64(int32(in<<8)>>13)<<2 | int64(in>>29&3)
		return next, m.setARM64(rd, val{sitetab.Place{Kind: sitetab.Address, N: int64(pc&^0xFFF) + imm<<12}, 8})
	case in&0xFF800000 == 0x91000000: // ADD Rd, Rn, imm; 64 bits
		return next, m.addARM64(rd, rn, immediate(in))
	case in&0xFF800000 == 0xD1000000: // SUB
		return next, m.addARM64(rd, rn, -immediate(in))
	case in>>26&7 == 4 || in>>25&7 == 5: // data processing, with an immediate or registers
		if rd == arm64SP && setsSP(in) {
			return 0, false
		}
		if rd != arm64SP {
			m.general[rd] = val{}
		}
		return next, true
	case in>>25&7 == 7: // of floats
		m.floatARM64(in)
		return next, true
	}
	return next, m.memoryARM64(in)
}

// floatARM64 executes data processing of floats.
func (m *machine) floatARM64(in uint32) {
	rd, rn := in&31, in>>5&31
	v := val{}
	switch {
	case in&0xFFFFFC00 == 0x1E604000: // FMOV Dd, Dn
		v = m.float[rn]
	case in&0xFFFFFC00 == 0x9E670000: // FMOV Dd, Rn
		v = m.getARM64(rn)
	case in&0x5E000000 != 0x1E000000 || in&0x5F20FC00 == 0x1E200000:
		if rd != arm64SP {
			m.general[rd] = val{} // of vectors, or a conversion: Rd may be of either kind
		}
	}
	m.float[rd] = v
}

// bitmask decodes a logical immediate: a run of ones, rotated right, in elements of 2 to 64 bits that
// are repeated (DecodeBitMasks in the manual).
func bitmask(in uint32) val {
	n, immr, imms := in>>22&1, in>>16&63, in>>10&63
	length := bits.Len32(n<<6|^imms&63) - 1
	if length < 1 || in>>31 == 0 && n == 1 || in&31 == arm64SP {
		return val{}
	}
	size := uint32(1) << length
	ones, turn := imms&(size-1)+1, immr&(size-1)
	if ones == size {
		return val{}
	}
	var v uint64
	for i := range uint32(64) {
		if (i+turn)&(size-1) < ones {
			v |= 1 << i
		}
	}
	if in>>31 == 0 {
		v &= 1<<32 - 1
	}
	return constant(v)
}

// setsSP reports whether a data processing instruction whose Rd is 31 means the stack pointer by it, not the zero register.
func setsSP(in uint32) bool {
	flags := in>>29&1 == 1
	addImmediate, logicalImmediate, addExtended := in>>23&0x3F == 0x22, in>>23&0x3F == 0x24, in&0x1FE00000 == 0x0B200000
	return (addImmediate || addExtended) && !flags || logicalImmediate && in>>29&3 != 3
}

// memoryARM64 executes loads and stores.
func (m *machine) memoryARM64(in uint32) bool {
	rt, rn, rt2 := in&31, in>>5&31, in>>10&31
	size := 1 << (in >> 30)
	switch {
	case in&0xFFE00C00 == 0xF8400400 && rn == arm64SP && rt == 30: // LDR R30, [SP], imm
		m.general[30] = val{}
		m.sp += int64(int32(in<<11) >> 23)
		return true
	case in&0xFFFFFC00 == 0xC8DFFC00: // LDAR, as a site was compiled
		return m.setARM64(rt, val{})
	case in&0xFFC00000 == 0xA9400000: // LDP of two words
		a, b := val{}, val{}
		if off := int64(int32(in<<10)>>25) * 8; rn == arm64SP {
			a, b = m.load(off, 8), m.load(off+8, 8)
		}
		return m.setARM64(rt, a) && m.setARM64(rt2, b)
	case in&0xFFC00000 == 0xA9000000: // STP
		off := int64(int32(in<<10)>>25) * 8
		if rn == arm64SP {
			m.store(off, 8, m.getARM64(rt))
			m.store(off+8, 8, m.getARM64(rt2))
		}
		m.dirty = m.dirty || rn != arm64SP
		return true
	case in&0x3B000000 == 0x39000000: // LDR and STR with an offset that is not negative
		return m.loadStoreARM64(in, int64(in>>10&0xFFF)*int64(size), size)
	case in&0x3B200C00 == 0x38000000: // LDUR and STUR
		return m.loadStoreARM64(in, int64(int32(in<<11)>>23), size)
	}
	return false
}

func (m *machine) loadStoreARM64(in uint32, off int64, size int) bool {
	rt, rn, opc, float := in&31, in>>5&31, in>>22&3, in>>26&1 == 1
	if opc > 1 && (float || size == 8) {
		return false // of 16 bytes, or a prefetch
	}
	switch {
	case opc == 0 && rn == arm64SP:
		v := m.float[rt]
		if !float {
			v = m.getARM64(rt)
		}
		m.store(off, size, v)
	case opc == 0:
		m.dirty = true
	default:
		v := val{}
		if rn == arm64SP {
			v = m.load(off, size)
		}
		if float {
			m.float[rt] = v
			return true
		}
		return m.setARM64(rt, v)
	}
	return true
}

func (m *machine) getARM64(r uint32) val {
	if r == arm64SP {
		return val{sitetab.Place{Kind: sitetab.Constant}, 8}
	}
	return m.general[r]
}

// setARM64 writes a register; what is written to the zero register is gone.
func (m *machine) setARM64(r uint32, v val) bool {
	if r != arm64SP {
		m.general[r] = v
	}
	return true
}

// addARM64 adds to a register or the stack pointer.
func (m *machine) addARM64(rd, rn uint32, n int64) bool {
	switch {
	case rd == arm64SP && rn == arm64SP:
		m.sp += n
	case rd == arm64SP:
		return false
	case rn != arm64SP && m.general[rn].place.Kind == sitetab.Address:
		v := m.general[rn]
		v.place.N += n
		m.general[rd] = v
	default:
		m.general[rd] = val{}
	}
	return true
}

func immediate(in uint32) int64 {
	n := int64(in >> 10 & 0xFFF)
	if in>>22&1 == 1 {
		n <<= 12
	}
	return n
}

func constant(n uint64) val {
	return val{sitetab.Place{Kind: sitetab.Constant, N: int64(n)}, 8}
}

// narrowed is a value as a move of four bytes brings it, unless all of it is moved.
func narrowed(v val, all bool) val {
	if !all && v.place.Kind == sitetab.Constant {
		return constant(uint64(uint32(v.place.N)))
	}
	if !all {
		v.n = min(v.n, 4)
	}
	return v
}
