// Package sift copies a recording and leaves out the calls that were short, so that the file of a
// busy program stays small: most calls take microseconds, and those that are looked for do not.
//
// A call that stays keeps all calls around it, which took longer. Whether an entry stays is known when its call returns, or after
// the least duration if it has not by then; so the copy is behind by that much, and in order.
package sift

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/gkhi/gkhi/internal/calls"
	"github.com/gkhi/gkhi/internal/event"
)

// Copy reads a recording from r and writes what stays of it to w. Calls shorter than least are left out, and with them
// the counts of calls, since those that are left were not lost. The error is of r, where what was read before is written, or of w.
func Copy(w io.Writer, r io.Reader, least time.Duration) error {
	in, err := event.NewReader(r)
	if err != nil {
		return err
	}
	meta := in.Meta
	meta.MinTook = int64(least)
	s := &sieve{in: in, enc: event.NewEncoder(meta), least: int64(least), open: map[int32]*item{}, gaps: map[int]bool{}}
	s.stacks = calls.Stacks{Returned: s.returned, Left: s.left, Dropped: s.dropped}
	for {
		rec, err := in.Next()
		if err != nil {
			s.end()
			_, werr := w.Write(s.enc.Take())
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(werr, err)
		}
		s.add(rec)
		if s.enc.Pending() > event.RoundBytes/2 || rec.Kind == event.KindWatermark {
			if _, err := w.Write(s.enc.Take()); err != nil {
				return err
			}
		}
	}
}

// fate is what becomes of an event.
type fate uint8

const (
	undecided fate = iota
	stays
	goes
)

// An item is an event that waits for its fate, or for those in front of it.
type item struct {
	ev     event.Event
	time   int64
	fate   fate
	open   bool // an entry whose call is under way
	queued bool
}

type sieve struct {
	in     *event.Reader
	enc    *event.Encoder
	least  int64
	stacks calls.Stacks

	free  []*item // to be used again
	queue []*item // in order of time
	first int     // index of queue
	gone  int     // in queue behind first
	open  map[int32]*item
	tag   int32
	now   int64
	ticks uint64 // of the last event
	mark  event.Watermark
	ret   *item // the return that stacks is told of, until it is known whose it is
	gaps  map[int]bool

	funcs, sites, hooks, stackDefs int // that were defined
	frames                         map[uint64]bool
}

// add takes the next record.
func (s *sieve) add(rec *event.Record) {
	s.define()
	s.now = rec.Time
	s.flush(s.now - s.least)
	switch rec.Kind {
	case event.KindEvent:
		s.event(rec)
	case event.KindHit:
		s.enc.Hit(rec.Hit)
	case event.KindGap:
		s.stacks.Reset()
		s.enc.Gap(s.ticks + 1)
	case event.KindWatermark:
		s.watermark(*rec.Watermark)
	}
}

func (s *sieve) event(rec *event.Record) {
	e := rec.Event
	s.ticks = e.Ticks
	if e.Gap {
		s.stacks.Reset()
		s.gaps[e.Thread] = true
	}
	site := &s.in.Sites[e.Site]
	it := s.item()
	words := append(it.ev.Words[:0], e.Words...)
	*it = item{ev: *e, time: rec.Time, open: !site.Return, queued: true}
	it.ev.Words, it.ev.Gap = words, false
	s.queue = append(s.queue, it)
	if it.open {
		s.tag++
		s.open[s.tag] = it
	} else {
		it.fate = goes // unless it is that of a call that stays
		s.ret = it
	}
	s.stacks.Add(calls.Event{
		Time: rec.Time, G: e.G, Func: int32(site.Func), Return: site.Return, InRange: site.InRange, SP: e.SP, BP: e.BP, Tag: s.tag,
	})
	if s.ret != nil && s.ret.fate == goes {
		s.drop(s.ret)
	}
	s.ret = nil
}

func (s *sieve) item() *item {
	if n := len(s.free); n > 0 {
		it := s.free[n-1]
		s.free = s.free[:n-1]
		return it
	}
	return &item{}
}

