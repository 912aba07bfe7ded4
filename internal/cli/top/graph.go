package top

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A Graph is who calls a function and whom it calls, as far as that was seen.
type Graph struct {
	Calls   uint64        // of the function
	Took    time.Duration // in those, recursive ones counted once
	Self    time.Duration
	Seen    time.Duration // how long calls were watched
	Callers []Edge        // the most time first
	Callees []Edge
	Lost    uint64 // events that were too many
}

// An Edge is the calls from one function to another.
type Edge struct {
	Name  string // of the other; empty where none is measured around the call
	Calls uint64
	Took  time.Duration
}

// maxEdges bounds what a grapher remembers; the rest is not told apart from others.
const maxEdges = 1 << 16

// A grapher adds up calls. Its methods are safe for concurrent use.
type grapher struct {
	mu    sync.Mutex
	edges map[[2]string]*Edge // caller and function
	nodes map[string]*node
	lost  uint64 // events
	seen  time.Duration
}

type node struct {
	calls      uint64
	took, self time.Duration
}

func newGrapher() *grapher {
	return &grapher{edges: map[[2]string]*Edge{}, nodes: map[string]*node{}}
}

func (g *grapher) add(c call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.nodes[c.fn]
	if n == nil {
		if len(g.nodes) >= maxEdges {
			return
		}
		n = &node{}
		g.nodes[c.fn] = n
	}
	n.calls++
	n.self += time.Duration(c.self)
	if !c.recursive {
		n.took += time.Duration(c.took)
	}
	key := [2]string{c.caller, c.fn}
	e := g.edges[key]
	if e == nil {
		if len(g.edges) >= maxEdges {
			return
		}
		e = &Edge{}
		g.edges[key] = e
	}
	e.Calls++
	e.Took += time.Duration(c.took)
}

func (g *grapher) mark(lost uint64, seen time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lost, g.seen = lost, seen
}

// of returns what was seen of one function.
func (g *grapher) of(name string) Graph {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := Graph{Lost: g.lost, Seen: g.seen}
	if n := g.nodes[name]; n != nil {
		r.Calls, r.Took, r.Self = n.calls, n.took, n.self
	}
	for key, e := range g.edges {
		if key[1] == name {
			r.Callers = append(r.Callers, Edge{key[0], e.Calls, e.Took})
		}
		if key[0] == name {
			r.Callees = append(r.Callees, Edge{key[1], e.Calls, e.Took})
		}
	}
	most := func(a, b Edge) int {
		return cmp.Or(cmp.Compare(b.Took, a.Took), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Name, b.Name))
	}
	slices.SortFunc(r.Callers, most)
	slices.SortFunc(r.Callees, most)
	return r
}

// took is the time in all of these.
func took(edges []Edge) (sum time.Duration) {
	for _, e := range edges {
		sum += e.Took
	}
	return sum
}
