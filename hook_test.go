package gkhi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		verdicts []Verdict
		called   string
		want     Verdict
	}{
		{nil, "", Continue},
		{[]Verdict{Continue}, "0", Continue},
		{[]Verdict{Stop}, "0", Stop},
		{[]Verdict{Continue, Continue, Continue}, "0 1 2", Continue},
		{[]Verdict{Continue, Stop, Continue}, "0 1", Stop},
		{[]Verdict{Stop, Stop, Continue}, "0", Stop},
		{[]Verdict{Continue, Continue, Stop}, "0 1 2", Stop},
	} {
		h := newHook[int](t)
		var called journal
		for i, v := range tt.verdicts {
			note := called.note(fmt.Sprint(i))
			armed(t, h, fmt.Sprint(i), func(ev int) Verdict { note(ev); return v })
		}
		if got := h.Fire(0); got != tt.want {
			t.Errorf("%v: Fire returned %v, want %v", tt.verdicts, got, tt.want)
		}
		if got := called.take(); got != tt.called {
			t.Errorf("%v: called %q, want %q", tt.verdicts, got, tt.called)
		}
	}
}

func TestVerdictString(t *testing.T) {
	for v, want := range map[Verdict]string{Continue: "continue", Stop: "stop", 7: "verdict?"} {
		if v.String() != want {
			t.Errorf("%d: %q, want %q", v, v, want)
		}
	}
}

// The event arrives as it was fired, whatever its type is passed in.
func TestEvents(t *testing.T) {
	type big struct {
		A [40]int
		S string
	}
	t.Run("big", func(t *testing.T) { fires(t, big{[40]int{1, 39: 2}, "x"}) })
	t.Run("string", func(t *testing.T) { fires(t, "text") })
	t.Run("nothing", func(t *testing.T) { fires(t, struct{}{}) })
	t.Run("error", func(t *testing.T) { fires(t, error(ErrExclusive)) })
	t.Run("nil error", func(t *testing.T) { fires(t, error(nil)) })
	t.Run("floats", func(t *testing.T) { fires(t, [2]float64{1.5, -2}) })
	t.Run("pointer", func(t *testing.T) { fires(t, &big{}) })
}

func fires[T comparable](t *testing.T, ev T) {
	quiet(t)
	h := newHook[T](t)
	var got []T
	note := func(ev T) Verdict { got = append(got, ev); return Continue }
	armed(t, h, "a", note)
	p := register(t, h, "panics", func(T) Verdict { panic("x") })
	armed(t, h, "b", note)
	a, err := h.RegisterAny("c", func(ev any) Verdict {
		if ev == nil {
			return note(*new(T)) // a nil interface has no dynamic type to assert
		}
		return note(ev.(T))
	}, Last())
	must(t, err)
	must(t, a.Arm())
	for _, first := range []func() error{nil, p.Arm} { // the way of an event is another after a panic
		if first != nil {
			must(t, first())
		}
		got = nil
		h.Fire(ev)
		if !slices.Equal(got, []T{ev, ev, ev}) {
			t.Errorf("handlers got %v, want %v three times", got, ev)
		}
	}
}

func TestRegisterAnyOfNil(t *testing.T) {
	h, d := newHook[int](t), newDecision[int, error](t)
	_, err := h.RegisterAny("x", nil)
	wantError(t, err, ErrInvalid, "no function")
	_, err = d.RegisterAny("x", nil)
	wantError(t, err, ErrInvalid, "no function")
}

// What handlers do to their own hook takes effect on the next event: this one
// runs the set that it began with.
func TestFromHandlers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(t *testing.T, h *Hook[int], hs map[string]*Handler, called *journal) error
		first string // called by the event in which b acts
		next  string // by the next one
	}{
		{"disarms itself", func(_ *testing.T, _ *Hook[int], hs map[string]*Handler, _ *journal) error {
			return hs["b"].Disarm()
		}, "a b c", "a c"},
		{"disarms a later one", func(_ *testing.T, _ *Hook[int], hs map[string]*Handler, _ *journal) error {
			return hs["c"].Disarm()
		}, "a b c", "a b"},
		{"disarms all", func(_ *testing.T, _ *Hook[int], hs map[string]*Handler, _ *journal) error {
			return Disarm(hs["a"], hs["b"], hs["c"])
		}, "a b c", ""},
		{"arms another", func(_ *testing.T, _ *Hook[int], hs map[string]*Handler, _ *journal) error {
			return hs["d"].Arm()
		}, "a b c", "a b c d"},
		{"registers and arms another", func(t *testing.T, h *Hook[int], _ map[string]*Handler, called *journal) error {
			armed(t, h, "first", called.note("first"), First())
			return nil
		}, "a b c", "first a b c"},
		{"deregisters itself", func(t *testing.T, _ *Hook[int], hs map[string]*Handler, _ *journal) error {
			err := hs["b"].Deregister(t.Context())
			if !errors.Is(err, ErrInHandler) {
				return fmt.Errorf("Deregister: %w, want ErrInHandler", err)
			}
			return nil
		}, "a b c", "a c"},
		{"deregisters a later one", func(t *testing.T, _ *Hook[int], hs map[string]*Handler, _ *journal) error {
			// This event will still call c, so there is no telling when no call is in flight.
			err := hs["c"].Deregister(t.Context())
			if !errors.Is(err, ErrInHandler) {
				return fmt.Errorf("Deregister: %w, want ErrInHandler", err)
			}
			return nil
		}, "a b c", "a b"},
		{"deregisters an earlier one", func(t *testing.T, _ *Hook[int], hs map[string]*Handler, _ *journal) error {
			return hs["a"].Deregister(t.Context())
		}, "a b c", "b c"},
		{"deregisters one that is not armed", func(t *testing.T, _ *Hook[int], hs map[string]*Handler, _ *journal) error {
			return hs["d"].Deregister(t.Context())
		}, "a b c", "a b c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHook[int](t)
			var called journal
			hs := map[string]*Handler{}
			var act func() error
			for _, name := range strings.Fields("a b c d") {
				note := called.note(name)
				hs[name] = register(t, h, name, func(ev int) Verdict {
					note(ev)
					if name == "b" && act != nil {
						do := act
						act = nil
						if err := do(); err != nil {
							t.Error(err)
						}
					}
					return Continue
				})
			}
			must(t, Arm(hs["a"], hs["b"], hs["c"]))
			act = func() error { return tt.do(t, h, hs, &called) }
			for i, want := range []string{tt.first, tt.next} {
				h.Fire(i)
				if got := called.take(); got != want {
					t.Errorf("event %d was seen by %q, want %q", i, got, want)
				}
			}
		})
	}
}

