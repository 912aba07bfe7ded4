package gkhi

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// A Handler is code registered on a hook. It is made by a hook's Register and
// is callable between [Handler.Arm] and [Handler.Disarm]. All methods are safe
// for concurrent use, also from handlers.
type Handler struct {
	name string
	reg  *registration
	fn   any // the typed function
	opts handlerOptions
	seq  uint64 // order of registration

	live    atomic.Bool // armed; written with the registry's lock held
	gone    bool        // deregistered; guarded by the registry's lock, as is
	goneGen uint64      // the first generation of the armed set without it
	raises  bool        // a panic of this handler is meant for the program (failpoints)
	limit   *limit      // nil without SkipHits and MaxHits
	calls   *tally      // nil for a point's
	native  *native     // of a point's handler: its code is a trampoline
	panics  atomic.Uint64
	last    atomic.Pointer[PanicReport]

	onDetach func(gone bool) // see the option; may be nil
}

// Name returns the handler's name on its hook.
func (h *Handler) Name() string { return h.name }

// Hook returns the name of the hook.
func (h *Handler) Hook() string { return h.reg.name }

// FullName returns "hook/handler", the name that arm and disarm take from outside.
func (h *Handler) FullName() string { return h.reg.name + "/" + h.name }

// Armed reports whether the handler is callable.
func (h *Handler) Armed() bool { return h.live.Load() }

// Calls returns how often the handler was called, exactly, over its whole life.
func (h *Handler) Calls() uint64 {
	if h.native == nil {
		return h.calls.sum()
	}
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return h.countCalls()
}

// countCalls is Calls with registry.mu held.
func (h *Handler) countCalls() uint64 {
	if h.native == nil {
		return h.calls.sum()
	}
	return h.native.calls()
}

// Dropped returns how many events were lost because a handler of [Point.Record]
// was too slow, of all points together. Other handlers lose none.
func (h *Handler) Dropped() uint64 {
	if h.native == nil {
		return 0
	}
	return h.native.dropped.Load()
}

// Panics returns how many calls ended in a panic (or in runtime.Goexit).
func (h *Handler) Panics() uint64 { return h.panics.Load() }

// Arm makes the handler callable. Arming an armed handler does nothing;
// arming one that has limits starts their counts again. The error is
// [ErrDeregistered].
func (h *Handler) Arm() error { return Arm(h) }

// Disarm makes the handler not callable: no Fire that begins after Disarm
// returned calls it. One in flight may still do so; Disarm doesn't wait for it.
// A handler may disarm itself.
func (h *Handler) Disarm() error { return Disarm(h) }

// Deregister disarms the handler, takes it off its hook and waits until no call
// of it is in flight. When ctx ends first it returns an error that wraps
// [ErrInFlight] and ctx's error; the handler is deregistered all the same, and
// a second call waits again.
//
// Called from inside a handler, of whichever hook, it can't wait, since the call
// in flight may be the caller's own: it deregisters and returns [ErrInHandler].
// A caller that blocks in an earlier handler of the same event is waited for
// too: it may be about to call this one.
func (h *Handler) Deregister(ctx context.Context) error {
	h.remove()
	if h.inFlight() == 0 {
		return nil
	}
	if insideHandler() {
		return fmt.Errorf("deregister %s: %w", h.FullName(), ErrInHandler)
	}
	return h.drain(ctx)
}

// remove deregisters h without waiting.
func (h *Handler) remove() {
	registry.mu.Lock()
	h.reg.remove(h)
	registry.mu.Unlock()
	h.detached(true)
}

// drain waits until no call of Fire can be in, or on its way to, a call of the
// deregistered handler. It polls: deregistering is rare, and readers then owe
// nobody a wake-up.
func (h *Handler) drain(ctx context.Context) error {
	for pause := time.Microsecond; ; pause = min(2*pause, 5*time.Millisecond) {
		n := h.inFlight()
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("deregister %s: %w (%d): %w", h.FullName(), ErrInFlight, n, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// inFlight counts the claims that may still call the deregistered handler.
// Steps (b) and (c) of the protocol at slot.
func (h *Handler) inFlight() (n int) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if h.reg.slots == nil { // a point's
		return 0
	}
	h.reg.passBarrier()
	h.reg.slots.each(func(_ *slot, m mark) {
		if m != markClaimed {
			at := h.reg.position(m.gen(), h)
			if m.gen() >= h.goneGen || at < 0 || at < m.position() {
				return
			}
		}
		n++
	})
	if n == 0 {
		h.reg.forget() // the sets that h was kept in the history for
	}
	return n
}

// insideHandler reports whether a Fire is on the calling goroutine's stack.
func insideHandler() bool {
	pcs := make([]uintptr, 64)
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs)
		frames := runtime.CallersFrames(pcs[:n])
		for {
			f, more := frames.Next()
			if strings.HasPrefix(f.Function, pkgPath+".(*") && strings.HasSuffix(f.Function, ").Fire") {
				return true
			}
			if !more {
				break
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

func (h *Handler) detached(gone bool) {
	if h.onDetach != nil {
		h.onDetach(gone)
	}
}
