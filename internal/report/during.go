package report

import (
	"math"
	"time"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
)

// A DuringSpec says which calls are slow, and what may be to blame.
type DuringSpec struct {
	Of       glob.Set      // functions whose calls are compared; of recursive calls the outermost
	From, To time.Duration // of these, those that began in this part; To 0 is the end
	G        uint64        // and those of this goroutine; 0 is all

	// Slow are calls that took SlowerThan, or where that is 0 the Slowest longest ones, at most MaxSlowest; where that is 0
	// too, the longest hundredth, but no more than a hundred.
	SlowerThan time.Duration
	Slowest    int

	Names glob.Set      // of functions that are looked for during these calls; empty is all
	Least time.Duration // only those of their calls that took so long
}

// MaxSlowest bounds DuringSpec.Slowest.
const MaxSlowest = 1000

// slowestUnasked is how many are slow at most when the spec does not say.
const slowestUnasked = 100

// During finds out what else ran while calls of some functions were under way, and tells slow ones from the rest.
//
// A call overlaps another when it was under way at any time between the other's entry and its end: in another goroutine, or in the same
// one and then within the other. Calls around the other one say nothing, and are left out. What events were lost of is not compared.
//
// It keeps the calls under way and, where there is a least duration, those that ended no longer ago than that, since what was
// under way then may still turn out to be long enough. Past a number of these, which depends on how many functions there are, more calls
// are not compared, and Skipped says how many.
//
// To walk with it no filter is needed, and none is of use: it has to see all calls.
type During struct {
	r      *event.Reader
	spec   DuringSpec
	least  int64
	kinds  []uint8 // by function: what is known of it
	flying []*flight
	open   []*compared // calls that are compared, under way
	ended  []*compared // that ended, and wait for what was under way then; by end
	free   []*compared // to be used again
	cells  []cell      // to be used again
	most   int         // of open and ended
	seq    uint64
	kept   slowest
	slow   side
	rest   side
	from   int64 // Unix ns; 0 while the start is not known
	to     int64
	now    int64

	Skipped uint64 // calls that were not compared since there were too many at a time
}

// What During.kinds has.
const (
	kindKnown    = 1 << iota
	kindCompared // by spec.Of
	kindOther    // by spec.Names
)

// A flight is a call under way.
type flight struct {
	seq   uint64 // of its entry
	g     uint64
	fn    int
	start int64
	call  *Call     // whose Data is the index of flying
	of    *compared // of the call itself; nil if it isn't compared
}

// A compared call.
type compared struct {
	*flight
	end     int64
	number  []uint32 // by 2*function, plus 1 for other goroutines: how many of its calls overlap
	time    []int64  // ns of these
	touched []int32  // which of these there are
	at      int      // in open
}

// duringBytes is about how much the compared calls under way may take.
const duringBytes = 256 << 20

// NewDuring returns a During of what r reads.
func NewDuring(r *event.Reader, spec DuringSpec) *During {
	d := &During{r: r, spec: spec, least: int64(spec.Least), to: math.MaxInt64}
	switch {
	case spec.SlowerThan > 0:
	case spec.Slowest > 0:
		d.kept.most = min(spec.Slowest, MaxSlowest)
	default:
		d.kept.most = slowestUnasked
	}
	return d
}

// Visitor returns what tells it.
func (d *During) Visitor() Visitor {
	return Visitor{
		Round: d.begin,
		Enter: d.enter,
		Leave: func(c *Call) {
			d.settle(c.End)
			d.leave(d.land(c), c.End)
		},
		Drop: func(c *Call, at int64, lost bool) {
			d.now = at
			if lost { // those at the end stay, for Finish
				if f := d.land(c); f.of != nil {
					d.take(f.of)
					d.recycle(f.of)
				}
			}
		},
	}
}

func (d *During) begin(at int64) {
	if d.from == 0 {
		d.from = at + int64(d.spec.From)
		if d.spec.To > 0 {
			d.to = at + int64(d.spec.To)
		}
	}
}

// kind says what a function is looked at for.
func (d *During) kind(fn int) uint8 {
	for len(d.kinds) <= fn {
		d.kinds = append(d.kinds, 0)
	}
	k := &d.kinds[fn]
	if *k == 0 {
		name := d.r.Funcs[fn].Name
		*k = kindKnown
		if d.spec.Of.Match(name) {
			*k |= kindCompared
		}
		if len(d.spec.Names) == 0 || d.spec.Names.Match(name) {
			*k |= kindOther
		}
	}
	return *k
}

