package gkhi

import (
	"fmt"
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
		case h == nil || h.reg == nil:
			registry.mu.Unlock()
			return fmt.Errorf("%s: %w", verb, invalid("nil handler, or one that no hook has made"))
		case h.gone:
			registry.mu.Unlock()
			return fmt.Errorf("%s %s: %w", verb, h.FullName(), ErrDeregistered)
		}
	}
	err := setArmed(hs, arm)
	if arm && err == nil {
		watchAges()
	}
	registry.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
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
// looks in vain. An error means that nothing is armed that was not.
func setArmed(hs []*Handler, arm bool) error {
	var changed []*Handler
	var regs []*registration
	seen := map[*registration]bool{}
	for _, h := range hs {
		if h.gone || h.live.Load() == arm {
			continue
		}
		if arm && h.limit != nil {
			h.limit.hits.Store(0)
		}
		h.live.Store(arm)
		changed = append(changed, h)
		if !seen[h.reg] {
			seen[h.reg] = true
			regs = append(regs, h.reg)
		}
	}
	err := republish(regs)
	if err == nil || !arm {
		// Sites that could not be disarmed look at an empty set and go on: slower,
		// not wrong. The next change tries again; Status counts the failure.
		return nil
	}
	for _, h := range changed {
		h.live.Store(false)
	}
	if undo := republish(regs); undo != nil {
		return fmt.Errorf("%w (and afterwards: %w)", err, undo)
	}
	return err
}

// disarm disarms one handler, with registry.mu held. It can't fail.
func disarm(h *Handler) { _ = setArmed([]*Handler{h}, false) }
