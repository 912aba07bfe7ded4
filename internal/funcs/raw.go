//go:build linux && (amd64 || arm64)

package funcs

import (
	"slices"

	"github.com/gkhi/gkhi/internal/record"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// A Word is one machine word of a value.
type Word struct {
	Param, Part int // which word of which value

	from     int // which of the values noted; -1 for a constant
	constant uint64
}

// A Batch is what one drain brought for a session that records. Its methods may be called until the
// function that got it returns.
type Batch struct {
	Until uint64 // ticks: all events up to here are in this batch or in earlier ones
	Lost  uint64 // events that the recorder dropped since the session began

	batch *record.Batch
	raw   *rawSession
}

// plan says which words of values are known at a site, and what its events have to have for them.
func plan(values []sitetab.Param, l *sitetab.Layout) (words []Word, want record.Want) {
	if l == nil {
		return nil, want
	}
	want.Frame = int32(l.Frame)
	i := 0
	for param, v := range values {
		for part := range v.Words() {
			if i >= len(l.Places) {
				return words, want
			}
			p := l.Places[i]
			i++
			w := Word{Param: param, Part: part, from: len(want.Places)}
			switch p.Kind {
			case sitetab.Register:
				want.Places = append(want.Places, record.Place{N: int32(p.N)})
			case sitetab.Stack:
				want.Places = append(want.Places, record.Place{Stack: true, N: int32(p.N)})
			case sitetab.Constant:
				w.from, w.constant = -1, uint64(p.N)
			default:
				continue
			}
			words = append(words, w)
			if len(want.Places) == record.MaxValues {
				return words, want
			}
		}
	}
	return words, want
}

// A rawSession is what a session that records has besides: it gets events as they were noted.
type rawSession struct {
	since uint64 // see Session
	each  func(Batch)
	opt   RecordOptions
	sites []int32 // by the index of state.points: the session's number of the site, or -1
	list  []Site
	gap   [256 + 1]bool // by thread: a gap that was in front of an event of others
	event record.Event  // the one that Each yields
	words []uint64      // of Batch.Words
}

// Record arms functions for a session that takes events as they were noted. each is called from Take, and must not block.
func Record(fs []int, opt RecordOptions, each func(Batch)) (*Session, error) {
	want := Count | Note
	if opt.Values || opt.Depth > 0 {
		want |= Full
	}
	return arm(fs, &Session{want: want, raw: &rawSession{each: each, opt: opt}})
}

// prepare numbers the session's sites, and says what is to be noted at each, with state.mu held.
func (r *rawSession) prepare(s *Session, t *sitetab.Table) error {
	r.sites = make([]int32, len(state.points.refs))
	for i := range r.sites {
		r.sites[i] = -1
	}
	wants := map[uintptr]record.Want{}
	bias := bias(t)
	for n, i := range s.funcs {
		f := &t.Funcs[i]
		var args Arguments // empty when they are not known, which NoArgs tells
		if s.want&Full != 0 {
			args, _ = ArgumentsOf(i)
		}
		for j, p := range f.Points {
			for k, addr := range p.Sites {
				at := uintptr(addr) + bias
				ref := state.points.ref(at)
				if ref < 0 || r.sites[ref] >= 0 {
					continue
				}
				site := Site{Func: n, Return: p.Kind == sitetab.Return, InRange: p.InRange, Line: p.Line}
				if args.Layouts != nil {
					values := args.Params
					if site.Return {
						values = args.Results
					}
					words, want := plan(values, args.Layouts[j][k])
					want.NoCallers = site.Return // they are those of the entry
					site.Words, wants[at] = words, want
				}
				r.sites[ref] = int32(len(r.list))
				r.list = append(r.list, site)
			}
		}
	}
	if len(wants) == 0 {
		return nil
	}
	return record.SetWants(wants)
}

// setExtra has noted what the session with the most wants asks for, with state.mu held. more is a session that is about to begin; it
// may be nil.
func setExtra(more *Session) {
	values, depth := false, 0
	for _, s := range append(slices.Clip(state.sessions), more) {
		if s != nil && s.raw != nil {
			values = values || s.raw.opt.Values
			depth = max(depth, s.raw.opt.Depth)
		}
	}
	record.SetValues(values)
	record.SetDepth(depth)
}

// Sites returns the sites of a session that records, in the order of their numbers.
func (s *Session) Sites() []Site { return s.raw.list }

// take passes a batch on, with state.mu held.
func (r *rawSession) take(s *Session, b *record.Batch) {
	r.each(Batch{Until: b.Until, Lost: s.lost, batch: b, raw: r})
}

// Each yields the batch's events of the session's functions, each with the number of its site: those of a thread in order.
func (b Batch) Each(yield func(*record.Event, int) bool) {
	for i := range b.batch.Events {
		e := &b.batch.Events[i]
		if e.Gap {
			b.raw.gap[e.Thread] = true
		}
		ref := state.points.ref(e.Site)
		if ref < 0 || ref >= len(b.raw.sites) || b.raw.sites[ref] < 0 || e.Ticks < b.raw.since {
			continue
		}
		b.raw.event = *e
		b.raw.event.Gap, b.raw.gap[e.Thread] = b.raw.gap[e.Thread], false
		if !yield(&b.raw.event, int(b.raw.sites[ref])) {
			return
		}
	}
}

// Cuts yields the times from which on events were dropped.
func (b Batch) Cuts(yield func(ticks uint64) bool) {
	for i := range b.batch.Events {
		if e := &b.batch.Events[i]; e.Cut && !yield(e.Ticks+1) {
			return
		}
	}
}

// Words returns the words of an event's site, nil unless the session wants values. They are valid until the next call.
func (b Batch) Words(e *record.Event, site int) []uint64 {
	words := b.raw.list[site].Words
	if !b.raw.opt.Values || e.Values == 0 && len(words) == 0 {
		return nil
	}
	noted := b.batch.Values(e)
	b.raw.words = b.raw.words[:0]
	for _, w := range words {
		v := w.constant
		if w.from >= 0 {
			if w.from >= len(noted) { // the site was armed by others before, without values
				return nil
			}
			v = noted[w.from]
		}
		b.raw.words = append(b.raw.words, v)
	}
	return b.raw.words
}

// Frames returns the return addresses of an event's callers, innermost first: as many as the session wants.
func (b Batch) Frames(e *record.Event) []uint64 {
	f := b.batch.Frames(e)
	return f[:min(len(f), b.raw.opt.Depth)]
}
