package report

import (
	"cmp"
	"slices"

	"github.com/gkhi/gkhi/internal/event"
)

// maxGoroutines bounds Goroutines. Those that come later are put together.
const maxGoroutines = 100_000

// Goroutines sums calls by goroutine.
type Goroutines struct {
	r     *event.Reader
	at    map[uint64]*Goroutine
	other *Goroutine // nil while there is none
	last  *Goroutine
}

// A Goroutine is what was seen of one.
type Goroutine struct {
	G           uint64 // 0 for Others
	Function    string // what it runs: see Recorded. Empty where only hits were seen, and for Others
	Recorded    bool   // Function is the outermost one that was recorded, else the one that a stack says it was started with
	Others      int    // how many it stands for, where it is the rest; else 0. One that comes back counts again
	Calls       uint64
	Hits        uint64
	Busy        int64 // ns in recorded calls
	First, Last int64 // Unix ns, of its first entry and of the last end of a call
}

// NewGoroutines returns an empty one, of what r reads.
func NewGoroutines(r *event.Reader) *Goroutines {
	return &Goroutines{r: r, at: map[uint64]*Goroutine{}}
}

// Visitor returns what tells it.
func (s *Goroutines) Visitor() Visitor {
	return Visitor{
		Enter: func(c *Call) {
			if c.Level == 0 {
				s.name(s.of(c.G, c.Start), c)
			}
		},
		Leave: func(c *Call) { s.end(c, c.End) },
		Drop: func(c *Call, at int64, lost bool) {
			if lost { // how long it took is not known
				at = c.Start
			}
			s.end(c, at)
		},
		Hit: func(h *Hit) {
			if h.G != 0 {
				s.of(h.G, h.Time).Hits++
			}
		},
	}
}

func (s *Goroutines) of(id uint64, at int64) *Goroutine {
	if s.last != nil && s.last.G == id {
		return s.last
	}
	g := s.at[id]
	switch {
	case g != nil:
	case len(s.at) < maxGoroutines:
		g = &Goroutine{G: id, First: at}
		s.at[id] = g
	default:
		if s.other == nil {
			s.other = &Goroutine{First: at}
		}
		s.other.Others++
		return s.other
	}
	s.last = g
	return g
}

// name says what a goroutine runs, by the first call of it. A stack that reaches up to its start knows that best.
func (s *Goroutines) name(g *Goroutine, c *Call) {
	if g.Function != "" || g == s.other {
		return
	}
	g.Function, g.Recorded = s.r.Funcs[c.Func].Name, true
	if c.Stack < 0 {
		return
	}
	if f := outermost(&s.r.Definitions, c.Stack); f != "" {
		g.Recorded = f == g.Function
		g.Function = f
	}
}

func (s *Goroutines) end(c *Call, at int64) {
	g := s.of(c.G, c.Start)
	g.Calls++
	if c.Level == 0 {
		g.Busy += at - c.Start
	}
	g.First, g.Last = min(g.First, c.Start), max(g.Last, at)
}

// All returns the goroutines, busiest first, and at the end the one for the rest, if there is any.
func (s *Goroutines) All() []Goroutine {
	all := make([]Goroutine, 0, len(s.at)+1)
	for _, g := range s.at {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b Goroutine) int {
		return cmp.Or(cmp.Compare(b.Busy, a.Busy), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.G, b.G))
	})
	if s.other != nil {
		all = append(all, *s.other)
	}
	return all
}

// A Kind is all goroutines that run the same function.
type Kind struct {
	Function   string // Other for those beyond the limit, and empty where it is not known
	Recorded   bool
	Goroutines int
	Calls      uint64
	Hits       uint64
	Busy       int64 // ns in recorded calls
}

// Kinds puts goroutines together by what they run, busiest first.
func Kinds(all []Goroutine) []Kind {
	type key struct {
		function string
		recorded bool
	}
	at := map[key]int{}
	var ks []Kind
	for _, g := range all {
		n := 1
		if g.Others > 0 {
			g.Function, n = Other, g.Others
		}
		k := key{g.Function, g.Recorded}
		i, ok := at[k]
		if !ok {
			i = len(ks)
			at[k] = i
			ks = append(ks, Kind{Function: g.Function, Recorded: g.Recorded})
		}
		ks[i].Goroutines += n
		ks[i].Calls += g.Calls
		ks[i].Hits += g.Hits
		ks[i].Busy += g.Busy
	}
	slices.SortFunc(ks, func(a, b Kind) int {
		return cmp.Or(cmp.Compare(b.Busy, a.Busy), cmp.Compare(b.Goroutines, a.Goroutines), cmp.Compare(a.Function, b.Function))
	})
	return ks
}
