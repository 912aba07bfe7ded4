package main

import (
	"sync/atomic"
	"unsafe"
)

// Where does the time of an event go? Each row does more than the one above it, for an event of three words.

type event struct{ pages, bytes, took int }

type eventHandler func(event) bool

// onEvent is the handler.
//
//go:noinline
func onEvent(ev event) bool { return ev.pages < 0 }

type eventSet struct {
	fn    eventHandler
	calls [64]place
}

var eventHandlers atomic.Pointer[eventSet]

func init() { eventHandlers.Store(&eventSet{fn: onEvent}) }

//go:noinline
func firePlain(ev event) bool { return eventHandlers.Load().fn(ev) }

// A guarding is what a deferred function has to know.
type guarding struct {
	ev *event
	s  *eventSet
	p  *place // nil when the handler has returned
}

//go:noinline
func (g *guarding) failed(any) bool { return g.p == nil }

//go:noinline
func fireGuarded(ev event) (stop bool) {
	s := eventHandlers.Load()
	g := guarding{&ev, s, &s.calls[0]}
	defer func() {
		if g.p != nil {
			stop = g.failed(recover())
		}
	}()
	stop = s.fn(ev)
	g.p = nil
	return stop
}

//go:noinline
func fireGuardedOwn(ev event) (stop bool) {
	s, own := eventHandlers.Load(), uint64(uintptr(unsafe.Pointer(&stop))>>11)
	p := &s.calls[own*0x9E3779B97F4A7C15>>58]
	if p.page != own && !atomic.CompareAndSwapUint64(&p.page, 0, own) || p.mark != 0 {
		return fireGuarded(ev)
	}
	p.mark = 1
	if eventHandlers.Load() != s {
		p.mark = 0
		return fireGuarded(ev)
	}
	g := guarding{&ev, s, p}
	defer func() {
		if g.p != nil {
			stop = g.failed(recover())
		}
	}()
	stop = s.fn(ev)
	p, g.p = g.p, nil
	p.mark = 0
	return stop
}

//go:noinline
func fireGuardedCounted(ev event) (stop bool) {
	s, own := eventHandlers.Load(), uint64(uintptr(unsafe.Pointer(&stop))>>11)
	p := &s.calls[own*0x9E3779B97F4A7C15>>58]
	if p.page != own && !atomic.CompareAndSwapUint64(&p.page, 0, own) || p.mark != 0 {
		return fireGuarded(ev)
	}
	p.mark = 1
	if eventHandlers.Load() != s {
		p.mark = 0
		return fireGuarded(ev)
	}
	g := guarding{&ev, s, p}
	defer func() {
		if g.p != nil {
			stop = g.failed(recover())
		}
	}()
	p.mine++
	stop = s.fn(ev)
	p, g.p = g.p, nil
	p.mark = 0
	return stop
}

//go:noinline
func fireGuardedClaim(ev event) (stop bool) {
	p := mine()
	if !atomic.CompareAndSwapUint64(&p.mark, 0, 1) {
		return fireGuarded(ev)
	}
	s := eventHandlers.Load()
	g := guarding{&ev, s, p}
	defer func() {
		if g.p != nil {
			stop = g.failed(recover())
		}
	}()
	p.mine++
	stop = s.fn(ev)
	p, g.p = g.p, nil
	p.mark = 0
	return stop
}

// A copying is a guarding with a copy of the event.
type copying struct {
	ev event
	s  *eventSet
	p  *place
}

//go:noinline
func (c *copying) failed(any) bool { return c.p == nil }

//go:noinline
func fireCopied(ev event) (stop bool) {
	p := mine()
	if !atomic.CompareAndSwapUint64(&p.mark, 0, 1) {
		return fireGuarded(ev)
	}
	s := eventHandlers.Load()
	c := copying{ev, s, p}
	defer func() {
		if c.p != nil {
			stop = c.failed(recover())
		}
	}()
	p.mine++
	stop = s.fn(ev)
	p, c.p = c.p, nil
	p.mark = 0
	return stop
}

func eventLoop(fire func(event) bool) func(n int) {
	return func(n int) {
		for i := range n {
			fire(event{i, i << 12, i})
		}
	}
}

var fireQuestion = &question{
	title:   "Where the time of an event with one handler goes:",
	threads: []int{1},
	designs: []design{
		{"the handler", eventLoop(onEvent)},
		{"the handler, by a set that may change", eventLoop(firePlain)},
		{"and a deferred function", eventLoop(fireGuarded)},
		{"and a place for each page of stack", eventLoop(fireGuardedOwn)},
		{"**and an exact count**", eventLoop(fireGuardedCounted)},
		{"the same, but the place is claimed by a compare-and-swap", eventLoop(fireGuardedClaim)},
		{"the same, but the event is copied for the deferred function", eventLoop(fireCopied)},
	},
}
