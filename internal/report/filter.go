package report

import (
	"math"
	"time"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
)

// A Filter says which calls and hits a walk tells of. The zero Filter is all.
//
// A call that does not pass is left out, and a visitor sees the calls around it and in it as if it weren't there; their own times
// ([Call.Self]) stay what they are.
type Filter struct {
	Names    glob.Set      // of functions and hooks; empty is all
	Least    time.Duration // calls that took so long at least; hits are left out
	From, To time.Duration // calls that began in this part of the recording, counted from its start; To 0 is its end
	G        uint64        // of this goroutine; 0 is all
}

// filter is a Filter at work.
type filter struct {
	Filter
	least    int64
	from, to int64 // Unix ns
	g        uint64
	all      bool
	funcs    []int8 // by function: 1 passes, 2 does not, 0 not known yet
	hooks    []int8
	r        *event.Reader
}

func (f Filter) compile(r *event.Reader) *filter {
	return &filter{Filter: f, least: int64(f.Least), g: f.G, all: len(f.Names) == 0, to: math.MaxInt64, r: r}
}

// begin says when the recording began.
func (f *filter) begin(at int64) {
	f.from = at + int64(f.From)
	if f.To > 0 {
		f.to = at + int64(f.To)
	}
}

// over reports whether nothing that begins at a time or later passes.
func (f *filter) over(at int64) bool { return at >= f.to }

// partial reports whether a function may have calls that pass and calls that don't.
func (f *filter) partial() bool { return f.least > 0 || f.From > 0 || f.To > 0 || f.g != 0 }

// passes is asked of each call at its entry.
func (f *filter) passes(c *Call) bool {
	return (f.all || f.named(&f.funcs, c.Func, func(i int) string { return f.r.Funcs[i].Name })) && c.Start >= f.from && c.Start < f.to
}

func (f *filter) hit(r *event.Reader, rec *event.Record) bool {
	h := rec.Hit
	return f.least == 0 && (f.g == 0 || h.G == f.g) && rec.Time >= f.from && rec.Time < f.to &&
		(f.all || f.named(&f.hooks, h.Hook, func(i int) string { return r.Hooks[i] }))
}

// named looks a name up once.
func (f *filter) named(known *[]int8, i int, name func(int) string) bool {
	for len(*known) <= i {
		*known = append(*known, 0)
	}
	k := &(*known)[i]
	if *k == 0 {
		*k = 2
		if f.Names.Match(name(i)) {
			*k = 1
		}
	}
	return *k == 1
}
