package gkhi

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		skip, max uint64
		want      string // which of ten events are seen
		hits      uint64 // what Info says then
		armed     bool   // afterwards
	}{
		{0, 0, "0 1 2 3 4 5 6 7 8 9", 0, true},
		{0, 1, "0", 1, false},
		{0, 3, "0 1 2", 3, false},
		{0, 10, "0 1 2 3 4 5 6 7 8 9", 10, false},
		{0, 11, "0 1 2 3 4 5 6 7 8 9", 10, true},
		{3, 0, "3 4 5 6 7 8 9", 7, true},
		{9, 0, "9", 1, true},
		{10, 0, "", 0, true},
		{3, 2, "3 4", 2, false},
		{8, 5, "8 9", 2, true},
		{1<<64 - 1, 1, "", 0, true},
		{0, 1<<64 - 1, "0 1 2 3 4 5 6 7 8 9", 10, true},
	} {
		t.Run(fmt.Sprintf("skip %d max %d", tt.skip, tt.max), func(t *testing.T) {
			h := newHook[int](t)
			var seen journal
			before := armed(t, h, "before", func(int) Verdict { return Continue })
			x := register(t, h, "x", func(i int) Verdict {
				seen = append(seen, fmt.Sprint(i))
				return Continue
			}, SkipHits(tt.skip), MaxHits(tt.max))
			after := armed(t, h, "after", func(int) Verdict { return Continue })
			for round := range 2 { // arming again starts the counts again
				must(t, x.Arm())
				for i := range 10 {
					h.Fire(i)
				}
				if got := seen.take(); got != tt.want {
					t.Errorf("round %d: saw %q, want %q", round, got, tt.want)
				}
				if x.Armed() != tt.armed {
					t.Errorf("round %d: armed is %v", round, x.Armed())
				}
				hi := h.Info().Handlers[1]
				if hi.Hits != tt.hits || hi.SkipHits != tt.skip || hi.MaxHits != tt.max {
					t.Errorf("round %d: Info says %d hits, skip %d, max %d; want %d hits", round, hi.Hits, hi.SkipHits, hi.MaxHits, tt.hits)
				}
				must(t, x.Disarm())
			}
			if before.Calls() != 20 || after.Calls() != 20 {
				t.Errorf("the handlers around it were called %d and %d times, want 20", before.Calls(), after.Calls())
			}
		})
	}
}

// To arm a handler that is armed changes nothing, its counts neither.
func TestArmedKeepsCounts(t *testing.T) {
	h := newHook[int](t)
	x := armed(t, h, "x", func(int) Verdict { return Continue }, SkipHits(2), MaxHits(3))
	for range 20 {
		must(t, x.Arm())
		if !x.Armed() {
			break
		}
		h.Fire(0)
		if x.Calls() == 3 {
			break
		}
	}
	if x.Calls() != 3 || x.Armed() || h.Armed() {
		t.Errorf("called %d times, armed: %v, hook armed: %v", x.Calls(), x.Armed(), h.Armed())
	}
}

// The last of its hits finds the handler disarmed, so that it can arm itself for more.
func TestLastHitIsDisarmed(t *testing.T) {
	h := newHook[int](t)
	var x *Handler
	var states journal
	x = armed(t, h, "x", func(i int) Verdict {
		states = append(states, fmt.Sprint(x.Armed()))
		if i == 2 {
			if err := x.Arm(); err != nil {
				t.Error(err)
			}
		}
		return Continue
	}, MaxHits(3))
	for i := range 6 {
		h.Fire(i)
	}
	if got, want := states.take(), "true true false true true false"; got != want {
		t.Errorf("armed in its calls: %s, want %s", got, want)
	}
}

// Many goroutines share the hits exactly.
func TestLimitsAreExact(t *testing.T) {
	const goroutines, events = 64, 200
	for _, tt := range []struct{ skip, max, want uint64 }{
		{0, 1, 1},
		{0, 1000, 1000},
		{777, 0, goroutines*events - 777},
		{777, 1000, 1000},
		{goroutines*events - 5, 1000, 5},
	} {
		h := newHook[int](t)
		var calls, others atomic.Uint64
		armed(t, h, "other", func(int) Verdict { others.Add(1); return Continue })
		x := armed(t, h, "x", func(int) Verdict { calls.Add(1); return Continue }, SkipHits(tt.skip), MaxHits(tt.max))
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for i := range events {
					h.Fire(i)
				}
			})
		}
		wg.Wait()
		if calls.Load() != tt.want || x.Calls() != tt.want {
			t.Errorf("skip %d max %d: %d calls, Calls() is %d, want %d", tt.skip, tt.max, calls.Load(), x.Calls(), tt.want)
		}
		if others.Load() != goroutines*events {
			t.Errorf("skip %d max %d: the other handler was called %d times", tt.skip, tt.max, others.Load())
		}
		if want := tt.max == 0 || tt.want < tt.max; x.Armed() != want {
			t.Errorf("skip %d max %d: armed is %v", tt.skip, tt.max, x.Armed())
		}
	}
}

// While others arm it again and again, a handler is called at most MaxHits
// times for each time that it was armed.
func TestLimitsAndArming(t *testing.T) {
	h := newHook[int](t)
	const most = 3
	x := register(t, h, "x", func(int) Verdict { return Continue }, MaxHits(most))
	var stop atomic.Bool
	var firing sync.WaitGroup
	for range 4 {
		firing.Go(func() {
			for !stop.Load() {
				h.Fire(0)
				runtime.Gosched()
			}
		})
	}
	const rounds = 300
	for range rounds {
		must(t, x.Arm())
		for x.Armed() {
			runtime.Gosched()
		}
	}
	stop.Store(true)
	firing.Wait()
	if got := x.Calls(); got != most*rounds {
		t.Errorf("%d calls in %d rounds of %d", got, rounds, most)
	}
}
