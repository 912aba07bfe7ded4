package gkhi

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/patch"
)

var (
	stressTime = flag.Duration("stress", time.Second, "how long TestStress runs")
	stressSeed = flag.Uint64("stress.seed", 0, "seed of TestStress's random numbers; 0 takes one from the clock")
)

// TestStress does everything that can be done with hooks from many goroutines at once and
// from handlers, at random, and compares it with the reference in model_test.go.
// Scheduling is not reproducible, but the seed gives each goroutine the same
// operations again, in the same order.
func TestStress(t *testing.T) {
	quiet(t)
	seed := *stressSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	length := *stressTime
	if testing.Short() {
		length = min(length, 200*time.Millisecond)
	}
	if seed%2 == 1 { // sites are patched at each toggle; else they go back and forth between that and their flag
		withLimit(t, patch.Limit{})
	} else {
		withLimit(t, patch.Limit{Burst: 2, Every: 4 * time.Millisecond, Quiet: 2 * time.Millisecond})
	}
	t.Logf("repeat with -run TestStress -stress %v -stress.seed %d", length, seed)

	// With more threads than CPUs the kernel stops them anywhere, also between two
	// instructions of a protocol.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4 * runtime.NumCPU()))
	s := newStress(t)
	var wg sync.WaitGroup
	for i := range uint64(16) {
		w := &stressWorker{stress: s, rand: rand.New(rand.NewPCG(seed, i))}
		wg.Go(func() {
			for !s.over.Load() {
				w.step(0)
			}
		})
	}
	time.Sleep(length)
	s.over.Store(true)
	wg.Wait()
	s.finish(t)
}

type stress struct {
	hooks  []*modelHook
	groups []*modelGroup
	over   atomic.Bool
	events atomic.Uint64

	mu   sync.Mutex
	gone []*modelHandler // deregistered, or about to be
	errs []error
}

const maxStressErrors = 20

func (s *stress) report(errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range errs {
		if err != nil {
			s.errs = append(s.errs, err)
		}
	}
	if len(s.errs) >= maxStressErrors {
		s.over.Store(true)
	}
}

func newStress(t *testing.T) *stress {
	s := new(stress)
	for _, opts := range [][]HookOption{nil, {LIFO()}, {Exclusive()}} {
		h := newHook[*modelEvent](t, opts...)
		s.add(t, &modelHook{
			register: func(name string, fn func(*modelEvent) bool, opts ...HandlerOption) (*Handler, error) {
				return h.Register(name, func(ev *modelEvent) Verdict {
					if fn(ev) {
						return Stop
					}
					return Continue
				}, opts...)
			},
			fire: func(ev *modelEvent) bool { return h.Fire(ev) == Stop },
			info: h.Info,
			reg:  h.reg.Load,
		})
	}
	d := newDecision[*modelEvent, string](t)
	s.add(t, &modelHook{
		register: func(name string, fn func(*modelEvent) bool, opts ...HandlerOption) (*Handler, error) {
			return d.Register(name, func(ev *modelEvent) (string, bool) { return "by " + name, fn(ev) }, opts...)
		},
		fire: func(ev *modelEvent) bool {
			got, ok := d.Fire(ev)
			want := ""
			if ok && ev.cut != nil {
				want = "by " + ev.cut.name
			}
			if got != want {
				s.report(fmt.Errorf("%s answers %q, want %q", ev.on.name, got, want))
			}
			return ok
		},
		info: d.Info,
		reg:  d.reg.Load,
	})
	return s
}

func (s *stress) add(t *testing.T, m *modelHook) {
	in := m.info()
	m.name, m.exclusive, m.lifo = in.Name, in.Exclusive, m.reg().opts.lifo
	s.hooks = append(s.hooks, m)
	if m.exclusive {
		return
	}
	g := new(modelGroup)
	for i, opt := range []HandlerOption{Priority(5), Priority(0), Priority(-5)} {
		a := &modelHandler{on: m, name: fmt.Sprint("group", i), prio: 5 - 5*i, group: g}
		if err := s.register(a, opt); err != nil {
			t.Fatal(err)
		}
		g.members = append(g.members, a)
	}
	s.groups = append(s.groups, g)
}

// register registers a, and adds it to the reference.
func (s *stress) register(a *modelHandler, opts ...HandlerOption) error {
	m := a.on
	m.mu.Lock()
	defer m.mu.Unlock()
	want := m.refuses(a)
	m.seq++
	a.seq = m.seq
	h, err := m.register(a.name, func(ev *modelEvent) bool { return s.called(a, ev) }, opts...)
	if !errors.Is(err, want) || (h != nil) != (want == nil) {
		return fmt.Errorf("%s: registering %s: %v, want %v", m.name, a.name, err, want)
	}
	if want == nil {
		a.h = h
		m.hs = append(m.hs, a)
	}
	return nil
}

// called is every handler.
func (s *stress) called(a *modelHandler, ev *modelEvent) (stop bool) {
	ev.called = append(ev.called, a)
	if err := a.entered(ev); err != nil {
		ev.errs = append(ev.errs, err)
	}
	if n := len(ev.called); n <= len(ev.acts) && ev.acts[n-1] != nil {
		return ev.acts[n-1](a, ev)
	}
	return false
}

