package gkhi

import (
	"sync/atomic"
	"unsafe"

	"github.com/gkhi/gkhi/internal/record"
)

// A Point is a bare place in the code: no event value, no branch, the smallest
// site there is. It must be a package-level variable.
//
//	var parsed gkhi.Point
//
//	func init() { gkhi.DeclarePoint(&parsed, "app.parsed", "a request line was parsed") }
//
//	func parse() { parsed.Hit(); … }
type Point struct {
	word uint64                    // what the site loads: see Hit; not 0 when armed
	set  atomic.Pointer[[]*native] // armed handlers, where sites aren't patched
	reg  atomic.Pointer[registration]
}

// DeclarePoint names p and puts it into the table of hooks, as [Declare] does.
func DeclarePoint(p *Point, name, doc string, opts ...HookOption) {
	r := newRegistration(KindPoint, name, doc, nil, opts)
	r.any = p
	r.check = func(fn any) bool { n, ok := fn.(*native); return ok && n.valid() }
	r.publish = p.publish
	r.flag = p.setWord
	if pointsPatched {
		r.call = pointTrampoline
		r.addKey(unsafe.Pointer(&p.word), unsafe.Sizeof(p.word), true)
	}
	declare(r, &p.reg)
}

// Armed reports whether a handler is armed on the point.
func (p *Point) Armed() bool {
	r := p.reg.Load()
	if r == nil {
		return false
	}
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return len(r.armed) > 0
}

// Count registers a handler that counts hits; [Handler.Calls] tells the number. Each
// thread counts for itself, without a lock. Like every handler it works once armed.
// Errors are those of [Hook.Register]; arming fails where sites can't be
// patched, with the reason.
func (p *Point) Count(name string, opts ...HandlerOption) (*Handler, error) {
	return p.register(&native{point: p, kind: record.Count}, name, opts)
}

// Record registers a handler that notes each hit with its time and goroutine in
// a buffer of its thread and passes them on to sink in batches, some 10 ms
// later, from a goroutine of its own; so sink may block, and when it is too slow events
// are dropped and counted: see [Handler.Dropped]. Disarming passes on the rest.
// Events of one thread are in order. Errors are as for [Point.Count].
func (p *Point) Record(name string, sink func(PointEvent), opts ...HandlerOption) (*Handler, error) {
	if sink == nil {
		return nil, invalid("handler %q has no function", name)
	}
	return p.register(&native{point: p, kind: record.Note, sink: sink}, name, opts)
}

func (p *Point) register(n *native, name string, opts []HandlerOption) (*Handler, error) {
	r := p.reg.Load()
	h, err := r.register(name, n, append(opts, onDetach(n.detach)))
	if err != nil {
		return nil, err
	}
	if h.limit != nil {
		h.remove()
		return nil, invalid("handler %q: a point's handlers have no SkipHits and MaxHits", name)
	}
	return h, nil
}

// Name returns the declared name, or "" before DeclarePoint.
func (p *Point) Name() string { return p.reg.Load().nameOf() }

// Info describes the point as it is now.
func (p *Point) Info() Info { return p.reg.Load().info() }

// RegisterAny is refused with [ErrInvalid]: a point has no event to pass. It is
// here so that a Point is an [AnyHook].
func (p *Point) RegisterAny(name string, fn func(ev any) Verdict, opts ...HandlerOption) (*Handler, error) {
	return p.reg.Load().register(name, fn, opts)
}
