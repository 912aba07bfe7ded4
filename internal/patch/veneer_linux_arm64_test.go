package patch

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/textmem"
)

func TestGaps(t *testing.T) {
	const (
		mb    = 1 << 20
		a     = areaSize
		text  = 512 * mb
		reach = 64 * mb
	)
	for _, tt := range []struct {
		name string
		used []mapping
		want []uintptr
	}{
		{
			name: "alone",
			used: []mapping{{from: text - mb, to: text + mb}},
			want: []uintptr{text - mb - 2*a, text + reach - 2*a},
		},
		{
			name: "low, with data and a heap behind",
			used: []mapping{{from: text - 2*reach, to: text + mb}, {from: text + mb, to: text + 9*mb, path: "[heap]"}},
			want: []uintptr{text + reach - 2*a},
		},
		{
			name: "a gap between, and one too small",
			used: []mapping{{from: text - 2*reach, to: text + mb}, {from: text + 8*mb, to: text + 9*mb}, {from: text + 9*mb + a, to: text + 2*reach}},
			want: []uintptr{text + 8*mb - 2*a},
		},
		{
			name: "under a stack",
			used: []mapping{{from: text - 2*reach, to: text + mb}, {from: text + 8*mb, to: text + 2*reach, path: "[stack]"}},
		},
		{
			name: "ends are not aligned",
			used: []mapping{{from: text - 2*reach, to: text + mb}, {from: text + 8*mb + 0x1000, to: text + 2*reach}},
			want: []uintptr{text + 8*mb - 2*a},
		},
		{
			name: "all taken",
			used: []mapping{{from: text - reach, to: text + reach}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := gaps(tt.used, text, reach)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %#x, want %#x", got, tt.want)
			}
			for _, at := range got {
				for _, m := range tt.used {
					if at < m.to && m.from < at+areaSize {
						t.Errorf("%#x is within %+v", at, m)
					}
				}
			}
		})
	}
}

// TestVeneerSet makes more veneers than an area holds, for sites that don't all reach
// the same one.
func TestVeneerSet(t *testing.T) {
	const text, far = 1 << 30, 1 << 28
	var rooms []uintptr
	refused := errors.New("refused")
	set := codeSet[veneer]{stride: arm64.VeneerLen, build: veneers.build, room: func(v veneer) (addr, size uintptr, err error) {
		if v.site == 0 {
			return 0, 0, refused
		}
		// The areas lie one below the other, as those of mapNear do.
		at := v.site&^(far-1) - areaSize*uintptr(len(rooms)+2)
		rooms = append(rooms, at)
		return at, areaSize, nil
	}}
	get := func(site, call uintptr) uintptr {
		t.Helper()
		at, err := set.get(veneer{site, call})
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	seen := map[uintptr]veneer{}
	const perArea = areaSize / arm64.VeneerLen
	for i := range uintptr(2*perArea + 1) {
		for _, v := range []veneer{{text + 4*i, 8}, {text + 2*far + 4*i, 8}} {
			at := get(v.site, v.call)
			if other, ok := seen[at]; ok {
				t.Fatalf("%+v and %+v share %#x", v, other, at)
			}
			seen[at] = v
			if again := get(v.site, v.call); again != at {
				t.Fatalf("%+v moved from %#x to %#x", v, at, again)
			}
		}
	}
	if get(text, 16) == get(text, 8) {
		t.Error("two trampolines of a site share a veneer")
	}
	if len(rooms) != 6 {
		t.Errorf("%d areas, want 3 for each of two places", len(rooms))
	}
	// What is to be written is each veneer, once.
	for _, w := range set.fresh {
		for b := w.Bytes; len(b) > 0; b = b[arm64.VeneerLen:] {
			at := w.Addr + uintptr(len(w.Bytes)-len(b))
			v, ok := seen[at]
			if !ok && at != get(text, 16) {
				t.Fatalf("%#x is written and is no veneer", at)
			}
			want, err := arm64.Veneer(uint64(at), uint64(v.site), uint64(v.call))
			if ok && (err != nil || !slices.Equal(b[:arm64.VeneerLen], want)) {
				t.Fatalf("wrong code at %#x, %v", at, err)
			}
			delete(seen, at)
		}
	}
	if len(seen) > 0 {
		t.Errorf("%d veneers are not to be written", len(seen))
	}
	if _, err := set.get(veneer{0, 8}); !errors.Is(err, refused) {
		t.Errorf("without room the error is %v", err)
	}
}

// TestNoRoom arms a point where no memory can be had near it: that is refused, and
// nothing changes.
func TestNoRoom(t *testing.T) {
	was := veneers.room
	t.Cleanup(func() {
		veneers.mu.Lock()
		defer veneers.mu.Unlock()
		veneers.room, veneers.areas = was, nil
	})
	r := newRig(t, kernel{})
	veneers.mu.Lock()
	veneers.room = func(veneer) (addr, size uintptr, err error) { return 0, 0, errors.New("there is no room") }
	veneers.areas, veneers.made = nil, map[veneer]uintptr{}
	veneers.mu.Unlock()
	err := r.arm(r.c)
	if err == nil || !strings.Contains(err.Error(), "there is no room") {
		t.Fatalf("the error is %v", err)
	}
	if got, _ := r.hits(r.c); got != 0 {
		t.Error("the point is armed")
	}
	veneers.room = was
	if err := r.arm(r.c); err != nil {
		t.Fatal(err)
	}
	if got, all := r.hits(r.c); got != all {
		t.Errorf("%d hits of %d", got, all)
	}
}

// TestVeneersStay toggles a point: its veneer is made once.
func TestVeneersStay(t *testing.T) {
	r := newRig(t, kernel{})
	if err := r.arm(r.c); err != nil {
		t.Fatal(err)
	}
	at := r.keys[r.c].sites[0].Addr
	v, err := veneers.get(veneer{at, r.count})
	if err != nil {
		t.Fatal(err)
	}
	code := slices.Clone(textmem.Bytes(v, arm64.VeneerLen))
	n := len(veneers.made)
	for range 10 {
		if err := r.disarm(r.c); err != nil {
			t.Fatal(err)
		}
		if err := r.arm(r.c); err != nil {
			t.Fatal(err)
		}
	}
	if len(veneers.made) != n || len(veneers.fresh) > 0 || !slices.Equal(code, textmem.Bytes(v, arm64.VeneerLen)) {
		t.Errorf("%d veneers, then %d; %d are to be written", n, len(veneers.made), len(veneers.fresh))
	}
}
