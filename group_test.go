package gkhi

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestGroupIsAllOrNone(t *testing.T) {
	noop := func(int) Verdict { return Continue }
	h1, h2 := newHook[int](t), newHook[int](t)
	a := register(t, h1, "a", noop)
	b := register(t, h2, "b", noop)
	gone := register(t, h2, "gone", noop)
	must(t, gone.Deregister(t.Context()))

	for _, tt := range []struct {
		name   string
		group  []*Handler
		want   error
		saying []string
	}{
		{"a deregistered one, last", []*Handler{a, b, gone}, ErrDeregistered, []string{h2.Name() + "/gone"}},
		{"a deregistered one, first", []*Handler{gone, a, b}, ErrDeregistered, nil},
		{"nil", []*Handler{a, nil, b}, ErrInvalid, []string{"nil handler"}},
		{"one that no hook made", []*Handler{a, {}, b}, ErrInvalid, nil},
	} {
		for _, start := range []bool{false, true} {
			if start {
				must(t, Arm(a, b))
			} else {
				must(t, Disarm(a, b))
			}
			for verb, change := range map[string]func(...*Handler) error{"arm": Arm, "disarm": Disarm} {
				err := change(tt.group...)
				wantError(t, err, tt.want, append(tt.saying, verb)...)
				if a.Armed() != start || b.Armed() != start || h1.Armed() != start || h2.Armed() != start {
					t.Errorf("%s, %s: the others were changed by it", tt.name, verb)
				}
			}
		}
	}
}

func TestGroup(t *testing.T) {
	noop := func(int) Verdict { return Continue }
	h1, h2 := newHook[int](t), newHook[string](t)
	a := register(t, h1, "a", noop)
	b := register(t, h1, "b", noop)
	c := register(t, h2, "c", func(string) Verdict { return Continue })
	must(t, Arm())
	must(t, Disarm())
	for _, step := range []struct {
		do     func(...*Handler) error
		group  []*Handler
		armed  string // of a, b, c
		armed1 bool   // h1
		armed2 bool
	}{
		{Arm, []*Handler{a, b, c}, "true true true", true, true},
		{Arm, []*Handler{a, b, c}, "true true true", true, true},
		{Disarm, []*Handler{b, c}, "true false false", true, false},
		{Disarm, []*Handler{b, a, b, a}, "false false false", false, false},
		{Arm, []*Handler{c, c, c}, "false false true", false, true},
		{Arm, []*Handler{a, c}, "true false true", true, true},
		{Disarm, []*Handler{a, b, c}, "false false false", false, false},
	} {
		must(t, step.do(step.group...))
		if got := fmt.Sprint(a.Armed(), b.Armed(), c.Armed()); got != step.armed {
			t.Errorf("armed: %s, want %s", got, step.armed)
		}
		if h1.Armed() != step.armed1 || h2.Armed() != step.armed2 {
			t.Errorf("hooks armed: %v %v, want %v %v", h1.Armed(), h2.Armed(), step.armed1, step.armed2)
		}
	}
}

// A pair of handlers on one hook is armed and disarmed while others fire: no
// event is seen by one of them and not by the other.
func TestGroupIsSeenTogether(t *testing.T) {
	type sighting struct{ first, between, last bool }
	h := newHook[*sighting](t)
	first := register(t, h, "first", func(s *sighting) Verdict { s.first = true; return Continue }, First())
	armed(t, h, "between", func(s *sighting) Verdict { s.between = true; return Continue })
	last := register(t, h, "last", func(s *sighting) Verdict { s.last = true; return Continue }, Last())

	var done atomic.Bool
	var with, without, torn, missed atomic.Int64
	var firing sync.WaitGroup
	for range 6 {
		firing.Go(func() {
			for i := 1; !done.Load(); i++ {
				if i%32 == 0 {
					runtime.Gosched() // else the arming goroutine waits a whole time slice for its turn
				}
				var s sighting
				h.Fire(&s)
				switch {
				case s.first != s.last:
					torn.Add(1)
				case s.first:
					with.Add(1)
				default:
					without.Add(1)
				}
				if !s.between {
					missed.Add(1)
				}
			}
		})
	}
	for i := 0; i < 2000 || with.Load() == 0 || without.Load() == 0; i++ {
		must(t, Arm(first, last))
		if i%4 == 0 {
			runtime.Gosched()
		}
		must(t, Disarm(last, first))
		if i%4 == 1 {
			runtime.Gosched()
		}
	}
	done.Store(true)
	firing.Wait()
	if torn.Load() != 0 {
		t.Errorf("%d events were seen by one of the pair only", torn.Load())
	}
	if missed.Load() != 0 {
		t.Errorf("%d events were missed by the handler that was armed all the time", missed.Load())
	}
	t.Logf("%d events with the pair, %d without", with.Load(), without.Load())
}
