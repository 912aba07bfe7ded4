package scan

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
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
