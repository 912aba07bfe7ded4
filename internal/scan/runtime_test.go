package scan

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// TestBoundsByEntry lays out made-up functions, of no alignment, in all sizes.
func TestBoundsByEntry(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		starts := []uintptr{1000}
		for range 1 + rng.IntN(40) {
			starts = append(starts, starts[len(starts)-1]+1+uintptr(rng.UintN(1<<rng.UintN(16))))
		}
		end := starts[len(starts)-1]
		probes := 0
		entryOf := func(pc uintptr) (uintptr, bool) {
			probes++
			if pc < starts[0] || pc >= end {
				return 0, false
			}
			i, found := slices.BinarySearch(starts, pc)
			if !found {
				i--
			}
			return starts[i], true
		}
		for i := range len(starts) - 1 {
			pc := starts[i] + uintptr(rng.UintN(uint(starts[i+1]-starts[i])))
			probes = 0
			from, to, ok := boundsByEntry(pc, entryOf)
			if !ok || from != starts[i] || to != starts[i+1] {
				t.Fatalf("bounds of %d: %d–%d, %v; functions start at %v", pc, from, to, ok, starts)
			}
			if probes > 100 {
				t.Errorf("%d probes for one function", probes)
			}
		}
		if _, _, ok := boundsByEntry(end, entryOf); ok {
			t.Error("an address outside of all functions has bounds")
		}
	}
}

//go:noinline
func outer() (own, inlinedPC uintptr) {
	own, _, _, _ = runtime.Caller(0)
	return own, inlined()
}

func inlined() uintptr {
	pc, _, _, _ := runtime.Caller(0)
	return pc
}

func TestRuntime(t *testing.T) {
	entry := reflect.ValueOf(outer).Pointer()
	own, inl := outer()
	if name := runtime.FuncForPC(inl).Name(); !strings.HasSuffix(name, ".inlined") {
		t.Errorf("the second address is in %s", name)
	}
	for i, pc := range []uintptr{own, inl} {
		from, to, ok := Runtime().Bounds(pc)
		if !ok || from != entry || to <= pc {
			t.Errorf("bounds of pc %d of outer, %#x: %#x–%#x, %v; want to start at %#x", i, pc, from, to, ok, entry)
		}
		if f := runtime.FuncForPC(to); f != nil && f.Entry() != to {
			t.Errorf("the end %#x is in the middle of %s", to, f.Name())
		}
	}
	if _, _, ok := Runtime().Bounds(1); ok {
		t.Error("address 1 has bounds")
	}
}

// TestBounds compares the bounds that the text shows with those that only the
// runtime's entries give, for functions all over this program, going forward as a
// scan does.
func TestBounds(t *testing.T) {
	text := ownText(t)
	b := newBounds(Runtime(), text)
	shown := 0
	for p := 100; p < len(text.Bytes); p += 40 {
		from, to, ok := b.find(p)
		wantFrom, wantTo, wantOK := Runtime().Bounds(text.Addr + uintptr(p))
		if from != wantFrom || to != wantTo || ok != wantOK {
			t.Fatalf("bounds of %#x: %#x–%#x, %v; want %#x–%#x, %v", text.Addr+uintptr(p), from, to, ok, wantFrom, wantTo, wantOK)
		}
		if b.end != 0 {
			shown++
		}
	}
	if shown < 1000 && runtime.GOARCH == "amd64" { // where functions are padded with INT3
		t.Errorf("the text showed only %d ends", shown)
	}
}

// ownText returns 256 KiB of the running program's functions.
func ownText(t testing.TB) Segment {
	t.Helper()
	start := reflect.ValueOf(runtime.GC).Pointer()
	const size = 256 << 10
	if runtime.FuncForPC(start+size) == nil {
		t.Fatal("the runtime is smaller than expected")
	}
	return Segment{start, unsafe.Slice((*byte)(unsafe.Add(nil, start)), size)}
}

func TestPaddingBehind(t *testing.T) {
	pad := func(before, n int) []byte {
		return append(bytes.Repeat([]byte{0x90}, before), append(bytes.Repeat([]byte{int3}, n), 0x55)...)
	}
	for _, tt := range []struct {
		code []byte
		p    int
		last int
		next int
		ok   bool
	}{
		{pad(12, 4), 0, 11, 16, true},
		{pad(12, 4), 14, 13, 16, true},
		{pad(12, 20), 0, 11, 32, true},
		{pad(12, 3), 0, 0, 0, false},
		{append(pad(5, 1), pad(5, 4)...), 0, 11, 16, true},
		{pad(16, 0), 0, 0, 0, false},
		{pad(0, 16), 0, 0, 0, false}, // no byte before it
		{nil, 0, 0, 0, false},
	} {
		if last, next, ok := paddingBehind(Segment{0x1000, tt.code}, tt.p); last != tt.last && tt.ok || next != tt.next || ok != tt.ok {
			t.Errorf("% x from %d: %d, %d, %v; want %d, %d, %v", tt.code, tt.p, last, next, ok, tt.last, tt.next, tt.ok)
		}
	}
}

// BenchmarkBounds finds the bounds of functions all over the test program.
func BenchmarkBounds(b *testing.B) {
	text := ownText(b)
	for _, bm := range []struct {
		name  string
		funcs Funcs
		step  int
	}{
		{"dense", Runtime(), 300},
		{"sparse", Runtime(), 3000},
		{"by entries alone", struct{ Funcs }{Runtime()}, 300},
	} {
		b.Run(bm.name, func(b *testing.B) {
			f := newBounds(bm.funcs, text)
			p := 100
			for b.Loop() {
				f.find(p)
				if p += bm.step; p >= len(text.Bytes) {
					p = 100
				}
			}
		})
	}
}
