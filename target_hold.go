package gkhi

import (
	"context"
	"strings"
	"sync"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// holds keeps what control sessions change for as long as they last: which handlers are armed, and failpoint terms. Several may hold
// the same thing. The last to come has its way; when it goes, what the one before wanted is
// so again; when all have gone, what was so before the first. A change without hold ends the holds on what it changes: it is to last.
type holds struct {
	mu    sync.Mutex // taken before failpoints.mu and registry.mu
	arms  map[*Handler]*held[bool]
	terms map[string]*held[string]
}

// A held is one thing with its holders.
type held[V comparable] struct {
	base    V // before the first
	holders []holder[V]
}

type holder[V comparable] struct {
	id    *byte // made for each hold, so that it is like no other
	value V
}

// current returns what is so while nobody else interferes.
func (h *held[V]) current() V {
	if n := len(h.holders); n > 0 {
		return h.holders[n-1].value
	}
	return h.base
}

// remove takes a holder away. It returns what is to be so now, and whether that is a change.
func (h *held[V]) remove(id *byte) (now V, change bool) {
	was := h.current()
	for i, o := range h.holders {
		if o.id == id {
			h.holders = append(h.holders[:i], h.holders[i+1:]...)
			break
		}
	}
	return h.current(), h.current() != was
}

// hold adds a holder to m[k].
func hold[K, V comparable](m map[K]*held[V], k K, id *byte, base, value V) {
	h := m[k]
	if h == nil {
		h = &held[V]{base: base}
		m[k] = h
	}
	h.holders = append(h.holders, holder[V]{id, value})
}

// release takes a holder of m[k] away, and m[k] with the last.
func release[K, V comparable](m map[K]*held[V], k K, id *byte) (now V, change bool) {
	h := m[k]
	if h == nil {
		return now, false // a change that lasts has ended it
	}
	now, change = h.remove(id)
	if len(h.holders) == 0 {
		delete(m, k)
	}
	return now, change
}

// arm arms or disarms all of hs or none.
func (hd *holds) arm(hs []*Handler, on, keep bool) (result wire.ArmResult, undo control.Undo, err error) {
	hd.mu.Lock()
	defer hd.mu.Unlock()
	result.Changed = []string{}
	before := make([]bool, len(hs))
	for i, h := range hs {
		before[i] = h.Armed()
		if before[i] != on {
			result.Changed = append(result.Changed, h.FullName())
		} else {
			result.Already = append(result.Already, h.FullName())
		}
	}
	change := Disarm
	if on {
		change = Arm
	}
	if err := change(hs...); err != nil {
		return wire.ArmResult{}, nil, err
	}
	if !keep {
		for _, h := range hs {
			delete(hd.arms, h)
		}
		return result, nil, nil
	}
	id := new(byte)
	for i, h := range hs {
		hold(hd.arms, h, id, before[i], on)
	}
	return result, func(context.Context) error { return hd.unarm(hs, id) }, nil
}

// unarm undoes a hold of arm.
func (hd *holds) unarm(hs []*Handler, id *byte) error {
	hd.mu.Lock()
	defer hd.mu.Unlock()
	var arm, disarm []*Handler
	for _, h := range hs {
		switch now, change := release(hd.arms, h, id); {
		case !change:
		case now:
			arm = append(arm, h)
		default:
			disarm = append(disarm, h)
		}
	}
	for _, group := range []struct {
		hs     []*Handler
		change func(...*Handler) error
	}{{disarm, Disarm}, {arm, Arm}} {
		if group.change(group.hs...) == nil {
			continue
		}
		for _, h := range group.hs { // one that the program has deregistered since must not keep the others
			group.change(h)
		}
	}
	return nil
}

// fail sets a failpoint's term.
func (hd *holds) fail(name, term string, keep bool) (result wire.FailResult, undo control.Undo, err error) {
	hd.mu.Lock()
	defer hd.mu.Unlock()
	result = wire.FailResult{Name: name, Was: termOf(name)}
	if err := Fail(name, term); err != nil {
		return result, nil, err
	}
	result.Now = termOf(name)
	if !keep {
		delete(hd.terms, name)
		return result, nil, nil
	}
	id := new(byte)
	hold(hd.terms, name, id, result.Was, result.Now)
	return result, func(context.Context) error { return hd.unfail(name, id) }, nil
}

// unfail undoes a hold of fail. A term that comes back starts its counts again.
func (hd *holds) unfail(name string, id *byte) error {
	hd.mu.Lock()
	defer hd.mu.Unlock()
	if now, change := release(hd.terms, name, id); change {
		return Fail(name, now)
	}
	return nil
}

// termOf returns the term in force on a decision, or "".
func termOf(name string) string {
	failpoints.mu.Lock()
	defer failpoints.mu.Unlock()
	if a, ok := failpoints.on[name]; ok {
		return strings.TrimSpace(a.program.String())
	}
	return ""
}
