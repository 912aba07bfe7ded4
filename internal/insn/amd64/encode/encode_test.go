package encode

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/gkhi/gkhi/internal/insn"
	"github.com/gkhi/gkhi/internal/insn/amd64"
)

func TestNops(t *testing.T) {
	for n := range 40 {
		b := AppendNop([]byte{0xAA}, n)
		if len(b) != n+1 || b[0] != 0xAA {
			t.Fatalf("AppendNop of %d: % x", n, b)
		}
		count := 0
		for rest := b[1:]; len(rest) > 0; count++ {
			i, err := amd64.Decode(rest)
			if err != nil || i.Kind != amd64.Nop {
				t.Fatalf("AppendNop of %d: % x is %v, %v", n, rest, i.Kind, err)
			}
			rest = rest[i.Len:]
		}
		if want := (n + MaxNop - 1) / MaxNop; count != want {
			t.Errorf("AppendNop of %d: %d instructions, want %d", n, count, want)
		}
	}
}

func TestBranches(t *testing.T) {
	const at = uint64(1) << 40
	type build func(from, to uint64) ([]byte, error)
	builders := map[string]struct {
		build    build
		length   uint64
		min, max int64 // of the displacement
		kind     amd64.Kind
	}{
		"JMP rel8":   {func(f, to uint64) ([]byte, error) { b, err := Jmp8(f, to); return b[:], err }, 2, math.MinInt8, math.MaxInt8, amd64.Jmp},
		"JMP rel32":  {func(f, to uint64) ([]byte, error) { b, err := Jmp32(f, to); return b[:], err }, 5, math.MinInt32, math.MaxInt32, amd64.Jmp},
		"CALL rel32": {func(f, to uint64) ([]byte, error) { b, err := Call32(f, to); return b[:], err }, 5, math.MinInt32, math.MaxInt32, amd64.Call},
		"Jcc rel32":  {func(f, to uint64) ([]byte, error) { b, err := Jcc32(CondNO, f, to); return b[:], err }, 6, math.MinInt32, math.MaxInt32, amd64.Jcc},
	}
	for name, bd := range builders {
		for _, d := range []int64{0, 1, -1, bd.min, bd.max} {
			to := at + bd.length + uint64(d)
			b, err := bd.build(at, to)
			if err != nil {
				t.Errorf("%s by %d: %v", name, d, err)
				continue
			}
			i, err := amd64.Decode(b)
			if err != nil || uint64(i.Len) != bd.length || i.Kind != bd.kind || i.Target(at) != to {
				t.Errorf("%s by %d: % x is %+v, %v", name, d, b, i, err)
			}
		}
		for _, d := range []int64{bd.min - 1, bd.max + 1, math.MinInt64 / 2, math.MaxInt64} {
			to := at + bd.length + uint64(d)
			_, err := bd.build(at, to)
			var re *insn.RangeError
			if !errors.As(err, &re) || *re != (insn.RangeError{What: name, From: at, To: to}) {
				t.Errorf("%s by %d: error %v", name, d, err)
			}
		}
	}
}

// TestDormantLoad turns loads to all registers into no-ops, which write the same register and have nothing to do with memory.
func TestDormantLoad(t *testing.T) {
	for r := range byte(16) {
		load := []byte{rexPrefixW | r>>3<<2, 0x8B, 0x05 | r&7<<3, 0x12, 0x34, 0x56, 0x78}
		noop, err := DormantLoad(load)
		if err != nil {
			t.Fatal(err)
		}
		i, err := amd64.Decode(noop)
		if err != nil || i.Len != LenSite || i.RIPRel || i.Reg() != r || i.RM() != 5 || r != 5 && i.Register(r) != amd64.UseWrite ||
			noop[0] != load[0] || noop[LenSite-1] != nops[1][0] {
			t.Errorf("% x became % x, %+v, %v", load, noop, i, err)
		}
		if again, err := DormantLoad(noop); err != nil || !bytes.Equal(again, noop) {
			t.Errorf("% x became % x, %v", noop, again, err)
		}
	}
	for _, b := range [][]byte{
		nil, {0x48, 0x8B, 0x05, 0, 0, 0}, {0x48, 0x8B, 0x85, 0, 0, 0, 0x90}, {0x8B, 0x05, 0, 0, 0, 0, 0x90},
		{0x48, 0x8D, 0x05, 0, 0, 0, 0x90}, {0x48, 0x8D, 0x85, 0, 0, 0, 0}, {0x49, 0x8B, 0x05, 0, 0, 0, 0},
	} {
		if noop, err := DormantLoad(b); err == nil {
			t.Errorf("% x became % x", b, noop)
		}
	}
}
