//go:build linux && (amd64 || arm64)

package funcs

import (
	"github.com/gkhi/gkhi/internal/record"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// A rawSession is what a session that records has besides: it gets events as they were noted.
type rawSession struct {
	each  func(Batch)
	sites []int32 // by the index of state.points: the session's number of the site, or -1
	list  []Site
	gap   [256 + 1]bool // by thread: a gap that was in front of an event of others
	event record.Event  // the one that Each yields
}

// Record arms functions for a session that takes events as they were noted. each is called from Take, and must not block.
func Record(fs []int, each func(Batch)) (*Session, error) {
	return arm(fs, &Session{want: Count | Note, raw: &rawSession{each: each}})
}

// number gives the session's sites their numbers.
func (r *rawSession) number(t *sitetab.Table, fs []int) {
	r.sites = make([]int32, len(state.points.refs))
	for i := range r.sites {
		r.sites[i] = -1
	}
	bias := bias(t)
	for n, i := range fs {
		for _, p := range t.Funcs[i].Points {
			for _, addr := range p.Sites {
				ref := state.points.ref(uintptr(addr) + bias)
				if ref < 0 || r.sites[ref] >= 0 {
					continue
				}
				r.sites[ref] = int32(len(r.list))
				r.list = append(r.list, Site{Func: n, Addr: uintptr(addr) + bias, Return: p.Kind == sitetab.Return, InRange: p.InRange, Line: p.Line})
			}
		}
	}
}

// Sites returns the sites of a session that records, in the order of their numbers.
func (s *Session) Sites() []Site { return s.raw.list }

// take passes a batch on, with state.mu held.
func (r *rawSession) take(s *Session, b *record.Batch, until uint64) {
	r.each(Batch{Until: until, Lost: s.lost, batch: b, raw: r})
}

// Each yields the batch's events of the session's functions, each with the number of its site: those of a thread in order.
func (b Batch) Each(yield func(*record.Event, int) bool) {
	for i := range b.batch.Events {
		e := &b.batch.Events[i]
		if e.Gap {
			b.raw.gap[e.Thread] = true
		}
		ref := state.points.ref(e.Site)
		if ref < 0 || ref >= len(b.raw.sites) || b.raw.sites[ref] < 0 {
			continue
		}
		b.raw.event = *e
		b.raw.event.Gap, b.raw.gap[e.Thread] = b.raw.gap[e.Thread], false
		if !yield(&b.raw.event, int(b.raw.sites[ref])) {
			return
		}
	}
}
