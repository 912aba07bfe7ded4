package gkhi

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
)

// A Chain is a plain notifier list: callbacks by descending priority, in order
// of registration among equals, until one returns [Stop]. Use it for what is
// always registered in production, where a hook's patched site gains nothing and
// its bookkeeping costs. A Chain has none: no counts, no arming, no wait for calls
// in flight, and a callback's panic is the caller's. The zero value is empty and
// ready. All methods are safe for concurrent use, also from callbacks.
type Chain[T any] struct {
	list atomic.Pointer[chainList[T]] // nil while there is no callback
	mu   sync.Mutex                   // guards writing list
	reg  atomic.Pointer[registration]
}

// A chainList is one state of a chain. It is never changed.
type chainList[T any] struct {
	fns   []func(T) Verdict // side by side in memory, for Call
	links []*Link[T]        // beside fns
}

// A Link is one callback in a chain.
type Link[T any] struct {
	fn       func(T) Verdict
	priority int
	chain    *Chain[T]
}

// DeclareChain names c and puts it into the table of hooks, as [Declare] does,
// so that it shows in [Hooks]. A chain works without.
func DeclareChain[T any](c *Chain[T], name, doc string) {
	r := newRegistration(KindChain, name, doc, reflect.TypeFor[T](), nil)
	r.any = c
	declare(r, &c.reg)
}

// Register adds fn, which must not be nil, and returns its link for [Link.Unregister].
func (c *Chain[T]) Register(fn func(T) Verdict, priority int) *Link[T] {
	if fn == nil {
		panic("gkhi: Chain.Register of a nil function")
	}
	l := &Link[T]{fn: fn, priority: priority, chain: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	links := c.links()
	at, _ := slices.BinarySearchFunc(links, priority, func(o *Link[T], p int) int {
		if o.priority >= p {
			return -1
		}
		return 1
	})
	c.store(slices.Insert(slices.Clone(links), at, l))
	return l
}

// Unregister takes the callback off its chain. A call in flight may still run
// it once; Unregister doesn't wait. Doing it twice does nothing.
func (l *Link[T]) Unregister() {
	c := l.chain
	c.mu.Lock()
	defer c.mu.Unlock()
	c.store(slices.DeleteFunc(slices.Clone(c.links()), func(o *Link[T]) bool { return o == l }))
}

// store publishes links as the chain's list, with c.mu held.
func (c *Chain[T]) store(links []*Link[T]) {
	if len(links) == 0 {
		c.list.Store(nil)
		return
	}
	list := &chainList[T]{links: links}
	for _, l := range links {
		list.fns = append(list.fns, l.fn)
	}
	c.list.Store(list)
}

// Call runs the callbacks in order with ev, until one returns [Stop], and
// returns the last verdict. An empty chain returns [Continue].
func (c *Chain[T]) Call(ev T) Verdict {
	list := c.list.Load()
	if list == nil {
		return Continue
	}
	for _, fn := range list.fns {
		if v := fn(ev); v != Continue {
			return v
		}
	}
	return Continue
}

// Len returns the number of callbacks.
func (c *Chain[T]) Len() int { return len(c.links()) }

func (c *Chain[T]) links() []*Link[T] {
	if list := c.list.Load(); list != nil {
		return list.links
	}
	return nil
}

// Armed reports whether the chain has callbacks.
func (c *Chain[T]) Armed() bool { return c.list.Load() != nil }

// Name returns the declared name, or "" for a chain that has none.
func (c *Chain[T]) Name() string { return c.reg.Load().nameOf() }

// Info describes the chain as it is now; its callbacks have no names.
func (c *Chain[T]) Info() Info {
	in := c.reg.Load().info()
	in.Armed, in.Callbacks = c.Armed(), c.Len()
	return in
}

// RegisterAny is refused with [ErrInvalid]: a chain has callbacks, not
// handlers. It is here so that a Chain is an [AnyHook].
func (c *Chain[T]) RegisterAny(name string, fn func(ev any) Verdict, opts ...HandlerOption) (*Handler, error) {
	return c.reg.Load().register(name, fn, opts)
}