// recycle has an item used again if nothing refers to it.
func (s *sieve) recycle(it *item) {
	if !it.open && !it.queued {
		s.free = append(s.free, it)
	}
}

// returned is told of a call whose return was found.
func (s *sieve) returned(c calls.Call) {
	if entry := s.open[c.Tag]; entry != nil && (entry.fate == stays || c.End-c.Start >= s.least) {
		entry.fate = stays
		if s.ret != nil {
			s.ret.fate = stays
		}
	}
}

// left is told of a call that is over, whether it returned or not.
func (s *sieve) left(c calls.Call) {
	entry := s.open[c.Tag]
	if entry == nil {
		return
	}
	delete(s.open, c.Tag)
	entry.open = false
	switch {
	case entry.fate == stays:
		s.recycle(entry)
	case c.Unwound && c.End-c.Start >= s.least:
		entry.fate = stays
	default:
		s.drop(entry)
	}
}

// dropped is told of an entry that was given up.
func (s *sieve) dropped(c calls.Call) {
	if entry := s.open[c.Tag]; entry != nil {
		delete(s.open, c.Tag)
		entry.open = false
		if entry.fate == undecided {
			s.drop(entry)
		} else {
			s.recycle(entry)
		}
	}
}

// drop has an item go. It leaves the queue when enough of it have gone.
func (s *sieve) drop(it *item) {
	it.fate = goes
	s.gone++
	if s.gone > 1024 && s.gone > (len(s.queue)-s.first)/2 {
		s.queue = slices.DeleteFunc(s.queue[s.first:], func(it *item) bool {
			if it.fate != goes {
				return false
			}
			it.queued = false
			s.recycle(it)
			return true
		})
		s.first, s.gone = 0, 0
	}
}

// flush writes what is decided from the queue's front on. An entry from before limit stays.
func (s *sieve) flush(limit int64) {
	for ; s.first < len(s.queue); s.first++ {
		it := s.queue[s.first]
		switch it.fate {
		case undecided:
			if it.time > limit {
				return
			}
			it.fate = stays
			fallthrough
		case stays:
			if s.gaps[it.ev.Thread] {
				it.ev.Gap = true
				delete(s.gaps, it.ev.Thread)
			}
			s.enc.Event(&it.ev)
		case goes:
			s.gone--
		}
		s.queue[s.first] = nil
		it.queued = false
		s.recycle(it)
	}
	s.queue, s.first = s.queue[:0], 0
}

// watermark ends a round up to what waits.
func (s *sieve) watermark(w event.Watermark) {
	s.mark = w
	if s.first < len(s.queue) {
		w.Until = min(w.Until, s.queue[s.first].ev.Ticks-1)
	}
	s.enc.Watermark(w)
}

// end decides what is left: calls that were under way for long enough stay.
func (s *sieve) end() {
	for i := s.first; i < len(s.queue); i++ {
		if it := s.queue[i]; it.fate == undecided && it.time > s.now-s.least {
			it.fate = goes
		}
	}
	s.flush(s.now)
	s.enc.Watermark(s.mark)
}

// define copies definitions that are new.
func (s *sieve) define() {
	d := &s.in.Definitions
	if n := len(d.Funcs); n > s.funcs {
		s.enc.Funcs(d.Funcs[s.funcs:])
		s.funcs = n
	}
	if n := len(d.Sites); n > s.sites {
		s.enc.Sites(d.Sites[s.sites:])
		s.sites = n
	}
	if n := len(d.Hooks); n > s.hooks {
		s.enc.Hooks(d.Hooks[s.hooks:])
		s.hooks = n
	}
	for ; s.stackDefs < len(d.Stacks); s.stackDefs++ {
		pcs := d.Stacks[s.stackDefs]
		for _, pc := range pcs {
			if !s.frames[pc] {
				if s.frames == nil {
					s.frames = map[uint64]bool{}
				}
				s.frames[pc] = true
				s.enc.Frames(pc, d.Frames[pc])
			}
		}
		s.enc.Stack(pcs)
	}
}
