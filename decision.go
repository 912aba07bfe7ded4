package gkhi

import (
	"reflect"
	"sync/atomic"

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
}

// DeclareDecision names d and puts it into the table of hooks, as [Declare] does.
func DeclareDecision[T, R any](d *Decision[T, R], name, doc string, opts ...HookOption) {
	r := newRegistration(KindDecision, name, doc, reflect.TypeFor[T](), opts)
	r.result = reflect.TypeFor[R]()
	r.key = &d.key
	r.any = d
	r.check = func(fn any) bool { f, ok := fn.(func(T) (R, bool)); return ok && f != nil }
	r.publish = func(gen uint64, hs []*Handler) {
		d.set.Store(newArmedSet[func(T) (R, bool)](gen, r.slots, hs))
	}
	r.bindFailpoint = d.bindFailpoint
	declare(r, &d.reg)
}

// Register adds a handler that may decide. See [Hook.Register].
func (d *Decision[T, R]) Register(name string, fn func(T) (R, bool), opts ...HandlerOption) (*Handler, error) {
	return d.reg.Load().register(name, fn, opts)
}

// Fire runs the armed handlers in order until one decides, and returns its
// answer. It allocates nothing. With no handler armed decided is false.
func (d *Decision[T, R]) Fire(ev T) (r R, decided bool) { return d.fire(ev, nil, nil, 0) }

// fire is Hook.fire with another kind of handler; the comments are there.
func (d *Decision[T, R]) fire(ev T, set *armedSet[func(T) (R, bool)], sl *slot, from int) (r R, decided bool) {
	if set == nil {
		if set = d.set.Load(); set == nil {
			return r, false
		}
		sl = set.slots.pick()
		if !sl.claim() {
			sl = set.slots.claimOther(sl)
		}
		slots := set.slots
		if set = d.set.Load(); set == nil {
			slots.release(sl)
			return r, false
		}
		storeRel(&sl.pos, 0)
		storeRel(&sl.gen, set.gen)
	}
	i := from
	defer func() {
		if i >= 0 {
			if e := &set.entries[i]; e.h.raises {
				set.slots.release(sl)
			} else if e.h.failed(recover()) {
				r, decided = d.fire(ev, set, sl, i+1)
			} else {
				set.slots.release(sl)
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
		if r, decided = e.fn(ev); decided {
			break
		}
	}
	i = -1
	set.slots.release(sl)
	if !decided {
		var zero R
		return zero, false
	}
	return r, true
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
// registers the handler that runs it.
func (d *Decision[T, R]) bindFailpoint(p *failpoint.Program) (register func() (*Handler, error), err error) {
	b, err := failpoint.Bind[R](p)
	if err != nil {
		return nil, err
	}
	run := func(T) (r R, decided bool) {
		v, out := b.Eval()
		switch out.Action {
		case failpoint.Return:
			return v, true
		case failpoint.Panic:
			panic(failpointPanic(d.Name(), out.Text))
		}
		return r, false
	}
	detach := func(gone bool) {
		if gone {
			p.Close()
		} else {
			p.Release()
		}
	}
	return func() (*Handler, error) {
		return d.Register(failpointName, run, raises(), onDetach(detach))
	}, nil
}
