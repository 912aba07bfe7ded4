package gkhi

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// This file is the reference that TestStress compares hooks with: for each handler,
// under a mutex, what is certain about it. Operations and events overlap, so that at most moments
// a handler may be armed or not; but when an operation has ended before an event
// began, and no other has begun since, what the event does is determined. All of the
// checks are exact: none can fail by bad luck, and none allows for any.

// modelClock orders beginnings and ends of operations and events.
var modelClock atomic.Uint64

func tick() uint64 { return modelClock.Add(1) }

// A modelHandler is a handler as the reference knows it.
type modelHandler struct {
	name  string
	h     *Handler
	on    *modelHook
	place place
	prio  int
	seq   int
	max   uint64 // 0: no limit, and no SkipHits
	group *modelGroup

	// driving is held by whoever arms, disarms or removes the handler; taken in the order of seq.
	driving sync.Mutex
	removed bool // guarded by driving; what is about to be deregistered, or is

	mu sync.Mutex // leaf
	// onSince and offSince say since when it is certain that the handler is armed,
	// or is not; 0 if it is not certain.
	onSince, offSince uint64
	// unsure counts the calls that will disarm the handler on their way out, and
	// unsureAt is when that last changed.
	unsure   int
	unsureAt uint64
	arms     uint64 // Arm calls begun
	arming   bool   // one is under way
	gone     bool   // Deregister has returned nil
	calls    uint64
	panics   uint64
}

// before is the order in which handlers run.
func (a *modelHandler) before(b *modelHandler) bool {
	seq := cmp.Compare(a.seq, b.seq)
	if a.on.lifo {
		seq = -seq
	}
	return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(b.prio, a.prio), seq) < 0
}

// A modelGroup is some handlers of one hook that are only ever armed and disarmed together.
type modelGroup struct{ members []*modelHandler }

// beginArm and endArm surround Arm, with driving held.
func (a *modelHandler) beginArm() (begun uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.arms++
	a.arming = true
	a.offSince = 0
	return tick()
}

func (a *modelHandler) endArm(begun uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.arming = false
	if a.unsure == 0 && a.unsureAt < begun && a.max == 0 && a.onSince == 0 {
		a.onSince = tick()
	}
}

// beginDisarm and endDisarm surround Disarm and the first half of Deregister,
// with driving held.
func (a *modelHandler) beginDisarm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.onSince = 0
}

func (a *modelHandler) endDisarm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.offSince == 0 {
		a.offSince = tick()
	}
}

// undone is for what was begun and refused: nothing has changed, but what is
// certain is not known any more.
func (a *modelHandler) undone() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.onSince = 0
	a.arming = false
}

// beginFailing comes before a call ends in a panic or Goexit.
// The function that it returns is for when Fire has ended, and checks that the handler is
// disarmed by then.
func (a *modelHandler) beginFailing() (end func() error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.onSince = 0
	a.unsure++
	a.unsureAt = tick()
	a.panics++
	arms, arming := a.arms, a.arming
	return func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.onSince = 0
		a.unsure--
		a.unsureAt = tick()
		if !arming && a.arms == arms && a.h.Armed() {
			return fmt.Errorf("%s is armed after a panic", a.name)
		}
		return nil
	}
}

// entered checks a call of the handler and counts it.
func (a *modelHandler) entered(ev *modelEvent) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	switch {
	case a.gone:
		return fmt.Errorf("%s is called after Deregister has returned", a.name)
	case a.arms == 0:
		return fmt.Errorf("%s is called and was never armed", a.name)
	case a.offSince != 0 && a.offSince < ev.begun:
		return fmt.Errorf("%s is called by an event that began at %d, disarmed since %d", a.name, ev.begun, a.offSince)
	case a.max != 0 && a.calls > a.max*a.arms:
		return fmt.Errorf("%s is called %d times, armed %d times for %d each", a.name, a.calls, a.arms, a.max)
	}
	return nil
}

// missed reports whether an event that is over should have called the handler.
func (a *modelHandler) missed(ev *modelEvent) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.onSince != 0 && a.onSince < ev.begun && a.unsure == 0 && a.unsureAt < ev.begun
}

// A modelHook is a hook or a decision as the reference knows it.
type modelHook struct {
	name            string
	lifo, exclusive bool
	register        func(name string, fn func(*modelEvent) bool, opts ...HandlerOption) (*Handler, error)
	fire            func(*modelEvent) (stopped bool)
	info            func() Info
	reg             func() *registration

	mu  sync.Mutex // held while a handler is registered or removed; taken before driving
	hs  []*modelHandler
	seq int
}

// refuses says which error registering has to give, or nil; with mu held.
func (m *modelHook) refuses(a *modelHandler) error {
	for _, o := range m.hs {
		if o.name == a.name {
			return ErrDuplicate
		}
	}
	if m.exclusive && len(m.hs) > 0 {
		return ErrExclusive
	}
	for _, o := range m.hs {
		if a.place != placeAny && o.place == a.place {
			return ErrPriorityTaken
		}
	}
	return nil
}

// handlers returns the handlers that are registered now.
func (m *modelHook) handlers() []*modelHandler {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.hs)
}

// A modelEvent is one event: what handlers are to do in it, and what they did.
type modelEvent struct {
	on    *modelHook
	begun uint64
	depth int // of events in events
	// acts says what the nth handler that is called does; more may be called.
	acts   []modelAct
	called []*modelHandler
	cut    *modelHandler // ended the event, by its verdict or by Goexit
	errs   []error       // what was wrong already in the calls
	after  []func() error
}

// check checks an event that is over; known are the handlers that were registered then.
func (ev *modelEvent) check(known []*modelHandler) []error {
	errs := ev.errs
	bad := func(format string, args ...any) {
		var names []string
		for _, a := range ev.called {
			names = append(names, a.name)
		}
		errs = append(errs, fmt.Errorf("%s, event of %d, called %v: %w", ev.on.name, ev.begun, names, fmt.Errorf(format, args...)))
	}
	for _, f := range ev.after {
		if err := f(); err != nil {
			bad("%w", err)
		}
	}
	seen := map[*modelHandler]bool{}
	for i, a := range ev.called {
		if seen[a] {
			bad("%s is called twice", a.name)
		}
		seen[a] = true
		if i > 0 && !ev.called[i-1].before(a) {
			bad("%s runs after %s", a.name, ev.called[i-1].name)
		}
	}
	if n := len(ev.called); ev.cut != nil && ev.called[n-1] != ev.cut {
		bad("%s was to be the last", ev.cut.name)
	}
	// reached reports whether the event got as far as a's place.
	reached := func(a *modelHandler) bool { return ev.cut == nil || a.before(ev.cut) }
	groups := map[*modelGroup]bool{}
	for _, a := range known {
		if !seen[a] && reached(a) && a.missed(ev) {
			bad("%s was armed all the time and is not called", a.name)
		}
		if g := a.group; g != nil && !groups[g] {
			groups[g] = true
			var with, without []string
			for _, o := range g.members {
				switch {
				case seen[o]:
					with = append(with, o.name)
				case reached(o):
					without = append(without, o.name)
				}
			}
			if with != nil && without != nil {
				bad("half of a group: %v and not %v", with, without)
			}
		}
	}
	return errs
}
