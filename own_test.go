package gkhi

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/testenv"
)

// needOwnSlots skips where hooks have none.
func needOwnSlots(t *testing.T) {
	t.Helper()
	testenv.Need(t, testenv.Linux, testenv.Arch("amd64", "arm64"), testenv.NoRace)
	if !openFence() {
		t.Fatal("the kernel refuses membarrier")
	}
}

// ownCalls returns how many calls of h were made in own slots.
func ownCalls(h *Handler) (n uint64) {
	for i := range ownCount {
		n += loadAcq(&h.calls.cells[i].n)
	}
	return n
}

// settleAll is what happens every now and then.
func settleAll(t *testing.T, r *registration) {
	t.Helper()
	registry.mu.Lock()
	defer registry.mu.Unlock()
	r.settle()
}

// A page of stack is one goroutine's. All of ownSlots rests on it.
func TestStackPages(t *testing.T) {
	const goroutines, rounds = 500, 20
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // stacks become smaller between rounds only
	for range rounds {
		var mu sync.Mutex
		owner := map[stackPage]int{}
		var in, out sync.WaitGroup
		gate := make(chan bool)
		in.Add(goroutines)
		for g := range goroutines {
			out.Go(func() {
				deepen(g%13+8, func() {}) // so that the stack doesn't move below
				deepen(g%13, func() {
					mu.Lock()
					p := myPage()
					if other, taken := owner[p]; taken {
						t.Errorf("goroutines %d and %d both run on page %#x", g, other, p)
					}
					owner[p] = g
					mu.Unlock()
					in.Done()
					<-gate
				})
			})
		}
		in.Wait()
		close(gate)
		out.Wait()
		runtime.GC()
	}
}

// deepen calls f with about so many KiB of stack in use.
func deepen(kib int, f func()) {
	var frame [1024]byte
	if kib > 0 {
		deepen(kib-1, f)
	} else {
		f()
	}
	runtime.KeepAlive(&frame)
}

// A goroutine has its own slot from its second event on.
func TestOwnSlot(t *testing.T) {
	needOwnSlots(t)
	h, d := newHook[int](t), newDecision[int, int](t)
	x := armed(t, h, "x", func(int) Verdict { return Continue })
	y := armed(t, d, "y", func(int) (int, bool) { return 0, false })
	for range 10 {
		h.Fire(0)
		d.Fire(0)
	}
	for _, hd := range []*Handler{x, y} {
		if own := ownCalls(hd); own != 9 || hd.Calls() != 10 {
			t.Errorf("%d calls in own slots of %d, want 9 of 10", own, hd.Calls())
		}
	}
}

// Goroutines come and go on the same pages, fire from within handlers and move to other
// stacks there. No call shares its slot, or counts would be lost.
func TestOwnSlotsExclusive(t *testing.T) {
	needOwnSlots(t)
	h := newHook[int](t)
	x := armed(t, h, "x", func(n int) Verdict {
		if n > 0 {
			deepen(n%40, func() { h.Fire(n - 1) })
		}
		return Continue
	})
	after := armed(t, h, "after", func(int) Verdict {
		registry.mu.Lock() // so that in-flight slots are seen as Deregister sees them
		defer registry.mu.Unlock()
		seen := 0
		h.reg.Load().slots.each(func(*slot, mark) { seen++ })
		if seen == 0 {
			t.Error("a call shows in no slot")
		}
		return Continue
	})
	const goroutines, events, depth = 200, 20, 5
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range events {
				h.Fire(depth)
			}
		})
	}
	wg.Wait()
	const want = goroutines * events * (depth + 1)
	if x.Calls() != want || after.Calls() != want {
		t.Errorf("counted %d and %d calls, want %d", x.Calls(), after.Calls(), want)
	}
	if ownCalls(x) == 0 {
		t.Error("no call was in an own slot")
	}
	wantNoneInFlight(t, h.reg.Load())
}

// A handler with limits never runs in an own slot: Fire doesn't look at limits.
func TestOwnSlotsAndLimits(t *testing.T) {
	needOwnSlots(t)
	h := newHook[int](t)
	x := armed(t, h, "x", func(int) Verdict { return Continue }, SkipHits(2), MaxHits(3))
	for range 10 {
		h.Fire(0)
	}
	if x.Calls() != 3 || ownCalls(x) != 0 {
		t.Errorf("%d calls, %d in own slots", x.Calls(), ownCalls(x))
	}
	for i := range noOwnSlots {
		if noOwnSlots[i].owner() != nobodys {
			t.Errorf("slot %d of nobody's belongs to page %#x", i, noOwnSlots[i].owner())
		}
	}
}

// Slots that were reserved when the handler was armed are let as soon as there is a fence.
func TestOwnSlotsLater(t *testing.T) {
	needOwnSlots(t)
	keepUnwatched(t)
	setFenced(t, false)
	h := newHook[int](t)
	x := armed(t, h, "x", func(int) Verdict { return Continue })
	for range 3 {
		h.Fire(0)
	}
	settleAll(t, h.reg.Load())
	if ownCalls(x) != 0 {
		t.Error("own slots without a fence")
	}
	setFenced(t, true)
	settleAll(t, h.reg.Load())
	for range 3 {
		h.Fire(0)
	}
	if own := ownCalls(x); own != 2 || x.Calls() != 6 {
		t.Errorf("%d calls in own slots of %d, want 2 of 6", own, x.Calls())
	}
}

