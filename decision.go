package gkhi

import (
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/gkhi/gkhi/internal/failpoint"
)

// A Decision is a hook whose handlers may answer in the caller's place: the
// first that returns true decides, and the caller uses its value instead of
// doing the work. It is what failpoints are made of; see [Fail].
//
//	var diskFull gkhi.Decision[CommitEvent, error]
//
//	if diskFull.Armed() {
//		if err, ok := diskFull.Fire(CommitEvent{Pages: n}); ok {
//			return err
//		}
//	}
//
// It must be a package-level variable. All methods are safe for concurrent use.
type Decision[T, R any] struct {
	key
	set atomic.Pointer[armedSet[func(T) (R, bool)]]
	reg atomic.Pointer[registration]
	// failing is the program that the failpoint handler runs, from when that was registered first.
	failing atomic.Pointer[failpoint.Bound[R]]
}

// DeclareDecision names d and puts it into the table of hooks, as [Declare] does.
func DeclareDecision[T, R any](d *Decision[T, R], name, doc string, opts ...HookOption) {
	r := newRegistration(KindDecision, name, doc, reflect.TypeFor[T](), opts)
	r.result = reflect.TypeFor[R]()
	r.flag = d.key.armed.store
	r.any = d
	r.check = func(fn any) bool { f, ok := fn.(func(T) (R, bool)); return ok && f != nil }
	r.publish = func(gen uint64, hs []*Handler) {
		d.set.Store(newArmedSet[func(T) (R, bool)](gen, r.slots, hs))
	}
	r.bindFailpoint = d.bindFailpoint
	r.addKey(unsafe.Pointer(&d.key), 1, false)
	declare(r, &d.reg)
}

// Register adds a handler that may decide. See [Hook.Register].
func (d *Decision[T, R]) Register(name string, fn func(T) (R, bool), opts ...HandlerOption) (*Handler, error) {
	return d.reg.Load().register(name, fn, opts)
}

// Fire runs the armed handlers in order until one decides, and returns its
// answer. It allocates nothing and takes no lock, as [Hook.Fire]. With no handler
// armed decided is false.
func (d *Decision[T, R]) Fire(ev T) (r R, decided bool) {
	// Hook.Fire with another kind of handler; the comments are there.
	set := d.set.Load()
	if set == nil {
		return r, false
	}
	page := pageOf(unsafe.Pointer(&decided))
	at := page.hash(ownBits)
	sl := &set.own[at]
	if !sl.isFreeFor(page) {
		e, sl := d.claim(set, unsafe.Pointer(&decided))
		return decideFrom(e, &ev, sl)
	}
	sl.enter(set.first.mark)
	if d.set.Load() != set {
		sl.release()
		e, sl := d.claim(set, unsafe.Pointer(&decided))
		return decideFrom(e, &ev, sl)
	}
	f := deciding[T, R]{&ev, &set.first, sl}
	defer func() {
		switch {
		case f.sl == nil:
		case f.e.h.raises:
			f.sl.release()
		case f.e.h.failed(recover(), f.sl):
			r, decided = decideFrom(f.e.next, f.ev, f.sl)
		}
	}()
	bump(&set.first.calls.cells[at].n)
	answer, ok := set.first.fn(ev)
	e, sl := f.e.next, f.sl
	f.sl = nil
	if !ok && e != nil {
		return decideFrom(e, &ev, sl)
	}
	sl.release()
	if ok {
		return answer, true
	}
	return r, false
}

// A deciding is an event at a handler.
type deciding[T, R any] struct {
	ev *T
	e  *entry[func(T) (R, bool)]
	sl *slot
}

// claim takes a shared slot for a caller that can't have its own now, and that has something on
// its stack there. It returns the first handler, or nil if there is none any more.
//
//go:noinline
func (d *Decision[T, R]) claim(set *armedSet[func(T) (R, bool)], onStack unsafe.Pointer) (*entry[func(T) (R, bool)], *slot) {
	sl := set.claim(onStack)
	if set = d.set.Load(); set == nil {
		return nil, sl
	}
	return &set.first, sl
}

// decideFrom runs the handlers from e on, which may be nil, and releases sl.
func decideFrom[T, R any](e *entry[func(T) (R, bool)], ev *T, sl *slot) (r R, decided bool) {
	f := deciding[T, R]{ev, e, sl}
	defer func() {
		switch {
		case f.sl == nil:
		case f.e.h.raises:
			f.sl.release()
		case f.e.h.failed(recover(), f.sl):
			r, decided = decideFrom(f.e.next, f.ev, f.sl)
		}
	}()
	for ; f.e != nil; f.e = f.e.next {
		sl.enter(f.e.mark)
		if f.e.limit != nil && !f.e.limit.take(f.e.h) {
			continue
		}
		f.e.calls.add(sl)
		if answer, ok := f.e.fn(*f.ev); ok {
			r, decided = answer, true // what handlers return that don't decide is dropped
			break
		}
	}
	f.sl = nil
	sl.release()
	return r, decided
}

// Info describes the decision as it is now.
func (d *Decision[T, R]) Info() Info { return d.reg.Load().info() }

// Name returns the declared name, or "" before DeclareDecision.
func (d *Decision[T, R]) Name() string { return d.reg.Load().nameOf() }

// RegisterAny adds a handler that watches and never decides; its verdict is
// ignored. See [Hook.RegisterAny].
func (d *Decision[T, R]) RegisterAny(name string, fn func(ev any) Verdict, opts ...HandlerOption) (*Handler, error) {
	if fn == nil {
		return nil, invalid("handler %q has no function", name)
	}
	return d.Register(name, func(ev T) (r R, decided bool) { fn(ev); return r, false }, opts...)
}

// bindFailpoint checks that p answers with values of type R and returns what
// puts it in force. To replace one program with another is a single store: no
// event goes by without one of them.
func (d *Decision[T, R]) bindFailpoint(p *failpoint.Program) (use func(now *Handler) (*Handler, error), err error) {
	b, err := failpoint.Bind[R](p)
	if err != nil {
		return nil, err
	}
	return func(h *Handler) (*Handler, error) {
		d.failing.Store(b)
		if h != nil {
			return h, nil
		}
		return d.Register(failpointName, d.runFailpoint, raises(), onDetach(d.leaveFailpoint))
	}, nil
}

// runFailpoint is the handler of the decision's failpoint.
func (d *Decision[T, R]) runFailpoint(T) (r R, decided bool) {
	b := d.failing.Load()
	v, out := b.Eval()
	for out.Action == failpoint.None && b != d.failing.Load() { // it was replaced before it was evaluated
		b = d.failing.Load()
		v, out = b.Eval()
	}
	switch out.Action {
	case failpoint.Return:
		return v, true
	case failpoint.Panic:
		panic(failpointPanic(d.Name(), out.Text))
	}
	return r, false
}

// leaveFailpoint lets callers go on that wait in the failpoint, when it is disarmed or gone.
func (d *Decision[T, R]) leaveFailpoint(gone bool) {
	if b := d.failing.Load(); gone {
		b.Close()
	} else {
		b.Release()
	}
}
