package gkhi

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Registering never makes a handler callable, arming does; and so on through its life.
func TestLife(t *testing.T) {
	h := newHook[int](t)
	var called journal
	x := register(t, h, "x", called.note("x"))
	if x.Name() != "x" || x.Hook() != h.Name() || x.FullName() != h.Name()+"/x" {
		t.Errorf("names: %q %q %q", x.Name(), x.Hook(), x.FullName())
	}
	nothing := func() error { return nil }
	for i, step := range []struct {
		name  string
		do    func() error
		want  error
		armed bool
	}{
		{"registered", nothing, nil, false},
		{"disarmed before", x.Disarm, nil, false},
		{"armed", x.Arm, nil, true},
		{"armed again", x.Arm, nil, true},
		{"disarmed", x.Disarm, nil, false},
		{"disarmed again", x.Disarm, nil, false},
		{"armed once more", x.Arm, nil, true},
		{"deregistered", func() error { return x.Deregister(t.Context()) }, nil, false},
		{"deregistered again", func() error { return x.Deregister(t.Context()) }, nil, false},
		{"armed when gone", x.Arm, ErrDeregistered, false},
		{"disarmed when gone", x.Disarm, ErrDeregistered, false},
	} {
		if err := step.do(); !errors.Is(err, step.want) {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
		before := x.Calls()
		h.Fire(i)
		want := ""
		if step.armed {
			want = "x"
		}
		if got := called.take(); got != want || x.Armed() != step.armed || h.Armed() != step.armed {
			t.Errorf("%s: called %q, want %q; armed %v, hook armed %v", step.name, got, want, x.Armed(), h.Armed())
		}
		if n := x.Calls() - before; n != uint64(len(want)) {
			t.Errorf("%s: %d calls counted, want %d", step.name, n, len(want))
		}
	}
	if n := len(h.Info().Handlers); n != 0 {
		t.Errorf("the hook still has %d handlers", n)
	}
	// A new one of the same name is another handler, though the old one is still held.
	y := armed(t, h, "x", called.note("y"))
	h.Fire(0)
	if got := called.take(); got != "y" || y.Calls() != 1 {
		t.Errorf("called %q, counted %d", got, y.Calls())
	}
	must(t, x.Deregister(t.Context()))
	if !y.Armed() {
		t.Error("deregistering the old one disarmed the new one")
	}
}

// blockedCall is a call of h that is in a handler until it is released.
type blockedCall struct {
	release chan struct{}
	done    chan struct{}
}

// blockIn fires h, whose handler must call entered, and returns when it has.
func blockIn(h *Hook[*blockedCall]) *blockedCall {
	c := &blockedCall{make(chan struct{}), make(chan struct{})}
	entered := make(chan struct{})
	go func() {
		defer close(c.done)
		h.Fire(&blockedCall{c.release, entered})
	}()
	<-entered
	return c
}

// block is a handler for blockIn.
func block(c *blockedCall) Verdict {
	close(c.done)
	<-c.release
	return Continue
}

func (c *blockedCall) end() {
	close(c.release)
	<-c.done
}

// Deregister waits for calls of its handler, and for those that may yet come to
// it; not for others.
func TestDeregisterWaits(t *testing.T) {
	pass := func(*blockedCall) Verdict { return Continue }
	for _, tt := range []struct {
		name  string
		which string // is deregistered while a call is blocked in "blocks"
		waits bool
	}{
		{"the handler itself", "blocks", true},
		{"a later one, which the call will come to", "later", true},
		{"an earlier one, which it has been through", "earlier", false},
		{"one that is not armed", "idle", false},
		{"one that was armed since the call began", "new", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHook[*blockedCall](t)
			hs := map[string]*Handler{
				"earlier": armed(t, h, "earlier", pass),
				"blocks":  armed(t, h, "blocks", block),
				"later":   armed(t, h, "later", pass),
				"idle":    register(t, h, "idle", pass),
			}
			c := blockIn(h)
			hs["new"] = armed(t, h, "new", pass)
			x := hs[tt.which]

			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			defer cancel()
			err := x.Deregister(ctx)
			if x.Armed() {
				t.Error("still armed")
			}
			if !tt.waits {
				if err != nil {
					t.Errorf("it waited: %v", err)
				}
				c.end()
				return
			}
			wantError(t, err, ErrInFlight, x.FullName(), "(1)")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v doesn't wrap the context's error", err)
			}
			wantError(t, x.Arm(), ErrDeregistered) // all the same

			again := make(chan error)
			go func() { again <- x.Deregister(t.Context()) }()
			select {
			case err := <-again:
				t.Errorf("the second call did not wait: %v", err)
				c.end()
			case <-time.After(5 * time.Millisecond):
				c.end()
				must(t, <-again)
			}
			wantOneSet(t, h.reg.Load())
		})
	}
}

