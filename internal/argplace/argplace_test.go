package argplace

import (
	"encoding/binary"
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

// TestTrace follows instructions: what the first registers for integers, and for floats, have at the end.
func TestTrace(t *testing.T) {
	for _, c := range []struct {
		what string
		cpu  *cpu
		code []byte
		want string
	}{
		{"nothing to do", amd64, []byte{0xC3}, "AX BX X0"},
		{"a site, then RET", amd64, []byte{0x48, 0x8D, 0x95, 0, 0, 0, 0x90, 0xC3}, "AX BX X0"},
		{"an armed-looking register", amd64, []byte{0x48, 0x8D, 0x85, 0, 0, 0, 0x90, 0xC3}, "? BX X0"},
		{"xchg by moves", amd64, []byte{0x48, 0x89, 0xC1, 0x48, 0x89, 0xD8, 0x48, 0x89, 0xCB, 0xC3}, "BX AX X0"}, // MOVQ AX,CX; BX,AX; CX,BX
		{"xor, movl $7", amd64, []byte{0x31, 0xC0, 0xBB, 7, 0, 0, 0, 0xC3}, "$0 $7 X0"},
		{"add", amd64, []byte{0x48, 0x01, 0xD8, 0xC3}, "? BX X0"},
		{"a slot, after the frame shrank", amd64, []byte{0x48, 0x83, 0xC4, 0x10, 0x48, 0x8B, 0x44, 0x24, 0x08, 0x5D, 0xC3}, "24(SP) BX X0"},
		{"a slot that is written", amd64, []byte{0x48, 0x89, 0x5C, 0x24, 0x08, 0x48, 0x8B, 0x44, 0x24, 0x08, 0xC3}, "BX BX X0"},
		{"a slot that may be written", amd64, []byte{0x48, 0x89, 0x19, 0x48, 0x8B, 0x44, 0x24, 0x08, 0xC3}, "? BX X0"},
		{"half of a slot", amd64, []byte{0x89, 0x5C, 0x24, 0x0C, 0x48, 0x8B, 0x44, 0x24, 0x08, 0xC3}, "? BX X0"},
		{"half of a register", amd64, []byte{0x89, 0xD8, 0xC3}, "? BX X0"},
		{"a jump", amd64, []byte{0xEB, 2, 0x31, 0xC0, 0xC3}, "AX BX X0"},
		{"a branch", amd64, []byte{0x74, 0, 0xC3}, ""},
		{"a call", amd64, []byte{0xE8, 0, 0, 0, 0, 0xC3}, ""},
		{"a loop", amd64, []byte{0xEB, 0xFE}, ""},
		{"behind the end", amd64, []byte{0x31, 0xC0}, ""},
		{"xorps", amd64, []byte{0x0F, 0x57, 0xC0, 0xC3}, "AX BX $0"},
		{"arm64", arm64, words32(0xD503201F, 0xAA0203E0, 0xD28000E1, 0xD65F03C0), "R2 $7 F0"}, // NOP; MOVD R2,R0; MOVD $7,R1
		{"arm64: slots", arm64, words32(0xF9400BE0, 0xF9001FE2, 0xF9401FE1, 0xD65F03C0), "16(SP) R2 F0"},
		{"arm64: frame", arm64, words32(0xA97FFBFD, 0x910083FF, 0xF94007E0, 0xD65F03C0), "40(SP) R1 F0"}, // LDP -8(RSP); ADD $32,RSP
		{"arm64: add", arm64, words32(0x8B010000, 0xD65F03C0), "? R1 F0"},
		{"arm64: float zero", arm64, words32(0x9E6703E0, 0xD65F03C0), "R0 R1 $0"},
		{"arm64: call", arm64, words32(0x94000001, 0xD65F03C0), ""},
		{"arm64: stack pointer", arm64, words32(0x8B3B63FF, 0xD65F03C0), ""},
		{"arm64: branch", arm64, words32(0xB4000040, 0xD65F03C0), ""},
	} {
		got, arch := "", "amd64"
		if c.cpu == arm64 {
			arch = "arm64"
		}
		if m := c.cpu.trace(c.code, 0x1000, 0x1000); m != nil {
			text := func(v val) string {
				if v.n < 8 {
					return "?"
				}
				return v.place.Text(arch)
			}
			got = text(m.general[c.cpu.ints[0]]) + " " + text(m.general[c.cpu.ints[1]]) + " " + text(m.float[0])
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func words32(list ...uint32) (b []byte) {
	for _, w := range list {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

func FuzzTrace(f *testing.F) {
	f.Add([]byte{0x48, 0x83, 0xC4, 0x10, 0x48, 0x8B, 0x44, 0x24, 0x08, 0x5D, 0xC3})
	f.Add(words32(0xA97FFBFD, 0x910083FF, 0xF94007E0, 0xD65F03C0))
	f.Fuzz(func(t *testing.T, code []byte) {
		amd64.trace(code, 0x1000, 0x1000)
		arm64.trace(code, 0x1000, 0x1000)
	})
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
