package amd64_test

import (
	"testing"

	"github.com/gkhi/gkhi/internal/insn"
	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// FuzzDecode: decoding never panics, stays within the bytes, does not depend on
// what follows the instruction, and agrees with golang.org/x/arch where both know
// the instruction.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"\x80\x3d\xab\xd7\x0c\x00\x00", "\x48\x8b\x0d\x29\xda\x0e\x00", "\x74\x25", "\x0f\x85\x00\xff\xff\xff",
		"\x62\xf1\xfe\x48\x6f\x05\xd6\x21\x18\x00", "\xc4\xe3\x71\x0f\xc2\x08", "\xc5\xf8\x77", "\x66\x0f\x38\xf6\xc3",
		"\xf3\x0f\x1e\xfa", "\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11", "\x67\xa0\x44\x33\x22\x11", "\xc8\x10\x00\x01",
		"\xf7\x04\x25\x00\x00\x00\x00\x01\x00\x00\x00", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := amd64.Decode(b)
		if err != nil {
			if _, err2 := amd64.Skim(b); err2 != err {
				t.Fatalf("% x: Skim says %v, Decode %v", b, err2, err)
			}
			if err != insn.ErrTruncated && err != insn.ErrUnknown || i != (amd64.Inst{}) {
				t.Fatalf("% x: %+v, %v", b, i, err)
			}
			return
		}
		if i.Len == 0 || i.Len > 15 || int(i.Len) > len(b) {
			t.Fatalf("% x: Len %d", b, i.Len)
		}
		if n := i.DispOff + i.DispLen; n > i.Len || i.DispLen != 0 && i.DispOff == 0 || i.ImmLen > i.Len {
			t.Fatalf("% x: displacement or immediate outside: %+v", b, i)
		}
		exact, err := amd64.Decode(b[:i.Len:i.Len])
		if err != nil || exact != i {
			t.Fatalf("% x: alone %+v, %v; with more bytes %+v", b[:i.Len], exact, err, i)
		}
		want := amd64.Outline{Len: i.Len, Kind: i.Kind, RIPRel: i.RIPRel}
		switch {
		case i.Branch():
			want.Rel = i.Imm
		case i.RIPRel:
			want.Rel = i.Disp
		}
		if o, err := amd64.Skim(b); err != nil || o != want {
			t.Fatalf("% x: Skim says %+v, %v; want %+v", b, o, err, want)
		}
		for r := range byte(16) {
			if i.Register(r) > amd64.UseUnknown {
				t.Fatalf("% x: use of %d is %d", b, r, i.Register(r))
			}
		}
		if x, ok := xdecode(b); ok {
			compare(t, place{name: "fuzz"}, b, &i, &x)
		}
	})
}
