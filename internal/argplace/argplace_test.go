package argplace

import (
	"reflect"
	"testing"

	"github.com/gkhi/gkhi/internal/sitetab"
)

func reg(n int64) sitetab.Place   { return sitetab.Place{Kind: sitetab.Register, N: n} }
func stack(n int64) sitetab.Place { return sitetab.Place{Kind: sitetab.Stack, N: n} }

var nowhere = sitetab.Place{}

// TestExpressions has what the Go compiler writes, and what must not be mistaken for it.
func TestExpressions(t *testing.T) {
	for _, c := range []struct {
		what string
		cpu  *cpu
		expr []byte
		size int
		want []sitetab.Place
	}{
		{"nothing", amd64, nil, 16, []sitetab.Place{nowhere, nowhere}},
		{"rbx", amd64, []byte{0x53}, 8, []sitetab.Place{reg(3)}},
		{"rcx and rdi", amd64, []byte{0x52, 0x93, 8, 0x55, 0x93, 8}, 16, []sitetab.Place{reg(1), reg(7)}},
		{"only the second", amd64, []byte{0x93, 8, 0x54, 0x93, 8}, 16, []sitetab.Place{nowhere, reg(6)}},
		{"xmm1", amd64, []byte{0x62}, 4, []sitetab.Place{{Kind: sitetab.FloatRegister, N: 1}}},
		{"x7", arm64, []byte{0x57}, 1, []sitetab.Place{reg(7)}},
		{"d2", arm64, []byte{0x90, 66}, 8, []sitetab.Place{{Kind: sitetab.FloatRegister, N: 2}}},
		{"CFA", amd64, []byte{0x9C}, 24, []sitetab.Place{stack(64), stack(72), stack(80)}},
		{"fbreg -16", amd64, []byte{0x91, 0x70}, 8, []sitetab.Place{stack(48)}},
		{"pieces in memory", amd64, []byte{0x91, 8, 0x93, 8, 0x91, 0, 0x93, 8}, 16, []sitetab.Place{stack(72), stack(64)}},
		{"two halves of a word", amd64, []byte{0x50, 0x93, 4, 0x51, 0x93, 4}, 8, []sitetab.Place{nowhere}},
		{"a short tail", amd64, []byte{0x50, 0x93, 8, 0x51, 0x93, 4}, 12, []sitetab.Place{reg(0), reg(2)}},
		{"a sum", amd64, []byte{0x50, 0x23, 8}, 8, []sitetab.Place{nowhere}},
		{"an unknown operation", amd64, []byte{0xE0}, 8, []sitetab.Place{nowhere}},
		{"cut off", amd64, []byte{0x91, 0x80}, 8, []sitetab.Place{nowhere}},
		{"longer than the value", amd64, []byte{0x50, 0x93, 8, 0x51, 0x93, 8}, 8, []sitetab.Place{nowhere}},
		{"the stack pointer itself", amd64, []byte{0x57}, 8, []sitetab.Place{nowhere}},
	} {
		n := sitetab.Param{Size: c.size}.Words()
		got := words(c.cpu.pieces(c.expr, uint64(c.size), 64, true), uint64(c.size), n)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
	if got := words(amd64.pieces([]byte{0x9C}, 8, 0, false), 8, 1); got[0] != nowhere {
		t.Errorf("without a frame's size: %v", got)
	}
}

// TestLists has lists of both versions; the expression is the number of the range.
func TestLists(t *testing.T) {
	l := &lists{
		loclists: []byte{
			6, 0, 0x10, 0, 0, 0, 0, 0, 0, // base address 0x1000
			4, 0, 8, 1, 1, // +0 to +8
			1, 1, // base address of index 1: 0x2000
			4, 4, 8, 1, 2, // +4 to +8
			3, 0, 2, 1, 3, // index 0: 0x500, of 2 bytes
			0,
		},
		addr: []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0},
		loc: []byte{
			0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x10, 0, 0, 0, 0, 0, 0,
			0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1,
			0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		},
	}
	five, four := &unit{version: 5, addrBase: 8}, &unit{version: 4}
	for _, c := range []struct {
		u    *unit
		pc   uint64
		want []byte
	}{
		{five, 0x1000, []byte{1}},
		{five, 0x1007, []byte{1}},
		{five, 0x1008, nil},
		{five, 0x2004, []byte{2}},
		{five, 0x2003, nil},
		{five, 0x501, []byte{3}},
		{four, 0x1000, []byte{1}},
		{four, 0x1008, nil},
	} {
		if got := l.at(c.u, 0, c.pc); !reflect.DeepEqual(got, c.want) {
			t.Errorf("version %d, %#x: % x, want % x", c.u.version, c.pc, got, c.want)
		}
	}
	if l.at(five, 1000, 0x1000) != nil || l.at(four, 1000, 0x1000) != nil {
		t.Error("a list behind the end has something")
	}
}