func setFenced(t *testing.T, on bool) {
	t.Helper()
	set := func(on bool) (old bool) {
		registry.mu.Lock()
		defer registry.mu.Unlock()
		old, registry.fenced = registry.fenced, on
		return old
	}
	old := set(on)
	t.Cleanup(func() { set(old) })
}

// A slot whose page has become quiet goes to another page that has the same place.
func TestSettle(t *testing.T) {
	needOwnSlots(t)
	keepUnwatched(t)
	h := newHook[int](t)
	x := armed(t, h, "x", func(int) Verdict { return Continue })
	r := h.reg.Load()
	for i := range r.slots.own { // somebody was here before, and is gone
		r.slots.own.let(i, 12345)
	}
	fire := func(what string, events, own uint64) {
		t.Helper()
		all, before := x.Calls(), ownCalls(x)
		for range events {
			h.Fire(0)
		}
		if got := ownCalls(x) - before; got != own || x.Calls() != all+events {
			t.Errorf("%s: %d calls in own slots of %d, want %d of %d", what, got, x.Calls()-all, own, events)
		}
	}
	gen := r.gen
	fire("all slots are others'", 5, 0)
	settleAll(t, r)
	if r.gen == gen {
		t.Error("no new slots were published")
	}
	fire("the quiet ones lost theirs", 5, 4)
	gen = r.gen
	settleAll(t, r)
	fire("the slot is used", 5, 5)
	settleAll(t, r)
	settleAll(t, r)
	fire("nobody else wants it", 5, 5)
	if r.gen != gen {
		t.Error("new slots were published though nobody wants any")
	}
	wantOneSet(t, r)
}

// Slots are replaced while calls are in flight in them: Deregister waits for those,
// they show, and nobody else gets their cells in the tallies.
func TestReplaceUsedSlots(t *testing.T) {
	needOwnSlots(t)
	keepUnwatched(t)
	h := newHook[*blockedCall](t)
	x := armed(t, h, "blocks", func(c *blockedCall) Verdict {
		if c != nil {
			return block(c)
		}
		return Continue
	})
	r := h.reg.Load()
	c := &blockedCall{make(chan struct{}), make(chan struct{})}
	entered := make(chan struct{})
	go func() {
		defer close(c.done)
		h.Fire(nil)
		h.Fire(&blockedCall{c.release, entered})
	}()
	<-entered
	at := -1
	for i := range r.slots.own {
		if r.slots.own.inUse(i) {
			at = i
		}
	}
	if at < 0 {
		t.Fatal("the call isn't in an own slot")
	}
	registry.mu.Lock()
	r.replaceOwn(map[int]bool{at: true})
	registry.mu.Unlock()
	for range 3 {
		if owner := r.slots.own[at].owner(); owner != reserved || len(r.slots.left) != 1 {
			t.Errorf("the place of a slot in use belongs to %#x, and there are %d older sets of slots", owner, len(r.slots.left))
		}
		settleAll(t, r)
	}
	if hi := inFlightOf(t, h, "blocks"); hi.InFlight != 1 {
		t.Errorf("%d in flight", hi.InFlight)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Deregister(ended); !errors.Is(err, ErrInFlight) {
		t.Errorf("deregistered with a call in flight: %v", err)
	}
	c.end()
	must(t, x.Deregister(ended))
	settleAll(t, r)
	if owner := r.slots.own[at].owner(); owner != nobodys || len(r.slots.left) != 0 {
		t.Errorf("then the place belongs to %#x, and there are %d older sets of slots", owner, len(r.slots.left))
	}
	if x.Calls() != 2 {
		t.Errorf("counted %d of 2", x.Calls())
	}
}

// What fence is for: of a reader that stores its mark and then loads what is published, and
// a writer that publishes, passes the fence and then looks at the mark, one sees the other.
func TestFence(t *testing.T) {
	needOwnSlots(t)
	type set struct{ over atomic.Bool }
	var published atomic.Pointer[set]
	published.Store(new(set))
	sl := &newOwnSlots(nobodys)[0]
	var stop atomic.Bool
	var entered int
	var reader sync.WaitGroup
	reader.Go(func() {
		for !stop.Load() {
			s := published.Load()
			sl.enter(newMark(1, 0))
			if published.Load() == s {
				entered++
				for range 10 {
					if s.over.Load() {
						t.Error("a reader is in a set that the writer believes to be free of readers")
						stop.Store(true)
						break
					}
				}
			}
			sl.release()
		}
	})
	over := 0
	for end := time.Now().Add(300 * time.Millisecond); !stop.Load() && time.Now().Before(end); {
		for range 1000 {
			old := published.Swap(new(set))
			fence()
			if sl.look() == markFree {
				old.over.Store(true)
				over++
			}
		}
	}
	stop.Store(true)
	reader.Wait()
	t.Logf("%d entries, %d sets were over", entered, over)
	if entered == 0 || over == 0 {
		t.Error("the two did not meet")
	}
}
