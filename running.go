package gkhi

import (
	"sync"
	"time"
)

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

// ages remembers when each claim was first seen in each handler.
var ages = struct {
	mu     sync.Mutex // taken before registry.mu
	seen   map[*slot]sighting
	ticker bool // a goroutine is looking
}{seen: map[*slot]sighting{}}

type sighting struct {
	owner, pos uint64
	since      time.Time
}

// running looks at r's slots.
func (r *registration) running() map[*Handler]running {
	ages.mu.Lock()
	defer ages.mu.Unlock()
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return r.look(time.Now())
}

// look updates the sightings of r's slots, with ages.mu and registry.mu held.
func (r *registration) look(now time.Time) map[*Handler]running {
	if r.slots == nil {
		return nil
	}
	m := map[*Handler]running{}
	r.slots.each(func(sl *slot) {
		v, ok := sl.view()
		set := r.history[v.gen]
		if !ok || v.pos >= uint64(len(set)) {
			delete(ages.seen, sl)
			return
		}
		s, known := ages.seen[sl]
		if !known || s.owner != v.owner || s.pos != v.pos {
			s = sighting{v.owner, v.pos, now}
			ages.seen[sl] = s
		}
		h := set[v.pos]
		m[h] = running{m[h].calls + 1, max(m[h].longest, now.Sub(s.since))}
	})
	return m
}

// watchAges starts the goroutine that looks, unless it runs. It ends when no
// handler is armed or running.
func watchAges() {
	ages.mu.Lock()
	defer ages.mu.Unlock()
	if ages.ticker {
		return
	}
	ages.ticker = true
	go func() {
		for busy := true; busy; {
			time.Sleep(ageInterval)
			busy = lookAtAll()
		}
	}()
}

// lookAtAll reports whether there is a reason to look again.
func lookAtAll() bool {
	rs := registrations()
	ages.mu.Lock()
	defer ages.mu.Unlock()
	registry.mu.Lock()
	defer registry.mu.Unlock()
	busy, now := false, time.Now()
	for _, r := range rs {
		if len(r.look(now)) > 0 || len(r.history[r.gen]) > 0 {
			busy = true
		}
	}
	ages.ticker = busy
	return busy
}
