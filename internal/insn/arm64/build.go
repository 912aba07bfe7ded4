package arm64

import "github.com/gkhi/gkhi/internal/insn"

// NOP is the no-op word.
const NOP uint32 = 0xD503201F

// EncodeB returns B at address from. The error is an *insn.RangeError beyond
// 128 MiB, or an *insn.AlignError.
func EncodeB(from, to uint64) (uint32, error) { return branch26(0x14000000, "B", from, to) }

// EncodeBL returns BL at address from. Errors are those of EncodeB.
func EncodeBL(from, to uint64) (uint32, error) { return branch26(0x94000000, "BL", from, to) }

func branch26(op uint32, what string, from, to uint64) (uint32, error) {
	d := int64(to - from)
	if d&3 != 0 {
		return 0, &insn.AlignError{What: what, From: from, To: to}
	}
	if d < -1<<27 || d >= 1<<27 {
		return 0, &insn.RangeError{What: what, From: from, To: to}
	}
	return op | uint32(d>>2)&(1<<26-1), nil
}
