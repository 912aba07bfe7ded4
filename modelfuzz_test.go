package gkhi

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// FuzzModel does on one goroutine what the bytes say, with a hook and with a
// reference as simple as can be. They go in step: each call of a handler is
// compared with the one that the reference expects next, and each result with
// what it should be. Handlers do things too, whatever the bytes say.
func FuzzModel(f *testing.F) {
	const register, arm, disarm, deregister, armAll, disarmAll, fire, info = 0, 1, 2, 3, 4, 5, 6, 7
	three := []byte{register, 0, 0, register, 1, 0, register, 2, 0, armAll, 0xff}
	for _, rest := range [][]byte{
		{fire, 0, 0, 0, fire, info},
		{disarm, 1, fire, arm, 1, fire, info},
		{fire, actStop, fire, 0, actStop, fire, actPanic, actPanic, 0, info, fire},
		{fire, actDisarm, actRearm, actDeregister, fire, info},
		{fire, actFire, actFire, 0, actStop, 0, actPanic, 0, 0, info},
		{fire, actStep, deregister, 1, actStep, deregister, 0, actStep, info, fire},
		{deregister, 1, armAll, 0xff, fire, register, 1, 0x0f, fire},
		{register, 3, 0xc0, armAll, 8, fire, 0, 0, 0, 0, fire, 0, 0, 0, 0, fire, 0, 0, 0, 0, armAll, 8, fire, 0, 0, 0, 0, info},
		{register, 3, 0xf1, register, 4, 0x5a, armAll, 0xff, fire, fire, fire, fire, info, armAll, 0xff, fire},
	} {
		for kind := range byte(len(fuzzHooks)) {
			f.Add(kind, slices.Concat(three, rest))
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, program []byte) {
		if len(program) > 300 {
			return // longer ones find nothing that shorter ones don't
		}
		quiet(t)
		p := &pair{t: t, fuzzHook: fuzzHooks[int(kind)%len(fuzzHooks)], program: program}
		for len(p.program) > 0 {
			p.step()
		}
		p.end()
	})
}

// A fuzzHook is a hook or a decision for FuzzModel.
type fuzzHook struct {
	lifo, exclusive bool
	register        func(name string, fn func() (stop bool), opts ...HandlerOption) (*Handler, error)
	fire            func() (stopped bool)
	hook            AnyHook
}

// fuzzHooks are declared once, since for each new hook the program is searched for its sites.
var fuzzHooks []fuzzHook

func init() {
	for i, opts := range [][]HookOption{nil, {LIFO()}, {Exclusive()}} {
		h := new(Hook[int])
		Declare(h, fmt.Sprint("fuzzmodel.", i), "for FuzzModel", opts...)
		fuzzHooks = append(fuzzHooks, fuzzHook{
			lifo: i == 1, exclusive: i == 2, hook: h,
			fire: func() bool { return h.Fire(0) == Stop },
			register: func(name string, fn func() bool, opts ...HandlerOption) (*Handler, error) {
				return h.Register(name, func(int) Verdict { return map[bool]Verdict{true: Stop}[fn()] }, opts...)
			},
		})
	}
	d := new(Decision[int, int])
	DeclareDecision(d, "fuzzmodel.decision", "for FuzzModel")
	fuzzHooks = append(fuzzHooks, fuzzHook{
		hook: d,
		fire: func() bool { _, ok := d.Fire(0); return ok },
		register: func(name string, fn func() bool, opts ...HandlerOption) (*Handler, error) {
			return d.Register(name, func(int) (int, bool) { return 0, fn() }, opts...)
		},
	})
}

// A pair is a hook and its reference.
type pair struct {
	t *testing.T
	fuzzHook
	program []byte
	all     []*fuzzHandler // ever registered
	now     []*fuzzHandler // registered, in the order in which they run
	events  []*fuzzEvent   // under way, innermost last
}

// A fuzzHandler is a handler of the reference.
type fuzzHandler struct {
	name        string
	h           *Handler
	place       place
	prio, seq   int
	skip, max   uint64
	armed, gone bool
	hits        uint64
	calls       uint64
	panics      uint64
}

