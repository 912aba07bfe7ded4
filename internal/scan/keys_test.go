package scan

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTargets compares look-ups with a plain search, for sets of all densities.
func TestTargets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		var ts []target
		addr := rng.Uint64N(1 << 40)
		for i := range rng.IntN(50) {
			addr += rng.Uint64N(1 << rng.UintN(34))
			size := 1 + rng.Uint32N(16)
			ts = append(ts, target{addr: addr, size: size, key: int32(i)})
			addr += uint64(size)
		}
		plain := slices.Clone(ts)
		rng.Shuffle(len(ts), func(i, j int) { ts[i], ts[j] = ts[j], ts[i] })
		s := newTargets(ts)
		probe := func(a uint64) {
			i := slices.IndexFunc(plain, func(t target) bool { return a-t.addr < uint64(t.size) })
			got := s.find(a)
			if (got == nil) != (i < 0) || got != nil && got.key != plain[i].key {
				t.Fatalf("round %d: find(%#x) = %+v, want index %d of %+v", round, a, got, i, plain)
			}
			to := a + rng.Uint64N(1<<rng.UintN(20))
			want := slices.ContainsFunc(plain, func(t target) bool { return t.addr <= to && t.addr+uint64(t.size) > a })
			if len(plain) > 0 && s.between(a, to) != want {
				t.Fatalf("round %d: between(%#x, %#x) = %v in %+v", round, a, to, !want, plain)
			}
		}
		for _, x := range plain {
			for d := range uint64(20) {
				probe(x.addr - 2 + d)
			}
			probe(x.addr + rng.Uint64N(1<<32))
			probe(x.addr - rng.Uint64N(1<<32))
		}
		probe(rng.Uint64())
		probe(0)
	}
}

func TestFindSlots(t *testing.T) {
	keys := []Key{{Addr: 0x1000, Size: 8}, {Addr: 0x7fff_0000_2000}}
	word := func(a uint64) []byte {
		var b []byte
		for i := range 8 {
			b = append(b, byte(a>>(8*i)))
		}
		return b
	}
	data := slices.Concat(word(0x1000), word(0x1004), word(0x7fff_0000_2000), word(0x7fff_0000_1001), word(0x7fff_0000_1000), word(0x1000)[:7])
	want := []Slot{{0x5000, 0x1000}, {0x5010, 0x7fff_0000_2000}, {0x5018, 0x7fff_0000_1001}}
	if got := FindSlots(Segment{0x5000, data}, keys); !slices.Equal(got, want) {
		t.Errorf("FindSlots = %v, want %v", got, want)
	}
	// Words are aligned by address, not by their place in the slice.
	if got := FindSlots(Segment{0x4ffd, append([]byte{1, 2, 3}, data...)}, keys); !slices.Equal(got, want) {
		t.Errorf("FindSlots with an odd start = %v, want %v", got, want)
	}
	if got := FindSlots(Segment{0x5000, data}, nil); got != nil {
		t.Errorf("FindSlots without keys = %v", got)
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for r := AddressTaken; r < reasonsEnd; r++ {
		if s := r.String(); s == "" || seen[s] {
			t.Errorf("reason %d is %q", r, s)
		} else {
			seen[s] = true
		}
	}
	for f := Guarded; f <= BareGOT; f++ {
		if s := f.String(); s == "" || seen[s] {
			t.Errorf("form %d is %q", f, s)
		} else {
			seen[s] = true
		}
	}
	if Reason(0).String() != "invalid reason" || reasonsEnd.String() != "invalid reason" || Form(0).String() != "invalid form" || Form(9).String() != "invalid form" {
		t.Error("an invalid value has a name")
	}
}

func TestSiteEnd(t *testing.T) {
	for _, tt := range []struct {
		site Site
		want uintptr
	}{
		{Site{Form: Guarded, Addr: 100, Len: 7, Branch: 110, BranchLen: 6}, 116},
		{Site{Form: GuardedBranch, Addr: 110, Branch: 110, BranchLen: 2}, 112},
		{Site{Form: Bare, Addr: 100, Len: 7}, 107},
		{Site{Form: BareGOT, Addr: 100, Len: 7, TailLen: 3}, 110},
	} {
		if got := tt.site.End(); got != tt.want {
			t.Errorf("%v: End is %d, want %d", tt.site.Form, got, tt.want)
		}
	}
}
