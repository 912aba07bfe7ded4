package gkhi

import (
	"reflect"
	"sync/atomic"
	"unsafe"
)

// A Verdict is what a handler tells the hook.
type Verdict uint8

const (
	Continue Verdict = iota // run the next handler
	Stop                    // run no further handler; Fire returns Stop
)

func (v Verdict) String() string {
	switch v {
	case Continue:
		return "continue"
	case Stop:
		return "stop"
	}
	return "verdict?"
}

// A Hook is a hook whose events are values of type T. It must be a
// package-level variable; the zero value is dormant, and [Declare] gives it a
// name. All methods are safe for concurrent use, also from handlers.
type Hook[T any] struct {
	key
	set atomic.Pointer[armedSet[func(T) Verdict]]
	reg atomic.Pointer[registration]
}

// An armedSet is one published state of a hook: its armed handlers in the order
// in which they run. It is never changed.
type armedSet[F any] struct {
	own   *ownSlots
	slots *slots
	first entry[F]
}

// An entry is what Fire needs of an armed handler.
type entry[F any] struct {
	mark  mark
	fn    F
	limit *limit
	calls *tally
	h     *Handler
	next  *entry[F] // nil in the last
}

// Declare names h and puts it into the table of hooks. Names are unique in the
// process. They are printable, of up to 256 bytes, don't begin with a - and hold no
// spaces, quotes, slashes, glob characters or any of ,;=%<>. The doc is one line for people. Call it from an init function. Like [flag.Var] it panics when the name
// is taken or malformed or h is declared already: that is an error in the program.
func Declare[T any](h *Hook[T], name, doc string, opts ...HookOption) {
	r := newRegistration(KindHook, name, doc, reflect.TypeFor[T](), opts)
	r.flag = h.key.armed.store
	r.any = h
	r.check = func(fn any) bool { f, ok := fn.(func(T) Verdict); return ok && f != nil }
	r.publish = func(gen uint64, hs []*Handler) {
		h.set.Store(newArmedSet[func(T) Verdict](gen, r.slots, hs))
	}
	r.addKey(unsafe.Pointer(&h.key), 1, false)
	declare(r, &h.reg)
}

func newArmedSet[F any](gen uint64, s *slots, hs []*Handler) *armedSet[F] {
	if len(hs) == 0 {
		return nil
	}
	set := &armedSet[F]{own: s.own, slots: s}
	if hs[0].limit != nil { // which Fire leaves to fireFrom
		set.own = &noOwnSlots
	}
	rest := make([]entry[F], len(hs)-1) // side by side in memory
	e := &set.first
	for i, h := range hs {
		if i > 0 {
			e.next = &rest[i-1]
			e = e.next
		}
		*e = entry[F]{mark: newMark(gen, i), fn: h.fn.(F), limit: h.limit, calls: h.calls, h: h}
	}
	return set
}

// claim takes a shared slot. From the next event on the caller may have its own.
func (s *armedSet[F]) claim(onStack unsafe.Pointer) *slot {
	p := pageOf(onStack)
	if s.own != &noOwnSlots {
		s.own.adopt(p)
	}
	return s.slots.claim(p)
}

// Register adds a handler named name, which must be unique on the hook. The
// handler is not called until it is armed. Errors: [ErrUndeclared],
// [ErrDuplicate], [ErrExclusive], [ErrPriorityTaken], [ErrInvalid].
func (h *Hook[T]) Register(name string, fn func(T) Verdict, opts ...HandlerOption) (*Handler, error) {
	return h.reg.Load().register(name, fn, opts)
}

