package sockdir

import (
	"testing"
)

func TestName(t *testing.T) {
	for _, n := range []Name{{1, 0, 0}, {4242, 8812345, 3}, {1 << 22, 1<<64 - 1, 63}} {
		if got, ok := ParseName(n.String()); !ok || got != n {
			t.Errorf("%q: %+v, %v", n, got, ok)
		}
	}
	for _, s := range []string{
		"", ".sock", "1-2-3", "1-2.sock", "1-2-3-4.sock", "0-2-3.sock", "-1-2-3.sock", "1-2--3.sock", "01-2-3.sock", "1-+2-3.sock",
		"1-2-3.sock.sock", "a-2-3.sock", "1-2-3.sock ", "1-18446744073709551616-0.sock",
	} {
		if n, ok := ParseName(s); ok {
			t.Errorf("%q is read as %+v", s, n)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("4242-8812345-0.sock")
	f.Add("-1--2.sock")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := ParseName(s); ok && n.String() != s {
			t.Errorf("%q is read as %+v, which is written %q", s, n, n)
		}
	})
}