// finish deregisters all that is left, with nothing in flight any more, and
// compares the counts.
func (s *stress) finish(t *testing.T) {
	all := s.gone
	for _, m := range s.hooks {
		all = append(all, m.hs...)
	}
	for _, a := range all {
		if err := a.h.Deregister(context.Background()); err != nil {
			t.Error(err)
		}
		if a.h.Calls() != a.calls || a.h.Panics() != a.panics {
			t.Errorf("%s counts %d calls and %d panics, want %d and %d", a.name, a.h.Calls(), a.h.Panics(), a.calls, a.panics)
		}
	}
	for _, m := range s.hooks {
		wantNoneInFlight(t, m.reg())
		wantOneSet(t, m.reg())
		if n := len(m.info().Handlers); n != 0 {
			t.Errorf("%s has %d handlers at the end", m.name, n)
		}
	}
	for _, err := range s.errs {
		t.Error(err)
	}
	t.Logf("%d events, %d handlers", s.events.Load(), len(all))
	if s.events.Load() == 0 {
		t.Error("no events")
	}
}

// A modelAct is what a handler does in an event. It returns true to end the event.
type modelAct func(a *modelHandler, ev *modelEvent) (stop bool)

type stressWorker struct {
	*stress
	rand *rand.Rand
}

func (w *stressWorker) oneIn(n int) bool { return w.rand.IntN(n) == 0 }

func pick[T any](w *stressWorker, from []T) (one T, ok bool) {
	if len(from) == 0 {
		return one, false
	}
	return from[w.rand.IntN(len(from))], true
}

// step does one thing. Depth is that of handlers on the stack.
func (w *stressWorker) step(depth int) {
	m := w.hooks[w.rand.IntN(len(w.hooks))]
	switch n := w.rand.IntN(100); {
	case n < 60:
		w.fire(m, depth)
	case n < 66:
		w.registerOne(m)
	case n < 76:
		w.change(m, true)
	case n < 84:
		w.change(m, false)
	case n < 88:
		w.changeGroup(true)
	case n < 92:
		w.changeGroup(false)
	case n < 97:
		if a, ok := pick(w, m.handlers()); ok {
			w.deregister(a, depth)
		}
	case n < 98:
		w.look(m)
	case n < 99:
		w.moveOwnSlots(m)
	default:
		runtime.Gosched()
	}
}

func (w *stressWorker) fire(m *modelHook, depth int) {
	ev := &modelEvent{on: m, begun: tick(), depth: depth}
	goexit := false
	for range w.rand.IntN(8) {
		act := w.act(depth)
		if w.oneIn(200) {
			act, goexit = (*stressWorker).exit, true
		}
		if act == nil {
			ev.acts = append(ev.acts, nil)
			continue
		}
		ev.acts = append(ev.acts, func(a *modelHandler, ev *modelEvent) bool { return act(w, a, ev) })
	}
	if goexit {
		// It takes the goroutine away. The worker waits, so that its random numbers are still used by one.
		var wg sync.WaitGroup
		wg.Go(func() { w.fireNow(ev) })
		wg.Wait()
	} else {
		w.fireNow(ev)
	}
	w.events.Add(1)
	w.report(ev.check(m.handlers())...)
}

func (w *stressWorker) fireNow(ev *modelEvent) {
	if stopped := ev.on.fire(ev); stopped != (ev.cut != nil) {
		w.report(fmt.Errorf("%s: Fire says stopped is %v, and a handler did stop: %v", ev.on.name, stopped, ev.cut != nil))
	}
}

// act picks what a handler does; nil is nothing.
func (w *stressWorker) act(depth int) func(*stressWorker, *modelHandler, *modelEvent) bool {
	switch n := w.rand.IntN(100); {
	case n < 4:
		return func(_ *stressWorker, a *modelHandler, ev *modelEvent) bool { ev.cut = a; return true }
	case n < 7:
		return (*stressWorker).panic
	case n < 10:
		return (*stressWorker).disarmSelf
	case n < 12:
		return (*stressWorker).deregisterSelf
	case n < 18 && depth < 3:
		return func(w *stressWorker, _ *modelHandler, ev *modelEvent) bool { w.step(ev.depth + 1); return false }
	case n < 20:
		return func(*stressWorker, *modelHandler, *modelEvent) bool { runtime.Gosched(); return false }
	}
	return nil
}

func (w *stressWorker) panic(a *modelHandler, ev *modelEvent) bool {
	if a.group != nil {
		return false // it would leave its group
	}
	ev.after = append(ev.after, a.beginFailing())
	panic("stress")
}

func (w *stressWorker) exit(a *modelHandler, ev *modelEvent) bool {
	if a.group != nil {
		return false
	}
	ev.after = append(ev.after, a.beginFailing())
	ev.cut = a
	runtime.Goexit()
	return false
}

func (w *stressWorker) disarmSelf(a *modelHandler, _ *modelEvent) bool {
	if a.group == nil {
		w.arm(false, a)
	}
	return false
}

