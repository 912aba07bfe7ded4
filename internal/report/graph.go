package report

import (
	"cmp"
	"slices"

	"github.com/gkhi/gkhi/internal/event"
)

// A Graph sums calls by caller and callee.
type Graph struct {
	r       *event.Reader
	edges   []edges // by callee
	callers callers
}

// edges are those of one callee. Most have a few callers, of which the same calls again and again.
type edges struct {
	list []Edge
	last int
	at   map[int]int // index of list by caller, when there are many
}

// An Edge is one function's calls of another. The caller is the innermost one that was recorded and that the filter lets pass; where
// there is none, it is the one that the call's stack names, if that was recorded.
type Edge struct {
	Caller int // index of Funcs; -1 when it is not known; below -1 it is a function of a stack, see Graph.Caller
	Callee int
	Calls  uint64
	Total  int64 // ns in these calls; recursive ones, which are in others already, have none
}

// manyCallers is from where on a map is faster than a list.
const manyCallers = 16

// NewGraph returns a graph of what r reads.
func NewGraph(r *event.Reader) *Graph { return &Graph{r: r, callers: callers{r: r}} }

// Visitor returns what tells the graph.
func (g *Graph) Visitor() Visitor {
	return Visitor{
		Leave: func(c *Call) { g.add(c, c.Took()) },
		Drop: func(c *Call, at int64, lost bool) {
			if lost {
				at = c.Start
			}
			g.add(c, at-c.Start)
		},
	}
}

func (g *Graph) add(c *Call, took int64) {
	if c.Func >= len(g.edges) {
		g.edges = append(g.edges, make([]edges, len(g.r.Funcs)-len(g.edges))...)
	}
	caller := -1
	switch {
	case c.Parent != nil:
		caller = c.Parent.Func
	case c.Stack >= 0:
		caller = g.callers.of(c)
	}
	e := g.edges[c.Func].from(caller, c.Func)
	e.Calls++
	if !c.Recursive {
		e.Total += took
	}
}

// Caller returns the name of an edge's caller, and whether calls of it were recorded; "" for none.
func (g *Graph) Caller(e Edge) (name string, recorded bool) {
	switch {
	case e.Caller >= 0:
		return g.r.Funcs[e.Caller].Name, true
	case e.Caller == -1:
		return "", false
	}
	return g.callers.names[-2-e.Caller], false
}

func (es *edges) from(caller, callee int) *Edge {
	if es.last < len(es.list) && es.list[es.last].Caller == caller {
		return &es.list[es.last]
	}
	if es.at != nil {
		if i, ok := es.at[caller]; ok {
			es.last = i
			return &es.list[i]
		}
	} else {
		for i := range es.list {
			if es.list[i].Caller == caller {
				es.last = i
				return &es.list[i]
			}
		}
	}
	es.last = len(es.list)
	es.list = append(es.list, Edge{Caller: caller, Callee: callee})
	if es.at != nil {
		es.at[caller] = es.last
	} else if len(es.list) > manyCallers {
		es.at = map[int]int{}
		for i := range es.list {
			es.at[es.list[i].Caller] = i
		}
	}
	return &es.list[es.last]
}

// Edges returns all edges, those with the most time first.
func (g *Graph) Edges() []Edge {
	var all []Edge
	for i := range g.edges {
		all = append(all, g.edges[i].list...)
	}
	slices.SortFunc(all, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Callee, b.Callee), cmp.Compare(a.Caller, b.Caller))
	})
	return all
}
