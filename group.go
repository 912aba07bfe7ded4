package gkhi

import (
	"fmt"
	"slices"
)

// Arm makes the handlers of a group callable, all or none: with one that is nil or
// deregistered nothing changes and the error ([ErrInvalid], [ErrDeregistered])
// names it. No event sees half of the handlers that the group has on its hook.
// Arming an armed handler does nothing. Safe for concurrent use.
func Arm(hs ...*Handler) error { return change(hs, true) }

// Disarm makes the handlers of a group not callable, all or none; see [Arm]. It
// doesn't wait for calls in flight.
func Disarm(hs ...*Handler) error { return change(hs, false) }

func change(hs []*Handler, arm bool) error {
	verb := "disarm"
	if arm {
		verb = "arm"
	}
	registry.mu.Lock()
	for _, h := range hs {
		switch {
		case h == nil:
			registry.mu.Unlock()
			return fmt.Errorf("%s: %w", verb, invalid("nil handler"))
		case h.gone:
			registry.mu.Unlock()
			return fmt.Errorf("%s %s: %w", verb, h.FullName(), ErrDeregistered)
		}
	}
	setArmed(hs, arm)
	if arm {
		watchAges()
	}
	registry.mu.Unlock()
	if !arm {
		for _, h := range hs {
			h.detached(false)
		}
	}
	return nil
}

// setArmed changes the handlers' state and then each hook's once, with
// registry.mu held. An event runs one published set from start to end, which is
// why no event sees half a group. Sets are published before flags go up, and
// flags go down before sets: whoever sees a flag up over an empty set only
// looks in vain.
func setArmed(hs []*Handler, arm bool) {
	var regs []*registration
	for _, h := range hs {
		if h.gone || h.live.Load() == arm {
			continue
		}
		if arm && h.limit != nil {
			h.limit.hits.Store(0)
		}
		h.live.Store(arm)
		if !slices.Contains(regs, h.reg) {
			regs = append(regs, h.reg)
		}
	}
	republish(regs)
}
