package gkhi

import "time"

// ageInterval is how often the calls that run are looked at, while any handler
// is armed, to tell how long they have been running. Firing takes no time
// stamps: they would cost more than all the rest of it.
const ageInterval = 250 * time.Millisecond

// A running says how many calls of a handler are in flight, and the age of the
// oldest, at least.
type running struct {
	calls   int
	longest time.Duration
}

// A sighting is a call that was seen in a slot: the nth of its handler there.
type sighting struct {
	h     *Handler
	nth   uint64
	since time.Time // when it was first seen
}

// look tells which calls of r's handlers run, and remembers them for the next
// time, with registry.mu held.
func (r *registration) look(now time.Time) map[*Handler]running {
	if r.slots == nil {
		return nil
	}
	seen, calls := map[*slot]sighting{}, map[*Handler]running{}
	r.slots.each(func(sl *slot, m mark) {
		set := r.history[m.gen()]
		if m.position() >= len(set) {
			return // it has not told its set yet
		}
		h := set[m.position()]
		s, known := r.seen[sl]
		if nth := h.calls.nth(sl); !known || s.h != h || s.nth != nth {
			s = sighting{h, nth, now}
		}
		seen[sl] = s
		calls[h] = running{calls[h].calls + 1, max(calls[h].longest, now.Sub(s.since))}
	})
	r.seen = seen
	return calls
}

// watchAges starts the goroutine that looks, unless it runs, with registry.mu
// held. It ends when no handler is armed or running; so it must not start in a
// bubble of testing/synctest, which waits for it, and in which the time that it sleeps passes
// at once.
func watchAges() {
	if registry.watching || inBubble() {
		return
	}
	registry.watching = true
	go func() {
		useOwnSlots()
		for lookAtAll() {
			time.Sleep(ageInterval)
		}
	}()
}

// useOwnSlots lets hooks have own slots, where that is possible. It may take some ten milliseconds.
func useOwnSlots() {
	ok := openFence()
	registry.mu.Lock()
	defer registry.mu.Unlock()
	registry.fenced = ok
}

// inBubble reports whether the caller is in a bubble of testing/synctest. There the
// current time has no monotonic part.
func inBubble() bool {
	now := time.Now()
	return now == now.Round(0)
}

// lookAtAll reports whether there is a reason to look again.
func lookAtAll() bool {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	busy, now := false, time.Now()
	for _, r := range registry.hooks {
		r.settle()
		if len(r.look(now)) > 0 || len(r.armed) > 0 && r.slots != nil {
			busy = true
		}
	}
	registry.watching = busy
	return busy
}