// A fuzzEvent is an event of the reference.
type fuzzEvent struct {
	set     []*fuzzHandler // armed when it began
	at      int            // the one that runs, or ran last
	stopped bool
}

// next goes on to the next handler that the event calls; nil if there is none.
func (ev *fuzzEvent) next() *fuzzHandler {
	for ev.at++; ev.at < len(ev.set); ev.at++ {
		a := ev.set[ev.at]
		if a.skip == 0 && a.max == 0 {
			return a
		}
		a.hits++
		if a.hits <= a.skip || a.max > 0 && a.hits > a.skip+a.max {
			continue
		}
		if a.max > 0 && a.hits == a.skip+a.max {
			a.armed = false
		}
		return a
	}
	return nil
}

// byte takes the next byte of the program; 0 at its end.
func (p *pair) byte() (b byte) {
	if len(p.program) > 0 {
		b, p.program = p.program[0], p.program[1:]
	}
	return b
}

// one picks a handler by the next byte; nil if there is none.
func (p *pair) one() *fuzzHandler {
	b := p.byte()
	if len(p.all) == 0 {
		return nil
	}
	return p.all[int(b)%len(p.all)]
}

func (p *pair) step() {
	switch p.byte() % 8 {
	case 0:
		p.registerOne()
	case 1:
		p.change(true, p.one())
	case 2:
		p.change(false, p.one())
	case 3:
		p.deregister(p.one())
	case 4:
		p.change(true, p.some()...)
	case 5:
		p.change(false, p.some()...)
	case 6:
		p.fireOne()
	case 7:
		p.look()
	}
}

func (p *pair) registerOne() {
	name, how := p.byte()%8, p.byte()
	a := &fuzzHandler{name: fmt.Sprint("h", name), seq: len(p.all), prio: int(how>>2) & 3}
	opts := []HandlerOption{Priority(a.prio)}
	switch how & 3 {
	case 1:
		a.place = placeFirst
		opts = append(opts, First())
	case 2:
		a.place = placeLast
		opts = append(opts, Last())
	}
	if how>>4 != 0 {
		a.skip, a.max = uint64(how>>4&3), uint64(how>>6)
		opts = append(opts, SkipHits(a.skip), MaxHits(a.max))
	}
	var want error
	for _, o := range p.now {
		switch {
		case o.name == a.name:
			want = ErrDuplicate
		case errors.Is(want, ErrDuplicate):
		case p.exclusive:
			want = ErrExclusive
		case a.place != placeAny && o.place == a.place:
			want = ErrPriorityTaken
		}
	}
	h, err := p.register(a.name, func() bool { return p.called(a) }, opts...)
	if !errors.Is(err, want) {
		p.t.Fatalf("registering %+v: %v, want %v", a, err, want)
	}
	if want != nil {
		return
	}
	a.h = h
	p.all = append(p.all, a)
	p.now = append(p.now, a)
	slices.SortFunc(p.now, func(a, b *fuzzHandler) int {
		age := cmp.Compare(a.seq, b.seq)
		if p.lifo {
			age = -age
		}
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(b.prio, a.prio), age)
	})
}

// some picks handlers by the bits of the next byte.
func (p *pair) some() (group []*fuzzHandler) {
	mask := p.byte()
	for i, a := range p.all {
		if mask>>(i%8)&1 == 1 {
			group = append(group, a)
		}
	}
	return group
}

func (p *pair) change(on bool, group ...*fuzzHandler) {
	group = slices.DeleteFunc(group, func(a *fuzzHandler) bool { return a == nil })
	gone := slices.ContainsFunc(group, func(a *fuzzHandler) bool { return a.gone })
	var hs []*Handler
	for _, a := range group {
		hs = append(hs, a.h)
		if gone {
			continue
		}
		if on && !a.armed {
			a.hits = 0
		}
		a.armed = on
	}
	change := Disarm
	if on {
		change = Arm
	}
	if err := change(hs...); errors.Is(err, ErrDeregistered) != gone || err != nil && !gone {
		p.t.Fatalf("arming is %v: %v; one is deregistered: %v", on, err, gone)
	}
}

