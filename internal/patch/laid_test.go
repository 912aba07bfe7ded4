//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/record"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/testenv"
	"github.com/gkhi/gkhi/internal/textmem"
)

// The functions whose sites are laid down, as gkhi build does it after linking.
var laidWord struct{ word uint64 }

//go:noinline
func laidOne(x int) int {
	atomic.LoadUint64(&laidWord.word)
	return 3*x + 1
}

//go:noinline
func laidTwo(x int) int {
	if x > 3 {
		atomic.LoadUint64(&laidWord.word)
		return 3*x + 1
	}
	atomic.LoadUint64(&laidWord.word)
	return x
}

// A laidRig is a patcher whose group 0 is the site of laidOne, and group 1 those of laidTwo.
type laidRig struct {
	*Patcher
	sites [2][]uintptr
	calls [3]uintptr // none, and two trampolines that count
	armed [2]int     // which is called
	vague [2]bool    // what was refused could not be taken back

	restore func() // writes what the compiler made
}

func newLaidRig(t testing.TB, sys System) *laidRig {
	testenv.Need(t, testenv.NoRace)
	r := &laidRig{Patcher: New(sys)}
	lo, hi := r.Home()
	if err := record.Open(lo, hi-lo); err != nil {
		t.Fatal(err)
	}
	for i, kind := range []record.Kind{record.Count, record.Count | record.Note} {
		var err error
		if r.calls[1+i], err = record.Trampoline(kind); err != nil {
			t.Fatal(err)
		}
	}
	look := New(kernel{})
	key := look.Add(scan.Key{Addr: uintptr(unsafe.Pointer(&laidWord)), Size: 8, Bare: true})
	if err := look.Prepare(); err != nil {
		t.Skip(err)
	}
	forgetTraps()
	for _, s := range look.keys[key].sites {
		group := 0
		if strings.HasSuffix(runtime.FuncForPC(s.Addr).Name(), "Two") {
			group = 1
		}
		r.sites[group] = append(r.sites[group], s.Addr)
	}
	if len(r.sites[0]) != 1 || len(r.sites[1]) != 2 {
		t.Fatalf("the sites are at %x", r.sites)
	}
	r.restore = func() {
		for _, s := range look.keys[key].sites {
			for _, pc := range s.pieces {
				if err := look.mem.Write([]textmem.Write{{Addr: pc.addr, Bytes: laidOriginals[pc.addr]}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := look.mem.Serialize(); err != nil {
			t.Fatal(err)
		}
		resetTrap()
	}
	t.Cleanup(r.restore)
	// Backwards, since nobody promises an order.
	first, err := r.AddLaid(slices.Concat(r.sites[0], []uintptr{r.sites[1][1], r.sites[1][0]}), []int{1, 3})
	if err != nil || first != 0 || !slices.Equal(r.LaidSites(0, 2), []int32{1, 2}) {
		t.Fatalf("first group %d, sites %v, error %v", first, r.LaidSites(0, 2), err)
	}
	return r
}

// laidOriginals are the sites' bytes as compiled.
var laidOriginals = func() map[uintptr][]byte {
	look := New(kernel{})
	look.Add(scan.Key{Addr: uintptr(unsafe.Pointer(&laidWord)), Size: 8, Bare: true})
	all := map[uintptr][]byte{}
	if look.scan() == nil {
		for _, s := range look.keys[0].sites {
			for _, pc := range s.pieces {
				all[pc.addr] = bytes.Clone(pc.found())
			}
		}
	}
	return all
}()

// A laidStep has the groups call trampolines, by number; -1 leaves one as it is.
type laidStep [2]int

var laidStory = []laidStep{{1, -1}, {2, -1}, {0, -1}, {1, 2}, {2, 1}, {-1, 0}, {2, 2}, {0, 0}, {-1, 2}, {1, 0}, {0, 0}}

// play does the story and checks after each step that every site does what it must.
func (r *laidRig) play(t *testing.T) (refused int) {
	for i, step := range laidStory {
		var cs []LaidChange
		for g, n := range step {
			if n >= 0 {
				cs = append(cs, LaidChange{g, r.calls[n]})
			}
		}
		err := r.SetLaid(cs)
		if err != nil {
			refused++
		}
		for g, n := range step {
			switch {
			case n < 0:
			case err == nil:
				r.armed[g], r.vague[g] = n, false
			case runtime.GOARCH == "arm64":
				r.vague[g] = true
			}
		}
		r.check(t, fmt.Sprintf("step %d, %v (error: %v)", i, step, err))
	}
	return refused
}

func (r *laidRig) check(t *testing.T, when string) {
	t.Helper()
	for g, n := range r.armed {
		before := record.Hits(r.sites[g]...)
		if g == 0 && laidOne(4) != 13 || g == 1 && (laidTwo(4) != 13 || laidTwo(2) != 2) {
			t.Fatalf("%s: a point changed a value", when)
		}
		want := 0
		if n > 0 {
			want = len(r.sites[g])
		}
		if got := int(record.Hits(r.sites[g]...) - before); got != want && !r.vague[g] {
			t.Errorf("%s: %d hits of group %d, want %d", when, got, g, want)
		}
	}
	for i := range r.laid.sites {
		s := &r.laid.sites[i]
		got := r.home.Bytes[s.off:][:laidLen]
		want := r.oldForm(s)
		if s.stuck && got[0] != int3 || !s.stuck && !bytes.Equal(got, want[:]) {
			t.Errorf("%s: %#x has % x and is thought to have % x, stuck: %v", when, s.off, got, want, s.stuck)
		}
	}
}

// TestLaidFaults is TestFaults for sites that are laid down.
func TestLaidFaults(t *testing.T) {
	for _, remap := range []bool{false, true} {
		calls := map[string]int{}
		r := newLaidRig(t, &refusing{refuse: func(call string) verdict {
			if remap && call == "open" {
				return refuse
			}
			if call != "maps" { // without them no site is known
				calls[call]++
			}
			return pass
		}})
		if n := r.play(t); n > 0 {
			t.Fatalf("%d steps were refused without a fault: %+v", n, r.Status())
		}
		r.restore()
		stuck := 0
		for _, call := range slices.Sorted(maps.Keys(calls)) {
			for k := 1; k <= calls[call]; k++ {
				for _, how := range []verdict{refuse, half} {
					for _, once := range []bool{true, false} {
						if how == half && call != "pwrite" {
							continue
						}
						t.Run(fmt.Sprintf("remap=%v/%s/%d/once=%v/half=%v", remap, call, k, once, how == half), func(t *testing.T) {
							stuck += tryLaidFault(t, remap, call, k, how, once)
						})
					}
				}
			}
		}
		if stuck == 0 && runtime.GOARCH == "amd64" {
			t.Error("no fault left a site with an INT3: the trap handler was not tried")
		}
	}
}

func tryLaidFault(t *testing.T, remap bool, call string, k int, how verdict, once bool) (stuck int) {
	healed := false
	r := newLaidRig(t, refuseFrom(call, k, how, once, remap, &healed))
	r.play(t)
	stuck = r.Status().Stuck
	healed = true
	switch refused := r.play(t); {
	case r.refused != nil:
		if refused == 0 {
			t.Errorf("refused for good (%v), and nothing is", r.refused)
		}
	case refused > 0 || r.Status().Stuck > 0:
		t.Errorf("healed, and still %d steps are refused; the status is %+v", refused, r.Status())
	}
	return stuck
}

// TestLaidForeign changes each byte of each site behind the patcher's back: the site must be left alone, and others not.
func TestLaidForeign(t *testing.T) {
	r := newLaidRig(t, &refusing{})
	if err := r.open(); err != nil {
		t.Skip(err)
	}
	for g, addrs := range r.sites {
		for _, addr := range addrs {
			for i := range uintptr(laidLen) {
				code := textmem.Bytes(addr, laidLen)
				was := code[i]
				poke := func(b byte) {
					t.Helper()
					if err := r.mem.Write([]textmem.Write{{Addr: addr + i, Bytes: []byte{b}}}); err != nil {
						t.Fatal(err)
					}
					if err := r.mem.Serialize(); err != nil {
						t.Fatal(err)
					}
				}
				poke(was ^ 0x5A)
				before := bytes.Clone(code)
				odd := func(want bool) {
					t.Helper()
					got, odd := r.Code(addr)
					if !bytes.Equal(got, code) || strings.Contains(odd, "somebody else changed it") != want || (r.Status().Foreign > 0) != want {
						t.Errorf("byte %d of %#x: % x is %q, and %d are foreign", i, addr, got, odd, r.Status().Foreign)
					}
				}
				odd(true)
				err := r.SetLaid([]LaidChange{{g, r.calls[1]}})
				if (err != nil) != (g == 0) || err != nil && !strings.Contains(err.Error(), "somebody else changed it") {
					t.Errorf("byte %d of %#x: %v", i, addr, err)
				}
				if !bytes.Equal(code, before) {
					t.Errorf("byte %d of %#x: % x was overwritten by % x", i, addr, before, code)
				}
				if err := r.SetLaid([]LaidChange{{g, 0}}); err != nil {
					t.Error(err)
				}
				poke(was)
				odd(false)
				if err := r.SetLaid([]LaidChange{{g, r.calls[1]}}); err != nil {
					t.Error(err)
				}
				r.armed[g] = 1
				r.check(t, fmt.Sprintf("byte %d of %#x is back", i, addr))
				if err := r.SetLaid([]LaidChange{{g, 0}}); err != nil {
					t.Error(err)
				}
				r.armed[g] = 0
			}
		}
	}
}

// TestLaidRuns has threads run through a site that goes from one trampoline to another and back: no hit may be lost.
func TestLaidRuns(t *testing.T) {
	r := newLaidRig(t, kernel{})
	if err := r.SetLaid([]LaidChange{{0, r.calls[1]}, {1, r.calls[2]}}); err != nil {
		t.Skip(err)
	}
	before := record.Hits(r.sites[0]...)
	var stop atomic.Bool
	calls := make(chan uint64)
	const threads = 4
	for range threads {
		go func() {
			n := uint64(0)
			for ; n == 0 || !stop.Load(); n++ {
				if laidOne(4) != 13 || laidTwo(4) != 13 {
					panic("a point changed a value")
				}
			}
			calls <- n
		}()
	}
	rounds := 2000
	if len(testenv.Emulator()) > 0 || testing.Short() { // each change of code makes an emulator translate anew
		rounds = 100
	}
	for i := range rounds {
		if err := r.SetLaid([]LaidChange{{0, r.calls[1+i%2]}, {1, r.calls[i%3]}}); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	want := uint64(0)
	for range threads {
		want += <-calls
	}
	if got := record.Hits(r.sites[0]...) - before; got != want {
		t.Errorf("%d hits were counted, of %d", got, want)
	}
	if err := r.SetLaid([]LaidChange{{0, 0}, {1, 0}}); err != nil {
		t.Fatal(err)
	}
}

// TestAddLaid adds sites that are none.
func TestAddLaid(t *testing.T) {
	r := newLaidRig(t, &refusing{})
	if _, err := r.AddLaid([]uintptr{r.home.Addr - 1}, []int{1}); err == nil {
		t.Error("an address outside of the text is taken")
	}
	// The same again, one within another, and the start of a function.
	first, err := r.AddLaid([]uintptr{r.sites[0][0], r.sites[1][0] + 1, probePC()}, []int{1, 3})
	if got := r.LaidSites(first, 2); err != nil || first != 2 || !slices.Equal(got, []int32{0, 0}) {
		t.Errorf("group %d has sites %v, error %v", first, got, err)
	}
	if r.play(t) > 0 {
		t.Error("what was known before is refused")
	}
}

// TestByOffset compares with sorting by comparison.
func TestByOffset(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		sites := make([]laidSite, n)
		for i := range sites {
			sites[i] = laidSite{off: rnd.Uint32() >> rnd.IntN(32), group: int32(i)}
		}
		var got []laidSite
		for _, i := range byOffset(sites) {
			got = append(got, sites[i])
		}
		want := slices.Clone(sites)
		slices.SortStableFunc(want, func(a, b laidSite) int { return int(int64(a.off) - int64(b.off)) })
		if !slices.Equal(got, want) {
			t.Fatalf("%d sites are not in order", n)
		}
	}
}
