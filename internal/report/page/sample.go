package page

import (
	"cmp"
	"container/heap"
	"slices"
)

// stretches is how many stretches of time the sample is spread over, at most.
const stretches = 256

// A slice is a call of which nobody knows yet whether it gets into the page.
type slice struct {
	lane    *lane
	parent  *slice // its record stays as long as one in it does
	fn      int
	level   int
	start   int64
	took    int64
	self    int64
	flags   int
	args    string // shown when it gets into the sample
	results string
	around  bool // a call in it is, or was, in the sample
	chosen  bool
}

// A sample keeps calls as they end: of each stretch of time the longest. Memory is bounded by the limit and by the calls under way.
type sample struct {
	axis  *axis
	limit int // of all stretches
	heaps []shortest
	seen  uint64
}

func newSample(limit int) *sample {
	s := &sample{axis: newAxis(stretches), limit: limit}
	s.axis.join = append(s.axis.join, s.halve)
	return s
}

// each is how many calls a stretch keeps: more than its share, since half of the stretches may be empty, and goroutines without a lane
// take their calls with them.
func (s *sample) each() int { return max(s.limit*4/stretches, 1) }

// add offers a call, and reports whether it is kept for now: then its values are worth showing.
func (s *sample) add(c *slice) bool {
	s.seen++
	i := s.axis.at(c.start)
	for len(s.heaps) <= i {
		s.heaps = append(s.heaps, nil)
	}
	h := &s.heaps[i]
	if len(*h) >= s.each() {
		if c.took <= (*h)[0].took {
			return false
		}
		(*h)[0] = c
		heap.Fix(h, 0)
		return true
	}
	heap.Push(h, c)
	return true
}

// halve joins pairs of stretches.
func (s *sample) halve(n int) {
	for i := range min(n, (len(s.heaps)+1)/2) {
		var both shortest
		both = append(both, s.heaps[2*i]...)
		if 2*i+1 < len(s.heaps) {
			both = append(both, s.heaps[2*i+1]...)
		}
		if each := s.each(); len(both) > each {
			slices.SortFunc(both, func(a, b *slice) int { return cmp.Compare(b.took, a.took) })
			clear(both[each:])
			both = both[:each]
		}
		heap.Init(&both)
		s.heaps[i] = both
	}
	s.heaps = s.heaps[:min(n, (len(s.heaps)+1)/2)]
}

// take returns the sample: at most limit calls, each with all that are around it. Every stretch gets its share; what one does not need is
// the others'.
func (s *sample) take(keep func(*slice) bool) []*slice {
	ranked := make([][]*slice, 0, len(s.heaps))
	for _, h := range s.heaps {
		in := make([]*slice, 0, len(h))
		for _, c := range h {
			if keep(c) {
				in = append(in, c)
			}
		}
		slices.SortStableFunc(in, func(a, b *slice) int {
			return cmp.Or(cmp.Compare(b.took, a.took), cmp.Compare(a.start, b.start), cmp.Compare(a.level, b.level), cmp.Compare(a.lane.g, b.lane.g))
		})
		ranked = append(ranked, in)
	}
	var out []*slice
	for rank := 0; ; rank++ {
		some := false
		for _, in := range ranked {
			if rank >= len(in) {
				continue
			}
			some = true
			if out = choose(out, in[rank], s.limit); len(out) >= s.limit {
				return out
			}
		}
		if !some {
			return out
		}
	}
}

// choose adds a call and those around it that aren't there yet, unless there is no room for all of them.
func choose(out []*slice, c *slice, limit int) []*slice {
	n := 0
	for p := c; p != nil && !p.chosen; p = p.parent {
		n++
	}
	if len(out)+n > limit {
		return out
	}
	for p := c; p != nil && !p.chosen; p = p.parent {
		p.chosen = true
		out = append(out, p)
	}
	return out
}

// shortest is a heap with the shortest call on top.
type shortest []*slice

func (h shortest) Len() int           { return len(h) }
func (h shortest) Less(i, j int) bool { return h[i].took < h[j].took }
func (h shortest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *shortest) Push(x any)        { *h = append(*h, x.(*slice)) }
func (h *shortest) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}