// A handler may fire its own hook; the inner events run whole.
func TestRecursion(t *testing.T) {
	h := newHook[int](t)
	var depth, calls int
	x := armed(t, h, "x", func(n int) Verdict {
		calls++
		if n > 0 {
			depth++
			h.Fire(n - 1)
		}
		return Continue
	})
	after := 0
	armed(t, h, "after", func(int) Verdict { after++; return Continue })
	h.Fire(1000) // many more than a block of slots
	if depth != 1000 || calls != 1001 || after != 1001 || x.Calls() != 1001 {
		t.Errorf("depth %d, calls %d and %d, counted %d", depth, calls, after, x.Calls())
	}
	if err := x.Deregister(t.Context()); err != nil {
		t.Errorf("after all have returned: %v", err)
	}
}

// Hundreds of calls may be blocked in handlers at once: others go on, all of
// the blocked are counted, and Deregister waits for the last.
func TestManyBlocked(t *testing.T) {
	const many = 500
	h := newHook[chan struct{}](t)
	in := make(chan bool, many)
	x := armed(t, h, "x", func(gate chan struct{}) Verdict {
		if gate != nil {
			in <- true
			<-gate
		}
		return Continue
	})
	var wg sync.WaitGroup
	gates := make([]chan struct{}, many)
	for i := range gates {
		gates[i] = make(chan struct{})
		wg.Go(func() { h.Fire(gates[i]) })
	}
	for range many {
		<-in
	}
	for range 100 {
		h.Fire(nil)
	}
	if hi := h.Info().Handlers[0]; hi.InFlight != many || hi.Calls != many+100 {
		t.Errorf("%d in flight of %d calls, want %d of %d", hi.InFlight, hi.Calls, many, many+100)
	}
	var done atomic.Bool
	deregistered := make(chan error)
	go func() {
		err := x.Deregister(t.Context())
		if !done.Load() {
			err = errors.Join(err, errors.New("Deregister returned while a call was blocked"))
		}
		deregistered <- err
	}()
	for i, gate := range gates {
		if i == many-1 {
			time.Sleep(10 * time.Millisecond) // time for Deregister to be wrong in
			done.Store(true)
		}
		close(gate)
	}
	if err := <-deregistered; err != nil {
		t.Error(err)
	}
	wg.Wait()
	if x.Calls() != many+100 {
		t.Errorf("%d calls, want %d", x.Calls(), many+100)
	}
}

// Fire allocates nothing, however many handlers there are and whatever they are
// registered with.
func TestFireAllocatesNothing(t *testing.T) {
	h, d := newHook[benchEvent](t), newDecision[benchEvent, error](t)
	answer := errors.New("no")
	n := 0
	check := func(what string) {
		t.Helper()
		if a := testing.AllocsPerRun(100, func() { h.Fire(benchEvent{1, 2}) }); a != 0 {
			t.Errorf("%s: Hook.Fire allocates %v times", what, a)
		}
		if a := testing.AllocsPerRun(100, func() { d.Fire(benchEvent{1, 2}) }); a != 0 {
			t.Errorf("%s: Decision.Fire allocates %v times", what, a)
		}
	}
	check("dormant")
	for i := range 8 {
		armed(t, h, fmt.Sprint(i), func(e benchEvent) Verdict { n += e.Pages; return Continue })
		armed(t, d, fmt.Sprint(i), func(e benchEvent) (error, bool) { n += e.Pages; return answer, i == 7 })
		check(fmt.Sprint(i+1, " handlers"))
	}
	armed(t, h, "limited", func(e benchEvent) Verdict { n += e.Pages; return Continue }, First(), SkipHits(5), MaxHits(1e9))
	armed(t, d, "limited", func(e benchEvent) (error, bool) { n += e.Pages; return nil, false }, First(), SkipHits(5), MaxHits(1e9))
	check("with limits")
	armed(t, h, "inner", func(e benchEvent) Verdict {
		if e.Pages == 1 {
			h.Fire(benchEvent{2, 0})
		}
		return Continue
	})
	check("recursive")
}
