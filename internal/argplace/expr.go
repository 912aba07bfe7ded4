package argplace

import "github.com/gkhi/gkhi/internal/sitetab"

// A cpu is what DWARF's numbers of registers mean.
type cpu struct {
	general map[uint64]int64
	float   uint64 // the number of the first float register
	floats  uint64 // how many there are
	sp      uint64 // the stack pointer's number

	// Of Go's internal calling convention: the registers for integers in their order, and how many there are for floats.
	ints      []int64
	floatRegs int

	step func(m *machine, code []byte, pc uint64) (next uint64, ok bool)
}

// Numbers of the System V ABI for x86-64 (figure 3.36), and of DWARF for the Arm 64-bit architecture (section 4.1).
var (
	amd64 = &cpu{
		general: map[uint64]int64{0: 0, 1: 2, 2: 1, 3: 3, 4: 6, 5: 7, 6: 5, 8: 8, 9: 9, 10: 10, 11: 11, 12: 12, 13: 13, 14: 14, 15: 15},
		float:   17, floats: 16, sp: 7,
		ints: []int64{0, 3, 1, 7, 6, 8, 9, 10, 11}, floatRegs: 15, step: stepAMD64,
	}
	arm64 = &cpu{general: map[uint64]int64{}, float: 64, floats: 32, sp: 31, floatRegs: 16, step: stepARM64}
)

func init() {
	for r := range uint64(31) {
		arm64.general[r] = int64(r)
		if r < 16 {
			arm64.ints = append(arm64.ints, int64(r))
		}
	}
}

// register returns the place that is a register.
func (c *cpu) register(n uint64) sitetab.Place {
	if r, ok := c.general[n]; ok {
		return sitetab.Place{Kind: sitetab.Register, N: r}
	}
	if f := n - c.float; f < c.floats {
		return sitetab.Place{Kind: sitetab.FloatRegister, N: int64(f)}
	}
	return sitetab.Place{}
}

// A piece is a part of a value.
type piece struct {
	place sitetab.Place
	size  uint64
}

// pieces reads an expression of a value of size bytes; nil if it has something else in it than
// places. frame is how far the CFA is above the stack pointer, and known whether that is known.
func (c *cpu) pieces(expr []byte, size uint64, frame int64, known bool) []piece {
	var list []piece
	var place sitetab.Place
	slot := func(offset int64) {
		if known {
			place = sitetab.Place{Kind: sitetab.Stack, N: frame + offset}
		}
	}
	whole := false // place is of the value, unless a piece follows
	for r := (reader{b: expr}); len(r.b) > 0; {
		op := r.u8()
		if whole && op != 0x93 {
			return nil // what computes
		}
		whole = true
		switch {
		case op == 0x93: // DW_OP_piece
			list = append(list, piece{place, r.uleb()})
			place, whole = sitetab.Place{}, false
		case op == 0x91: // DW_OP_fbreg
			slot(r.sleb())
		case op == 0x9C: // DW_OP_call_frame_cfa
			slot(0)
		case op >= 0x50 && op <= 0x6F: // DW_OP_reg0 to 31
			place = c.register(op - 0x50)
		case op == 0x90: // DW_OP_regx
			place = c.register(r.uleb())
		case op == 0x70+c.sp, op == 0x92: // DW_OP_breg of the stack pointer, DW_OP_bregx
			reg := c.sp
			if op == 0x92 {
				reg = r.uleb()
			}
			if off := r.sleb(); reg == c.sp {
				place = sitetab.Place{Kind: sitetab.Stack, N: off}
			}
		default:
			return nil
		}
		if r.bad {
			return nil
		}
	}
	if whole {
		list = append(list, piece{place, size})
	}
	return list
}

// words makes pieces into the places of a value's words. A register has to hold all that there is of the
// value in a word, and a word in memory has to be in one piece.
func words(list []piece, size uint64, n int) []sitetab.Place {
	places := make([]sitetab.Place, n)
	at := uint64(0)
	for _, p := range list {
		end := at + p.size
		if end < at || end > size {
			return make([]sitetab.Place, n)
		}
		for w := (at + 7) / 8; w < uint64(n) && min(8*w+8, size) <= end; w++ {
			switch {
			case p.place.Kind == sitetab.Stack:
				places[w] = sitetab.Place{Kind: sitetab.Stack, N: p.place.N + int64(8*w-at)}
			case at == 8*w && end == min(8*w+8, size):
				places[w] = p.place
			}
		}
		at = end
	}
	return places
}