func TestSameFunc(t *testing.T) {
	for _, c := range []struct {
		dwarf, name string
		want        bool
	}{
		{"main.f", "main.f", true},
		{"main.f", "main.g", false},
		{"main.f[go.shape.int]", "main.f[...]", true},
		{"a/b.(*T[go.shape.map[string]int]).M", "a/b.(*T[...]).M", true},
		{"gopkg.in/yaml.v3.f", "gopkg.in/yaml%2ev3.f", true},
		{"main.main.f.func1", "main.f.func1", true},
		{"main.(*S).a.(*S).b.func1.2", "main.(*S).b.func1.2", true},
		{"main.main.f", "main.f", false},
		{"other.f.func1", "main.f.func1", false},
		{"main.xf.func1", "main.f.func1", false},
	} {
		if got := sameFunc(c.dwarf, c.name); got != c.want {
			t.Errorf("%s, %s: %v", c.dwarf, c.name, got)
		}
	}
}

// TestFrames has a common head and one function, as the Go linker writes them on amd64.
func TestFrames(t *testing.T) {
	data := []byte{
		16, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 1, 0x7C, 16, 0x0C, 7, 8, 0x90, 1, 0, 0, // CFA is SP+8
		36, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0,
		0x44, 0x13, 0x7C, // from +4 on: CFA is SP+16
		0x02, 0x10, 0x13, 0x78, // +20: SP+32
		0x41, 0x0F, 1, 0x50, // +21: an expression
		0, 0, 0, 0, 0,
	}
	f := readFrames(data, amd64.sp)
	for pc, want := range map[uint64]int64{0x1000: 8, 0x1003: 8, 0x1004: 16, 0x1013: 16, 0x1014: 32, 0x1015: -1, 0xFFF: -1, 0x1040: -1} {
		got, ok := f.size(pc)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%#x: %d, want %d", pc, got, want)
		}
	}
}

func FuzzParts(f *testing.F) {
	f.Add([]byte{0x52, 0x93, 8, 0x91, 0x70, 0x93, 8}, uint64(16))
	f.Add([]byte{12, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 1, 0x7C, 16, 0x0C, 7, 8}, uint64(0x1000))
	f.Add([]byte{6, 0, 0x10, 0, 0, 0, 0, 0, 0, 4, 0, 8, 1, 1, 0}, uint64(0x1000))
	f.Fuzz(func(t *testing.T, b []byte, n uint64) {
		size := n % 200
		for _, c := range []*cpu{amd64, arm64} {
			w := sitetab.Param{Size: int(size)}.Words()
			if got := words(c.pieces(b, size, 32, true), size, w); len(got) != w {
				t.Errorf("%d words, want %d", len(got), w)
			}
			if size, ok := readFrames(b, c.sp).size(n); ok && size < 0 {
				t.Errorf("a frame of %d bytes", size)
			}
		}
		l := &lists{loclists: b, loc: b, addr: b}
		l.at(&unit{version: 5, addrBase: n}, 0, n)
		l.at(&unit{version: 4, base: n}, n%8, n)
		sameFunc(string(b), "main.f[...].func1")
	})
}