func (w *stressWorker) deregisterSelf(a *modelHandler, ev *modelEvent) bool {
	w.deregister(a, ev.depth+1)
	return false
}

func (w *stressWorker) registerOne(m *modelHook) {
	a := &modelHandler{on: m, name: fmt.Sprint("h", w.rand.IntN(8)), prio: w.rand.IntN(5) - 2}
	opts := []HandlerOption{Priority(a.prio)}
	switch w.rand.IntN(8) {
	case 0:
		a.place = placeFirst
		opts = append(opts, First())
	case 1:
		a.place = placeLast
		opts = append(opts, Last())
	}
	if w.oneIn(3) {
		a.max = 1 + w.rand.Uint64N(20)
		opts = append(opts, MaxHits(a.max), SkipHits(w.rand.Uint64N(5)))
	}
	w.report(w.register(a, opts...))
}

// change arms or disarms some handlers of a hook together.
func (w *stressWorker) change(m *modelHook, on bool) {
	var as []*modelHandler
	for range 1 + w.rand.IntN(3) {
		if a, ok := pick(w, m.handlers()); ok && a.group == nil && !slices.Contains(as, a) {
			as = append(as, a)
		}
	}
	w.arm(on, as...)
}

func (w *stressWorker) changeGroup(on bool) {
	g := w.groups[w.rand.IntN(len(w.groups))]
	w.arm(on, g.members...)
}

// arm arms or disarms handlers of one hook.
func (w *stressWorker) arm(on bool, as ...*modelHandler) {
	locked := slices.SortedFunc(slices.Values(as), func(a, b *modelHandler) int { return a.seq - b.seq })
	for _, a := range locked {
		a.driving.Lock()
		defer a.driving.Unlock()
	}
	var hs []*Handler
	var begun []uint64
	for _, a := range as {
		hs = append(hs, a.h)
		if on {
			begun = append(begun, a.beginArm())
		} else {
			a.beginDisarm()
		}
	}
	change := Disarm
	if on {
		change = Arm
	}
	err := change(hs...)
	removed := slices.ContainsFunc(as, func(a *modelHandler) bool { return a.removed })
	if errors.Is(err, ErrDeregistered) != removed || err != nil && !removed {
		w.report(fmt.Errorf("arming is %v: %v; one of them is deregistered: %v", on, err, removed))
	}
	for i, a := range as {
		switch {
		case err != nil:
			a.undone()
		case on:
			a.endArm(begun[i])
		default:
			a.endDisarm()
		}
	}
}

// deregister takes a handler off its hook, and mostly waits for its calls.
func (w *stressWorker) deregister(a *modelHandler, depth int) {
	if a.group != nil {
		return
	}
	m := a.on
	m.mu.Lock()
	a.driving.Lock()
	first := !a.removed
	a.removed = true
	a.beginDisarm()
	// With a context that has ended Deregister removes and doesn't wait, so that locks can be held.
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	err := a.h.Deregister(ended)
	a.endDisarm()
	m.hs = slices.DeleteFunc(m.hs, func(o *modelHandler) bool { return o == a })
	a.driving.Unlock()
	m.mu.Unlock()
	if first {
		w.mu.Lock()
		w.stress.gone = append(w.stress.gone, a)
		w.mu.Unlock()
	}
	w.deregistered(a, depth, err)
	if err != nil && depth == 0 && w.oneIn(2) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(w.rand.IntN(300))*time.Microsecond)
		defer cancel()
		w.deregistered(a, depth, a.h.Deregister(ctx))
	}
}

// deregistered checks what Deregister returned.
func (w *stressWorker) deregistered(a *modelHandler, depth int, err error) {
	want := ErrInFlight
	if depth > 0 {
		want = ErrInHandler
	}
	switch {
	case err == nil:
		a.mu.Lock()
		a.gone = true
		a.mu.Unlock()
	case !errors.Is(err, want):
		w.report(fmt.Errorf("deregistering %s, in %d handlers: %v, want %v or nil", a.name, depth, err, want))
	}
}

// moveOwnSlots takes own slots from their pages, as happens when others need them more.
func (w *stressWorker) moveOwnSlots(m *modelHook) {
	evict := map[int]bool{}
	for range w.rand.IntN(ownCount) {
		evict[w.rand.IntN(ownCount)] = true
	}
	registry.mu.Lock()
	defer registry.mu.Unlock()
	r := m.reg()
	if r.slots == nil || !registry.fenced {
		return
	}
	r.replaceOwn(evict)
	if w.oneIn(2) {
		r.settle()
	}
}

// look checks what Info says about names and order.
func (w *stressWorker) look(m *modelHook) {
	m.mu.Lock()
	in := m.info()
	hs := slices.SortedFunc(slices.Values(m.hs), func(a, b *modelHandler) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	m.mu.Unlock()
	if !slices.EqualFunc(in.Handlers, hs, func(hi HandlerInfo, a *modelHandler) bool { return hi.Name == a.name }) {
		w.report(fmt.Errorf("%s: Info lists %v", m.name, in.Handlers))
	}
}
