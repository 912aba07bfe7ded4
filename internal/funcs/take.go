//go:build linux && (amd64 || arm64)

package funcs

import (
	"github.com/gkhi/gkhi/internal/calls"
	"github.com/gkhi/gkhi/internal/record"
)

// Noting reports whether a session notes calls: whether internal/record has to be drained.
func Noting() bool {
	state.mu.Lock()
	defer state.mu.Unlock()
	return len(state.sessions) > 0
}

// Take gets a batch from internal/record. What is younger than its Until may have older events still to
// come from other threads, and waits for the next batch. Events that are not of functions are passed over.
func Take(b *record.Batch, clock record.Clock) {
	state.mu.Lock()
	defer state.mu.Unlock()
	batch, until := b.Events, b.Until
	lost := b.Dropped - state.dropped
	state.dropped = b.Dropped
	if len(state.sessions) == 0 {
		state.pending = nil
		return
	}
	pairs := false
	for _, s := range state.sessions {
		s.lost += lost
		if s.raw != nil {
			s.raw.take(s, b)
			continue
		}
		pairs = true
		if lost > 0 {
			s.stacks.Reset()
		}
	}
	if !pairs {
		state.pending = nil
		return
	}
	now.clock = clock
	var early, late [][]record.Event
	for _, run := range state.pending {
		early, late = split(run, early, late, until)
	}
	for len(batch) > 0 {
		n := 1
		for n < len(batch) && batch[n].Thread == batch[0].Thread {
			n++
		}
		early, late = split(batch[:n], early, late, until)
		batch = batch[n:]
	}
	state.pending = late
	calls.Merge(early, func(e *record.Event) uint64 { return e.Ticks }, take)
}

// split takes the events of functions from a run of one thread's, and adds those up to a time and those behind it to
// the runs that are early or late.
func split(run []record.Event, early, late [][]record.Event, until uint64) (e, l [][]record.Event) {
	var a, b []record.Event
	for i := range run {
		switch {
		case !state.points.has(run[i].Site):
		case run[i].Ticks > until:
			b = append(b, run[i])
		default:
			a = append(a, run[i])
		}
	}
	if len(a) > 0 {
		early = append(early, a)
	}
	if len(b) > 0 {
		late = append(late, b)
	}
	return early, late
}

// take gives one event to the sessions.
func take(e *record.Event) {
	p := state.points.at(e.Site)
	for _, s := range state.sessions {
		if s.raw != nil {
			continue
		}
		if e.Gap {
			s.stacks.Reset()
		}
		if s.member[p.fn] && e.Ticks >= s.since {
			s.stacks.Add(calls.Event{
				Time: int64(e.Ticks), G: e.Goid, Func: p.fn, Return: p.ret, InRange: p.inRange, SP: e.SP, BP: e.BP,
			})
		}
		if e.Cut {
			s.stacks.Reset()
		}
	}
}

// now is what pass needs of the batch in work.
var now struct{ clock record.Clock }

// pass gives an entry or the end of a call to the session's owner.
func (s *Session) pass(c calls.Call, entry bool) {
	if s.events == nil {
		return
	}
	e := Event{Call: c, Entry: entry, Lost: s.lost}
	if entry {
		e.Time = now.clock.Time(uint64(c.Start))
	} else {
		e.Time = now.clock.Time(uint64(c.End))
		e.Took = now.clock.Duration(c.End - c.Start)
		e.Self = now.clock.Duration(c.Self)
	}
	s.events(e)
}
