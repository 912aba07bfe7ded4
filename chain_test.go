package gkhi

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
)

func TestChain(t *testing.T) {
	for _, tt := range []struct {
		priorities []int
		stop       string // which of them stops
		called     string
		want       Verdict
	}{
		{nil, "", "", Continue},
		{[]int{0}, "", "0", Continue},
		{[]int{0, 0, 0}, "", "0 1 2", Continue},
		{[]int{1, 2, 3}, "", "2 1 0", Continue},
		{[]int{0, 5, 0, 5, -5, 0}, "", "1 3 0 2 5 4", Continue},
		{[]int{math.MinInt, math.MaxInt, 0}, "", "1 2 0", Continue},
		{[]int{0, 0, 0}, "0", "0", Stop},
		{[]int{0, 0, 0}, "1", "0 1", Stop},
		{[]int{0, 0, 0}, "2", "0 1 2", Stop},
	} {
		var c Chain[int]
		var called journal
		for i, p := range tt.priorities {
			c.Register(func(ev int) Verdict {
				if ev != 7 {
					t.Errorf("event %d", ev)
				}
				called = append(called, fmt.Sprint(i))
				if fmt.Sprint(i) == tt.stop {
					return Stop
				}
				return Continue
			}, p)
		}
		if got := c.Call(7); got != tt.want {
			t.Errorf("%v: Call returned %v, want %v", tt.priorities, got, tt.want)
		}
		if got := called.take(); got != tt.called {
			t.Errorf("%v: called %q, want %q", tt.priorities, got, tt.called)
		}
		if c.Len() != len(tt.priorities) || c.Armed() != (c.Len() > 0) {
			t.Errorf("%v: Len %d, Armed %v", tt.priorities, c.Len(), c.Armed())
		}
	}
}

func TestChainUnregister(t *testing.T) {
	var c Chain[int]
	var called journal
	a := c.Register(called.note("a"), 0)
	b := c.Register(called.note("b"), 0)
	d := c.Register(called.note("d"), 0)
	for _, step := range []struct {
		link *Link[int]
		want string
	}{
		{nil, "a b d"}, {b, "a d"}, {b, "a d"}, {a, "d"}, {d, ""}, {d, ""},
	} {
		if step.link != nil {
			step.link.Unregister()
		}
		c.Call(0)
		if got := called.take(); got != step.want {
			t.Errorf("called %q, want %q", got, step.want)
		}
	}
	if c.Armed() || c.Len() != 0 {
		t.Error("not empty at the end")
	}
}

// What a callback changes is seen by the next call.
func TestChainFromCallbacks(t *testing.T) {
	var c Chain[int]
	var called journal
	var a, b *Link[int]
	a = c.Register(func(int) Verdict {
		called = append(called, "a")
		a.Unregister()
		b.Unregister()
		c.Register(called.note("new"), 9)
		return Continue
	}, 0)
	b = c.Register(called.note("b"), 0)
	for _, want := range []string{"a b", "new"} {
		c.Call(0)
		if got := called.take(); got != want {
			t.Errorf("called %q, want %q", got, want)
		}
	}
}

func TestChainConcurrently(t *testing.T) {
	var c Chain[*[2]int]
	// A call sees one state of the chain: what is registered all the time, in its place.
	c.Register(func(ev *[2]int) Verdict { ev[0]++; return Continue }, 1)
	c.Register(func(ev *[2]int) Verdict { ev[1] = ev[0] + 1; return Continue }, -1)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				var ev [2]int
				c.Call(&ev)
				if ev[1] != ev[0]+1 || ev[0] < 1 {
					t.Errorf("event %v", ev)
					return
				}
			}
		})
	}
	var changing sync.WaitGroup
	for range 4 {
		changing.Go(func() {
			for i := range 200 {
				l := c.Register(func(ev *[2]int) Verdict { ev[0]++; return Continue }, i%2)
				l.Unregister()
				l.Unregister()
			}
		})
	}
	changing.Wait()
	stop.Store(true)
	wg.Wait()
	if c.Len() != 2 {
		t.Errorf("%d callbacks are left", c.Len())
	}
}

func TestChainDeclared(t *testing.T) {
	var c Chain[string]
	if c.Name() != "" || c.Info().Name != "" {
		t.Error("a chain has a name that nobody gave it")
	}
	_, err := c.RegisterAny("x", func(any) Verdict { return Continue })
	wantError(t, err, ErrUndeclared)
	DeclareChain(&c, uniqueName(t), "for a test")
	undeclare(t, c.Name())
	_, err = c.RegisterAny("x", func(any) Verdict { return Continue })
	wantError(t, err, ErrInvalid, "chain")
	l := c.Register(func(string) Verdict { return Continue }, 0)
	in := c.Info()
	if in.Name != c.Name() || in.Kind != KindChain || !in.Armed || in.Callbacks != 1 || in.Event.String() != "string" {
		t.Errorf("%+v", in)
	}
	l.Unregister()
	if in := c.Info(); in.Armed || in.Callbacks != 0 {
		t.Errorf("%+v", in)
	}
}

func TestChainRefuses(t *testing.T) {
	var c Chain[int]
	if p := panicOf(func() { c.Register(nil, 0) }); p == nil {
		t.Error("a nil callback is taken")
	}
	c.Call(0)
}

// A callback's panic is the caller's.
func TestChainPanics(t *testing.T) {
	var c Chain[int]
	c.Register(func(int) Verdict { panic("mine") }, 0)
	if p := panicOf(func() { c.Call(0) }); p != "mine" {
		t.Errorf("panicked with %v", p)
	}
	if c.Len() != 1 {
		t.Error("the callback is gone")
	}
}

func TestChainAllocatesNothing(t *testing.T) {
	var c Chain[benchEvent]
	for i := range 9 {
		if n := testing.AllocsPerRun(100, func() { c.Call(benchEvent{1, 2}) }); n != 0 {
			t.Errorf("%d callbacks: %v allocations", i, n)
		}
		c.Register(ignore, i)
	}
}