func (d *During) enter(c *Call) {
	d.begin(c.Start)
	d.seq++
	f := &flight{seq: d.seq, g: c.G, fn: c.Func, start: c.Start, call: c}
	c.Data = len(d.flying)
	d.flying = append(d.flying, f)
	if d.kind(c.Func)&kindCompared == 0 || c.Recursive || d.spec.G != 0 && c.G != d.spec.G || c.Start < d.from || c.Start >= d.to {
		return
	}
	if d.most == 0 {
		d.most = max(duringBytes/(24*len(d.r.Funcs)+1), 64)
	}
	if len(d.open)+len(d.ended) >= d.most {
		d.Skipped++
		return
	}
	of := &compared{}
	if n := len(d.free); n > 0 {
		of, d.free = d.free[n-1], d.free[:n-1]
	}
	of.flight, of.at = f, len(d.open)
	f.of = of
	d.open = append(d.open, of)
}

// land takes a call out of those under way.
func (d *During) land(c *Call) *flight {
	f, last := d.flying[c.Data], len(d.flying)-1
	moved := d.flying[last]
	d.flying[c.Data], d.flying[last] = moved, nil
	moved.call.Data = c.Data
	d.flying = d.flying[:last]
	return f
}

// take takes a compared call out of those under way.
func (d *During) take(of *compared) {
	last := len(d.open) - 1
	moved := d.open[last]
	d.open[of.at], d.open[last] = moved, nil
	moved.at = of.at
	d.open = d.open[:last]
}

// leave takes the end of a call: for those that it overlaps, and if it is compared for itself.
func (d *During) leave(f *flight, end int64) {
	if d.kind(f.fn)&kindOther != 0 && end-f.start >= d.least {
		for _, of := range d.open {
			of.overlaps(f, end)
		}
		for _, of := range d.ended {
			if young := of.end-f.start < d.least; young && f.start < of.end { // else it was counted at that end
				of.overlaps(f, of.end)
			}
		}
	}
	if f.of == nil {
		return
	}
	d.take(f.of)
	d.close(f.of, end)
}

// close ends a compared call. What is under way and long enough overlaps it; what isn't may still become so.
func (d *During) close(of *compared, end int64) {
	of.end = end
	for _, f := range d.flying {
		if d.kind(f.fn)&kindOther != 0 && end-f.start >= d.least {
			of.overlaps(f, end)
		}
	}
	if d.least == 0 {
		d.sum(of)
		return
	}
	d.ended = append(d.ended, of)
}

// settle sums up compared calls that ended so long ago that it is known what was long enough then.
func (d *During) settle(now int64) {
	d.now = now
	n := 0
	for n < len(d.ended) && now-d.ended[n].end >= d.least {
		d.settled(d.ended[n])
		n++
	}
	if n > 0 {
		d.ended = append(d.ended[:0], d.ended[n:]...)
	}
}

func (d *During) settled(of *compared) {
	for _, f := range d.flying {
		young := of.end-f.start < d.least && f.start < of.end
		if young && d.now-f.start >= d.least && d.kind(f.fn)&kindOther != 0 {
			of.overlaps(f, of.end)
		}
	}
	d.sum(of)
}

// overlaps adds another call, up to a moment.
func (of *compared) overlaps(f *flight, until int64) {
	took := until - max(f.start, of.start)
	if took < 0 { // of a call that returned in a range statement's body the end is told later
		return
	}
	key := 2 * f.fn
	if f.g != of.g {
		key++
	} else if f.seq <= of.seq {
		return // around it, or itself
	}
	if key >= len(of.number) {
		of.number = append(of.number, make([]uint32, key+1-len(of.number))...)
		of.time = append(of.time, make([]int64, key+1-len(of.time))...)
	}
	if of.number[key] == 0 {
		of.touched = append(of.touched, int32(key))
	}
	of.number[key]++
	of.time[key] += took
}

func (d *During) recycle(of *compared) {
	for _, key := range of.touched {
		of.number[key], of.time[key] = 0, 0
	}
	of.touched, of.flight = of.touched[:0], nil
	d.free = append(d.free, of)
}