// A call that has claimed its slot and told no set yet may be about to use any
// set that was published since the slot was free: Deregister has to wait, and
// to remember the sets.
func TestDeregisterWaitsForClaims(t *testing.T) {
	h := newHook[int](t)
	noop := func(int) Verdict { return Continue }
	armed(t, h, "first", noop, First())
	x := armed(t, h, "x", noop)
	armed(t, h, "last", noop, Last())
	r := h.reg.Load()
	gen := r.gen
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	sl := r.slots.claim(0)
	for i, step := range []struct {
		what string
		do   func()
		want error
	}{
		{"claimed", func() {}, ErrInFlight},
		{"other sets were published", func() { must(t, armed(t, h, "y", noop).Disarm()) }, ErrInFlight},
		{"it uses the set that has the handler", func() { sl.enter(newMark(gen, 0)) }, ErrInFlight},
		{"other sets were published then", func() { must(t, armed(t, h, "z", noop).Disarm()) }, ErrInFlight},
		{"it runs the handler", func() { sl.enter(newMark(gen, 1)) }, ErrInFlight},
		{"it runs the next", func() { sl.enter(newMark(gen, 2)) }, nil},
		{"it runs an event that began later", func() { sl.enter(newMark(r.gen, 0)) }, nil},
		{"it has ended", sl.release, nil},
	} {
		step.do()
		if err := x.Deregister(ended); !errors.Is(err, step.want) {
			t.Errorf("step %d, %s: %v, want %v", i, step.what, err, step.want)
		}
	}
	wantOneSet(t, r)
}

// A context that has ended is no error when there is nothing to wait for.
func TestDeregisterWithEndedContext(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("gave up"))
	h := newHook[*blockedCall](t)
	must(t, armed(t, h, "idle", block).Deregister(ended))
	x := armed(t, h, "x", block)
	c := blockIn(h)
	err := x.Deregister(ended)
	wantError(t, err, ErrInFlight)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v doesn't wrap the context's error", err)
	}
	c.end()
	must(t, x.Deregister(ended))
}

// From inside a handler there is no waiting, whichever hook's it is; what can't be
// in flight is no error.
func TestDeregisterInside(t *testing.T) {
	other := newHook[*blockedCall](t)
	h := newHook[int](t)
	d := newDecision[int, int](t)
	busy := armed(t, other, "busy", block)
	idle := armed(t, other, "idle", func(*blockedCall) Verdict { return Continue }, First())
	c := blockIn(other)

	act := func() {
		wantError(t, busy.Deregister(t.Context()), ErrInHandler, busy.FullName())
		must(t, idle.Deregister(t.Context()))
	}
	armed(t, h, "first", func(int) Verdict { return Continue })
	inHook := armed(t, h, "x", func(int) Verdict { deeply(100, act); return Continue })
	h.Fire(0)
	armed(t, d, "x", func(int) (int, bool) { act(); return 0, false })
	d.Fire(0)

	// A goroutine that a handler began is not inside one.
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	done := make(chan error)
	must(t, inHook.Deregister(t.Context()))
	armed(t, h, "y", func(int) Verdict { go func() { done <- busy.Deregister(ctx) }(); return Continue })
	h.Fire(0)
	wantError(t, <-done, ErrInFlight)
	c.end()
	must(t, busy.Deregister(t.Context()))
}

// deeply calls f some calls down, which are more than one look at the stack sees.
//
//go:noinline
func deeply(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deeply(n-1, f)
	runtime.KeepAlive(&n)
}

// Several may wait for the same handler.
func TestDeregisterTogether(t *testing.T) {
	h := newHook[*blockedCall](t)
	x := armed(t, h, "x", block)
	calls := []*blockedCall{blockIn(h), blockIn(h), blockIn(h)}
	var waiting sync.WaitGroup
	var ended atomic.Bool
	for range 4 {
		waiting.Go(func() {
			if err := x.Deregister(t.Context()); err != nil {
				t.Error(err)
			}
			if !ended.Load() {
				t.Error("returned with calls in flight")
			}
		})
	}
	for i, c := range calls {
		if i == len(calls)-1 {
			ended.Store(true)
		}
		c.end()
	}
	waiting.Wait()
}

// When Deregister has returned no call of the handler happens, under full load.
func TestDeregisterUnderLoad(t *testing.T) {
	h := newHook[int](t)
	armed(t, h, "other", func(int) Verdict { return Continue }, First())
	var stop atomic.Bool
	var firing sync.WaitGroup
	for range 8 {
		firing.Go(func() {
			for i := range 1 << 60 {
				if stop.Load() {
					return
				}
				h.Fire(i)
				if i%32 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	for range 500 {
		gone := false // not synchronised: the race detector sees it if Deregister doesn't
		x := armed(t, h, "x", func(int) Verdict {
			if gone {
				t.Error("called after Deregister")
			}
			return Continue
		})
		runtime.Gosched()
		must(t, x.Deregister(t.Context()))
		gone = true
		calls := x.Calls()
		runtime.Gosched()
		if x.Calls() != calls {
			t.Error("counted a call after Deregister")
		}
	}
	stop.Store(true)
	firing.Wait()
	must(t, armed(t, h, "x", func(int) Verdict { return Continue }).Deregister(t.Context()))
	wantOneSet(t, h.reg.Load())
}

// wantOneSet checks that sets that nobody uses any more are forgotten, so that
// handlers that are gone are garbage.
func wantOneSet(t *testing.T, r *registration) {
	t.Helper()
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if _, ok := r.history[r.gen]; !ok || len(r.history) != 1 {
		t.Errorf("%d sets are remembered, want the current one", len(r.history))
	}
}
