package report

import (
	"cmp"
	"slices"
)

// maxGoroutines bounds Goroutines. Those that come later are put together.
const maxGoroutines = 100_000

// Goroutines sums calls by goroutine.
type Goroutines struct {
	at    map[uint64]*Goroutine
	other *Goroutine // nil while there is none
	last  *Goroutine
}

// A Goroutine is what was seen of one.
type Goroutine struct {
	G           uint64 // 0 for Others
	Others      int    // how many it stands for, where it is the rest; else 0. One that comes back counts again
	Calls       uint64
	Hits        uint64
	Busy        int64 // ns in recorded calls
	First, Last int64 // Unix ns, of its first entry and of the last end of a call
}

// NewGoroutines returns an empty one.
func NewGoroutines() *Goroutines { return &Goroutines{at: map[uint64]*Goroutine{}} }

// Visitor returns what tells it.
func (s *Goroutines) Visitor() Visitor {
	return Visitor{
		Leave: func(c *Call) { s.end(c, c.End) },
		Drop: func(c *Call, at int64, lost bool) {
			if !lost {
				s.end(c, at)
			}
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