// Fire runs the armed handlers in order, each with ev, on the calling
// goroutine, until one returns [Stop], and returns the last verdict. It
// allocates nothing and takes no lock, except when a handler panics or takes the last of
// its [MaxHits], and when more calls are in flight than ever before and dozens are.
// With no handler armed it returns [Continue].
func (h *Hook[T]) Fire(ev T) (v Verdict) {
	set := h.set.Load()
	if set == nil {
		return Continue
	}
	// Steps (1) and (2) of the protocol at slot. From pageOf to enter the stack must not move:
	// see ownSlots.
	page := pageOf(unsafe.Pointer(&v))
	at := page.hash(ownBits)
	sl := &set.own[at]
	if !sl.isFreeFor(page) {
		e, sl := h.claim(set, unsafe.Pointer(&v))
		return fireFrom(e, &ev, sl)
	}
	sl.enter(set.first.mark)
	if h.set.Load() != set {
		sl.release()
		e, sl := h.claim(set, unsafe.Pointer(&v))
		return fireFrom(e, &ev, sl)
	}
	// The first handler, which is mostly the only one, is called here and the
	// others by fireFrom: this function is as long as it takes to pay for little
	// more than the defer. What the deferred function needs is in one variable,
	// since each one that it captures costs. It has the event's address: a copy costs
	// more than all the rest, since a processor can't forward two stores of a word to
	// the load of both that a copy is made of, and waits.
	f := firing[T]{&ev, &set.first, sl}
	defer func() {
		switch {
		case f.sl == nil: // as always, but when the handler did not return
		case f.e.h.raises:
			f.sl.release() // a failpoint's panic is meant for the program
		case f.e.h.failed(recover(), f.sl):
			v = fireFrom(f.e.next, f.ev, f.sl)
		}
	}()
	bump(&set.first.calls.cells[at].n)
	v = set.first.fn(ev)
	e, sl := f.e.next, f.sl // from memory: they would be saved there anyway
	f.sl = nil
	if e != nil && v == Continue {
		return fireFrom(e, &ev, sl)
	}
	sl.release()
	return v
}

// A firing is an event at a handler.
type firing[T any] struct {
	ev *T
	e  *entry[func(T) Verdict]
	sl *slot // nil when the last handler has returned
}

// claim takes a shared slot for a caller that can't have its own now, and that has something on
// its stack there. It returns the first handler, or nil if there is none any more.
//
//go:noinline
func (h *Hook[T]) claim(set *armedSet[func(T) Verdict], onStack unsafe.Pointer) (*entry[func(T) Verdict], *slot) {
	sl := set.claim(onStack)
	if set = h.set.Load(); set == nil {
		return nil, sl
	}
	return &set.first, sl
}

// fireFrom runs the handlers from e on, which may be nil, and releases sl.
func fireFrom[T any](e *entry[func(T) Verdict], ev *T, sl *slot) (v Verdict) {
	f := firing[T]{ev, e, sl}
	defer func() {
		switch {
		case f.sl == nil:
		case f.e.h.raises:
			f.sl.release()
		case f.e.h.failed(recover(), f.sl):
			v = fireFrom(f.e.next, f.ev, f.sl)
		}
	}()
	for ; f.e != nil; f.e = f.e.next {
		sl.enter(f.e.mark)
		if f.e.limit != nil && !f.e.limit.take(f.e.h) {
			continue
		}
		f.e.calls.add(sl)
		if v = f.e.fn(*f.ev); v != Continue {
			break
		}
	}
	f.sl = nil
	sl.release()
	return v
}

// Info describes the hook as it is now.
func (h *Hook[T]) Info() Info { return h.reg.Load().info() }

// Name returns the declared name, or "" before Declare.
func (h *Hook[T]) Name() string { return h.reg.Load().nameOf() }

// RegisterAny is [Hook.Register] for code that doesn't know T: each event is
// passed as an any, which allocates. It is what [AnyHook] offers to tools.
func (h *Hook[T]) RegisterAny(name string, fn func(ev any) Verdict, opts ...HandlerOption) (*Handler, error) {
	if fn == nil {
		return nil, invalid("handler %q has no function", name)
	}
	return h.Register(name, func(ev T) Verdict { return fn(ev) }, opts...)
}
