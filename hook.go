package gkhi

import (
	"reflect"
	"sync/atomic"
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
	gen     uint64
	slots   *slots
	entries []entry[F]
}

type entry[F any] struct {
	fn F
	h  *Handler
}

// Declare names h and puts it into the table of hooks. Names are unique in the
// process and hold no spaces, slashes or glob characters; doc is one line for
// people. Call it from an init function. Like [flag.Var] it panics when the name
// is taken or malformed or h is declared already: that is an error in the program.
func Declare[T any](h *Hook[T], name, doc string, opts ...HookOption) {
	r := newRegistration(KindHook, name, doc, reflect.TypeFor[T](), opts)
	r.key = &h.key
	r.any = h
	r.check = func(fn any) bool { f, ok := fn.(func(T) Verdict); return ok && f != nil }
	r.publish = func(gen uint64, hs []*Handler) {
		h.set.Store(newArmedSet[func(T) Verdict](gen, r.slots, hs))
	}
	declare(r, &h.reg)
}

func newArmedSet[F any](gen uint64, s *slots, hs []*Handler) *armedSet[F] {
	if len(hs) == 0 {
		return nil
	}
	set := &armedSet[F]{gen: gen, slots: s, entries: make([]entry[F], len(hs))}
	for i, h := range hs {
		set.entries[i] = entry[F]{fn: h.fn.(F), h: h}
	}
	return set
}

// Register adds a handler named name, which must be unique on the hook. The
// handler is not called until it is armed. Errors: [ErrUndeclared],
// [ErrDuplicate], [ErrExclusive], [ErrPriorityTaken], [ErrInvalid].
func (h *Hook[T]) Register(name string, fn func(T) Verdict, opts ...HandlerOption) (*Handler, error) {
	return h.reg.Load().register(name, fn, opts)
}

// Fire runs the armed handlers in order, each with ev, on the calling
// goroutine, until one returns [Stop], and returns the last verdict. It
// allocates nothing. With no handler armed it returns [Continue].
func (h *Hook[T]) Fire(ev T) Verdict { return h.fire(ev, nil, nil, 0) }

// fire runs set's handlers from position from on. The first call of an event
// passes no set: fire claims a slot and loads it.
func (h *Hook[T]) fire(ev T, set *armedSet[func(T) Verdict], sl *slot, from int) (v Verdict) {
	if set == nil {
		if set = h.set.Load(); set == nil {
			return Continue
		}
		sl = set.slots.pick()
		if !sl.claim() {
			sl = set.slots.claimOther(sl)
		}
		// Again, now that Deregister sees the claim: see slot.
		slots := set.slots
		if set = h.set.Load(); set == nil {
			slots.release(sl)
			return Continue
		}
		storeRel(&sl.pos, 0)
		storeRel(&sl.gen, set.gen)
	}
	i := from
	defer func() {
		if i >= 0 {
			if e := &set.entries[i]; e.h.raises {
				set.slots.release(sl) // a failpoint's panic is meant for the program
			} else if e.h.failed(recover()) {
				v = h.fire(ev, set, sl, i+1)
			} else {
				set.slots.release(sl) // runtime.Goexit: there is no going on
			}
		}
	}()
	for ; i < len(set.entries); i++ {
		e := &set.entries[i]
		storeRel(&sl.pos, uint64(i))
		if e.h.limit != nil && !e.h.limit.take(e.h) {
			continue
		}
		e.h.calls.add(sl)
		if v = e.fn(ev); v != Continue {
			break
		}
	}
	i = -1
	set.slots.release(sl)
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
