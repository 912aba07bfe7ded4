package arm64

import (
	"errors"
	"testing"

	"github.com/gkhi/gkhi/internal/insn"
)

func TestDecode(t *testing.T) {
	const pc = 0x934a8
	tests := []struct {
		word   uint32
		text   string
		want   Inst
		target uint64 // of a branch or address at pc
	}{
		{0xd503201f, "NOP", Inst{Kind: Nop}, 0},
		{0x14000003, "B", Inst{Kind: B, Imm: 12}, pc + 12},
		{0x17ffffe6, "B back", Inst{Kind: B, Imm: -104}, pc - 104},
		{0x97ffca7c, "BL", Inst{Kind: BL, Imm: -0xd610}, pc - 0xd610},
		{0x54000289, "BLS", Inst{Kind: BCond, Imm: 80}, pc + 80},
		{0x36000144, "TBZ $0, R4", Inst{Kind: TBZ, Rd: 4, Imm: 40}, pc + 40},
		{0xb7f80001, "TBNZ $63, R1", Inst{Kind: TBNZ, Rd: 1, Bit: 63}, pc},
		{0x3607ff44, "TBZ back", Inst{Kind: TBZ, Rd: 4, Imm: -24}, pc - 24},
		{0xb4000040, "CBZ R0", Inst{Kind: CBZ, Imm: 8, Size: 8}, pc + 8},
		{0x35000041, "CBNZW R1", Inst{Kind: CBNZ, Rd: 1, Imm: 8, Size: 4}, pc + 8},
		{0xb00006bb, "ADRP R27", Inst{Kind: ADRP, Rd: 27, Imm: 0xd5000}, 0x93000 + 0xd5000},
		{0xf0ffffe1, "ADRP back", Inst{Kind: ADRP, Rd: 1, Imm: -0x1000}, 0x92000},
		{0x70ffffe1, "ADR back", Inst{Kind: ADR, Rd: 1, Imm: -1}, pc - 1},
		{0x91330000, "ADD $3264, R0, R0", Inst{Kind: AddImm, Imm: 3264}, 0},
		{0x91400421, "ADD $4096, R1, R1", Inst{Kind: AddImm, Rd: 1, Rn: 1, Imm: 4096}, 0},
		{0xb1000421, "ADDS: not AddImm", Inst{}, 0},
		{0x11000421, "ADDW: not AddImm", Inst{}, 0},
		{0x39730364, "MOVBU 3264(R27), R4", Inst{Kind: Load, Rd: 4, Rn: 27, Size: 1, Imm: 3264}, 0},
		{0xf9400b90, "MOVD 16(R28), R16", Inst{Kind: Load, Rd: 16, Rn: 28, Size: 8, Imm: 16}, 0},
		{0xf90007e0, "MOVD R0, 8(RSP)", Inst{Kind: Store, Rn: 31, Size: 8, Imm: 8}, 0},
		{0x39c00020, "MOVB (R1), R0", Inst{Kind: Access, Rn: 1, Size: 1}, 0},
		{0x3dc00420, "FMOVQ 16(R1), F0", Inst{Kind: Access, Rn: 1, Size: 16, Imm: 16}, 0},
		{0xc8dffc21, "LDAR (R1), R1", Inst{Kind: LDAR, Rd: 1, Rn: 1, Size: 8}, 0},
		{0x08dffc21, "LDARB (R1), R1", Inst{Kind: LDAR, Rd: 1, Rn: 1, Size: 1}, 0},
		{0xf8bfc021, "LDAPR (R1), R1", Inst{Kind: LDAR, Rd: 1, Rn: 1, Size: 8}, 0},
		{0xc89ffc20, "STLR R0, (R1)", Inst{Kind: STLR, Rn: 1, Size: 8}, 0},
		{0xd65f03c0, "RET", Inst{Kind: Ret, Rn: 30}, 0},
		{0xd65f0bff, "RETAA", Inst{Kind: Ret, Rn: 31}, 0},
		{0xd63f0340, "BLR R26", Inst{Kind: BLR, Rn: 26}, 0},
		{0xd61f0220, "BR R17", Inst{Kind: BR, Rn: 17}, 0},
		{0xd4200000, "BRK", Inst{Kind: Brk}, 0},
		{0x00000000, "UDF", Inst{Kind: Brk}, 0},
		{0xd4000001, "SVC", Inst{}, 0},
		{0xc85ffc20, "LDAXR", Inst{}, 0},
	}
	for _, tt := range tests {
		got := Decode(tt.word)
		if got != tt.want {
			t.Errorf("%s (%08x): %+v, want %+v", tt.text, tt.word, got, tt.want)
		}
		address := got.Branch() || got.Kind == ADR || got.Kind == ADRP
		if address != (tt.target != 0) || address && got.Target(pc) != tt.target {
			t.Errorf("%s (%08x): goes to %#x, want %#x", tt.text, tt.word, got.Target(pc), tt.target)
		}
	}
}

func TestFalls(t *testing.T) {
	for word, want := range map[uint32]bool{
		0x14000003: false, 0x97ffca7c: true, 0x54000289: true, 0x36000144: true, 0xd65f03c0: false,
		0xd63f0340: true, 0xd61f0220: false, 0xd4200000: false, 0xd503201f: true, 0xd4000001: true,
	} {
		if i := Decode(word); i.Falls() != want {
			t.Errorf("%08x (%v): Falls is %v", word, i.Kind, !want)
		}
	}
}

func TestEncode(t *testing.T) {
	const at = 1 << 40
	for name, f := range map[string]struct {
		encode func(from, to uint64) (uint32, error)
		kind   Kind
	}{"B": {EncodeB, B}, "BL": {EncodeBL, BL}} {
		for _, d := range []int64{0, 4, -4, 1<<27 - 4, -1 << 27} {
			w, err := f.encode(at, uint64(at+d))
			if i := Decode(w); err != nil || i.Kind != f.kind || i.Target(at) != uint64(at+d) {
				t.Errorf("%s by %d: %08x is %+v, %v", name, d, w, i, err)
			}
		}
		for _, d := range []int64{1 << 27, -1<<27 - 4, 1 << 40} {
			_, err := f.encode(at, uint64(at+d))
			var re *insn.RangeError
			if !errors.As(err, &re) || *re != (insn.RangeError{What: name, From: at, To: uint64(at + d)}) {
				t.Errorf("%s by %d: error %v", name, d, err)
			}
		}
		for _, d := range []int64{1, 2, -1} {
			_, err := f.encode(at, uint64(at+d))
			var ae *insn.AlignError
			if !errors.As(err, &ae) || *ae != (insn.AlignError{What: name, From: at, To: uint64(at + d)}) {
				t.Errorf("%s by %d: error %v", name, d, err)
			}
		}
	}
	if i := Decode(NOP); i.Kind != Nop {
		t.Errorf("NOP is %v", i.Kind)
	}
}
