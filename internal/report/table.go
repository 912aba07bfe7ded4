package report

import (
	"math"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/hist"
)

// Join makes one visitor of several, which are told in the order given.
func Join(vs ...Visitor) (all Visitor) {
	for _, v := range vs {
		all.Enter = then(all.Enter, v.Enter)
		all.Leave = then(all.Leave, v.Leave)
		all.Hit = then(all.Hit, v.Hit)
		all.Gap = then(all.Gap, v.Gap)
		all.Round = then(all.Round, v.Round)
		switch first, second := all.Drop, v.Drop; {
		case first == nil:
			all.Drop = second
		case second != nil:
			all.Drop = func(c *Call, at int64, lost bool) { first(c, at, lost); second(c, at, lost) }
		}
	}
	return all
}

func then[T any](first, second func(T)) func(T) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(t T) { first(t); second(t) }
}

// A Table sums calls by function, and hits by hook.
type Table struct {
	r     *event.Reader
	funcs []*sum // by function; nil for one that was not called
	hooks []uint64
	fails []int // by site: which word says that there was an error, plus 1; -1 for none, 0 when not known yet
}

type sum struct {
	took          hist.Counter // of calls that returned
	total, self   int64        // of these
	further       int64        // total of calls that did not return, and were unwound or are open
	furtherSelf   int64
	dropped, open uint64
	unwound       uint64
	errors        uint64
}

// NewTable returns a table of what r reads.
func NewTable(r *event.Reader) *Table { return &Table{r: r} }

// Visitor returns what tells the table.
func (t *Table) Visitor() Visitor {
	return Visitor{
		Leave: t.leave,
		Drop: func(c *Call, at int64, lost bool) {
			s := t.of(c.Func)
			if lost {
				s.dropped++
				return
			}
			s.open++
			s.noReturn(c, at-c.Start)
		},
		Hit: func(h *Hit) {
			for len(t.hooks) <= h.Hook {
				t.hooks = append(t.hooks, 0)
			}
			t.hooks[h.Hook]++
		},
	}
}

func (t *Table) of(fn int) *sum {
	if fn >= len(t.funcs) {
		t.funcs = append(t.funcs, make([]*sum, len(t.r.Funcs)-len(t.funcs))...)
	}
	s := t.funcs[fn]
	if s == nil {
		s = &sum{}
		t.funcs[fn] = s
	}
	return s
}

func (t *Table) leave(c *Call) {
	s := t.of(c.Func)
	if c.Unwound {
		s.unwound++
		s.noReturn(c, c.Took())
		return
	}
	took := c.Took()
	s.took.Record(took)
	s.self += c.Self
	if !c.Recursive {
		s.total += took
	}
	if len(c.Results) > 0 && t.failed(c) {
		s.errors++
	}
}

// noReturn takes the time of a call that has no return: up to when that was noticed, or up to the recording's end.
func (s *sum) noReturn(c *Call, took int64) {
	s.furtherSelf += c.Self
	if !c.Recursive {
		s.further += took
	}
}

// failed reports whether a call's last result, of type error, was not nil.
func (t *Table) failed(c *Call) bool {
	for len(t.fails) <= c.Exit {
		t.fails = append(t.fails, 0)
	}
	at := &t.fails[c.Exit]
	if *at == 0 {
		*at = -1
		results := t.r.Funcs[c.Func].Results
		for i, w := range t.r.Sites[c.Exit].Words {
			if w.Param == len(results)-1 && w.Part == 0 && results[w.Param].Type == "error" {
				*at = i + 1
			}
		}
	}
	return *at > 0 && *at <= len(c.Results) && c.Results[*at-1] != 0
}

// A Func is what a table says of a function. Times are in ns; Min to Took are of calls that returned.
type Func struct {
	Index int // of Funcs
	event.Func
	Calls    uint64 // exact where the recorder counted them
	Timed    uint64 // that returned, and have times
	Unwound  uint64 // of which no return was seen
	Open     uint64 // that were under way at the end
	Errors   uint64 // that returned an error as their last result
	Total    int64  // in all calls, recursive ones once
	Self     int64  // in all calls, without the calls of other recorded functions in them
	Scaled   bool   // Total and Self are told from a part of the calls, see the package comment
	Min, Max int64
	Mean     int64
	Took     hist.Snapshot
}

// Quantile is the time in or below which a fraction q of the calls that returned did so; 0 when there is none.
func (f *Func) Quantile(q float64) int64 { return int64(min(f.Took.Quantile(q), math.MaxInt64)) }

// Funcs returns the functions that were called, in the order of their index, when the walk is over.
func (t *Table) Funcs(out Outcome) []Func {
	var all []Func
	for i, s := range t.funcs {
		if s == nil {
			continue
		}
		f := Func{
			Index: i, Func: t.r.Funcs[i], Timed: s.took.Count(), Unwound: s.unwound, Open: s.open, Errors: s.errors,
			Total: s.total, Self: s.self, Min: int64(s.took.Min()), Max: int64(s.took.Max()), Took: s.took.Snapshot(),
		}
		f.Mean = int64(f.Took.Mean())
		f.Calls = f.Timed + s.unwound + s.dropped + s.open
		if i < len(out.Exact) {
			f.Calls = max(f.Calls, out.Exact[i])
		}
		f.scale(t.r.Meta.MinTook > 0)
		f.Total, f.Self = f.Total+s.further, f.Self+s.furtherSelf
		all = append(all, f)
	}
	return all
}

// scale tells the time of all calls that returned from that of those that have one, unless these are all, nearly, or were chosen by
// their time.
func (f *Func) scale(chosen bool) {
	could := f.Calls - min(f.Unwound+f.Open, f.Calls)
	if f.Timed == 0 || f.Timed*100 >= could*99 || chosen {
		return
	}
	by := float64(could) / float64(f.Timed)
	f.Total, f.Self = int64(float64(f.Total)*by), int64(float64(f.Self)*by)
	f.Scaled = true
}

// A Hook is what a table says of a declared hook.
type Hook struct {
	Name string `json:"hook"`
	Hits uint64 `json:"hits"`
}

// Hooks returns the hooks that were hit.
func (t *Table) Hooks() (all []Hook) {
	for i, n := range t.hooks {
		if n > 0 {
			all = append(all, Hook{t.r.Hooks[i], n})
		}
	}
	return all
}
