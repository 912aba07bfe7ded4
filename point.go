package gkhi

import (
	"sync/atomic"
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
	word uint64 // what the site loads: see Hit
	reg  atomic.Pointer[registration]
}

// DeclarePoint names p and puts it into the table of hooks, as [Declare] does.
func DeclarePoint(p *Point, name, doc string, opts ...HookOption) {
	r := newRegistration(KindPoint, name, doc, nil, opts)
	r.any = p
	declare(r, &p.reg)
}

// Hit marks the place. It compiles to one load of 7 bytes whose value is
// thrown away (MOVQ p(SB), R on amd64), inlines wherever it is used, and leaves
// its function a leaf. That instruction is what patching replaces.
func (p *Point) Hit() { atomic.LoadUint64(&p.word) }

// Armed reports whether a handler is armed on the point.
func (p *Point) Armed() bool { return atomic.LoadUint64(&p.word) != 0 }

// Name returns the declared name, or "" before DeclarePoint.
func (p *Point) Name() string { return p.reg.Load().nameOf() }

// Info describes the point as it is now.
func (p *Point) Info() Info { return p.reg.Load().info() }

// RegisterAny is refused with [ErrInvalid]: a point has no event to pass. It is
// here so that a Point is an [AnyHook].
func (p *Point) RegisterAny(name string, fn func(ev any) Verdict, opts ...HandlerOption) (*Handler, error) {
	return p.reg.Load().register(name, fn, opts)
}
