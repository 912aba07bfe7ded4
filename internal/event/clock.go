package event

import "time"

// A Summary says what a reader has read.
type Summary struct {
	Events, Hits uint64
	Lost         uint64 // events that could not be recorded
	Rounds       int
	First, Last  time.Time // of the watermarks
	Truncated    bool      // the end is missing
	TicksPerNS   float64   // of the whole recording

	// Drift is how far the wall clock went from the monotonic one while it was recorded: it was set, or
	// slewed. Times follow the monotonic clock.
	Drift time.Duration

	// Unsteady is the greatest deviation of a second or more from TicksPerNS, as a fraction: a counter that isn't
	// fit to tell the time. It is about 1e-6 on machines as they are.
	Unsteady float64
}

// Summary may be asked for at any time.
func (r *Reader) Summary() Summary { return r.sum }

// Offset is how many bytes were read.
func (r *Reader) Offset() int64 { return r.blocks.offset }

// clock takes a watermark's clocks in.
func (r *Reader) clock(w Watermark) {
	s := &r.sum
	s.Rounds++
	s.Lost = w.Lost
	if !r.began {
		r.began = true
		r.first, r.second = w.Clock, w.Clock
		s.First = time.Unix(0, w.Wall)
		r.prev, r.cur = w.Clock, w.Clock
	}
	if w.Ticks > r.cur.Ticks && w.Mono >= r.cur.Mono {
		r.prev, r.cur = r.cur, w.Clock
	}
	r.base, r.ns = r.wall(r.cur.Mono), 0
	if n := r.cur.Ticks - r.prev.Ticks; n > 0 {
		r.base, r.ns = r.wall(r.prev.Mono), float64(r.cur.Mono-r.prev.Mono)/float64(n)
	}
	s.Last = time.Unix(0, r.wall(r.cur.Mono))
	if ticks, ns := r.cur.Ticks-r.first.Ticks, r.cur.Mono-r.first.Mono; ns > 0 {
		s.TicksPerNS = float64(ticks) / float64(ns)
	}
	s.Drift = time.Duration((w.Wall - r.first.Wall) - (w.Mono - r.first.Mono))
	if ns := w.Mono - r.second.Mono; ns >= int64(time.Second) && s.TicksPerNS > 0 {
		rate := float64(w.Ticks-r.second.Ticks) / float64(ns)
		s.Unsteady = max(s.Unsteady, rate/s.TicksPerNS-1, 1-rate/s.TicksPerNS)
		r.second = w.Clock
	}
}

// wall turns the monotonic clock into Unix time, anchored at the first watermark.
func (r *Reader) wall(mono int64) int64 { return r.first.Wall + (mono - r.first.Mono) }

// time turns ticks into Unix time. It never goes backwards.
func (r *Reader) time(ticks uint64) int64 {
	t := r.base
	switch {
	case ticks < r.prev.Ticks && r.cur.Ticks > r.first.Ticks: // maybe long before, and then a short line is a poor guide
		ns := float64(r.cur.Mono-r.first.Mono) / float64(r.cur.Ticks-r.first.Ticks)
		t -= int64(float64(r.prev.Ticks-ticks) * ns)
	case r.ns > 0:
		t += int64(float64(int64(ticks-r.prev.Ticks)) * r.ns)
	}
	r.last = max(r.last, t)
	return r.last
}