func (p *pair) deregister(a *fuzzHandler) {
	if a == nil {
		return
	}
	a.armed, a.gone = false, true
	p.now = slices.DeleteFunc(p.now, func(o *fuzzHandler) bool { return o == a })
	var want error
	for _, ev := range p.events {
		if slices.Index(ev.set, a) >= ev.at {
			want = ErrInHandler // that event calls it, or will
		}
	}
	if err := a.h.Deregister(p.t.Context()); !errors.Is(err, want) {
		p.t.Fatalf("deregistering %s in %d events: %v, want %v", a.name, len(p.events), err, want)
	}
}

func (p *pair) fireOne() {
	if len(p.events) == 4 {
		return
	}
	ev := &fuzzEvent{at: -1}
	for _, a := range p.now {
		if a.armed {
			ev.set = append(ev.set, a)
		}
	}
	if p.hook.Armed() != (ev.set != nil) {
		p.t.Fatalf("armed is %v with %d armed handlers", p.hook.Armed(), len(ev.set))
	}
	p.events = append(p.events, ev)
	stopped := p.fire()
	p.events = p.events[:len(p.events)-1]
	if stopped != ev.stopped {
		p.t.Fatalf("stopped is %v, want %v", stopped, ev.stopped)
	}
	if ev.stopped {
		return
	}
	if a := ev.next(); a != nil {
		p.t.Fatalf("%s is not called", a.name)
	}
}

// What a handler does.
const (
	actStop = iota + 1
	actPanic
	actDisarm
	actRearm
	actDeregister
	actFire
	actStep
	acts
)

// called is every handler.
func (p *pair) called(a *fuzzHandler) (stop bool) {
	ev := p.events[len(p.events)-1]
	if want := ev.next(); want != a {
		p.t.Fatalf("%s is called, want %+v", a.name, want)
	}
	a.calls++
	switch p.byte() % acts {
	case actStop:
		ev.stopped = true
		return true
	case actPanic:
		a.panics++
		a.armed = false
		panic("fuzz")
	case actDisarm:
		if !a.gone {
			p.change(false, a)
		}
	case actRearm:
		if !a.gone {
			p.change(false, a)
			p.change(true, a)
		}
	case actDeregister:
		p.deregister(a)
	case actFire:
		p.fireOne()
	case actStep:
		p.step()
	}
	return false
}

// look compares what Info says.
func (p *pair) look() {
	in := p.hook.Info()
	if len(in.Handlers) != len(p.now) {
		p.t.Fatalf("%d handlers, want %d", len(in.Handlers), len(p.now))
	}
	for i, a := range p.now {
		want := HandlerInfo{
			Name: a.name, Armed: a.armed, Calls: a.calls, Panics: a.panics,
			SkipHits: a.skip, MaxHits: a.max, Priority: fmt.Sprint(a.prio),
		}
		switch a.place {
		case placeFirst:
			want.Priority = "first"
		case placeLast:
			want.Priority = "last"
		}
		if a.hits > a.skip {
			want.Hits = a.hits - a.skip
		}
		if a.max > 0 {
			want.Hits = min(want.Hits, a.max)
		}
		for _, ev := range p.events {
			if ev.set[ev.at] == a {
				want.InFlight++
			}
		}
		got := in.Handlers[i]
		got.Longest, got.LastPanic = 0, nil
		if got != want {
			p.t.Fatalf("Info says %+v, want %+v", got, want)
		}
	}
}

// end compares once more, and takes all handlers away.
func (p *pair) end() {
	p.look()
	for _, a := range p.all {
		p.deregister(a)
		if a.h.Calls() != a.calls || a.h.Panics() != a.panics || a.h.Armed() {
			p.t.Errorf("%s at the end: %d calls, %d panics; want %d, %d", a.name, a.h.Calls(), a.h.Panics(), a.calls, a.panics)
		}
	}
	r := registrationOf(p.hook.Name())
	wantNoneInFlight(p.t, r)
	if len(p.all) > 0 && r.gen > 0 {
		wantOneSet(p.t, r)
	}
}
