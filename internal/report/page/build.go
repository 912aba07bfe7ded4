package page

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/hist"
	"github.com/gkhi/gkhi/internal/report"
)

// Build reads a recording and returns what its page shows, and what the walk has seen. With an error, which is the reader's, that is
// what could be read before it; the page says so.
func Build(r *event.Reader, f report.Filter, limits Limits) (*Data, report.Outcome, error) {
	c := newCollector(r, limits)
	table, graph, tree := report.NewTable(r), report.NewGraph(r), report.NewTree(r)
	out, err := report.Walk(r, f, report.Join(table.Visitor(), graph.Visitor(), tree.Visitor(), c.visitor()))
	tree.Finish()

	c.begin(out.Start)
	d := &Data{
		Duration: max(out.End-c.began, 1), Warnings: []string{}, Notes: []string{},
		Funcs: []Func{}, Edges: []Edge{}, Names: []string{},
	}
	b := builder{d: d, c: c, r: r, limits: limits, row: map[int]int{}, names: map[string]int{}}
	b.head(out)
	b.warnings(out, f, err)
	b.funcs(table.Funcs(out))
	b.edges(graph)
	b.tree(tree)
	c.timeline(d, b.number)
	return d, out, err
}

// A builder puts a page's data together.
type builder struct {
	d      *Data
	c      *collector
	r      *event.Reader
	limits Limits
	row    map[int]int    // of Funcs, by the recording's function
	names  map[string]int // of Names
}

func (b *builder) number(fn int) (int, bool) {
	i, ok := b.row[fn]
	return i, ok
}

func (b *builder) head(out report.Outcome) {
	m := &b.r.Meta
	drift := int64(out.Drift)
	b.d.Head = Head{
		Name: path.Base(strings.ReplaceAll(m.Program, `\`, "/")), Program: m.Program, Host: m.Host, PID: m.PID, Started: m.Started / 1e6,
		Go: m.Go, Arch: m.Arch, Build: m.Build, Version: m.Version, Patterns: append([]string{}, m.Patterns...),
		Events: out.Events, Hits: out.Hits, Lost: out.Lost, Drift: &drift,
	}
}

// warnings says what makes figures incomplete.
func (b *builder) warnings(out report.Outcome, f report.Filter, err error) {
	d := b.d
	if err != nil {
		d.warn("The recording is damaged, and only what stands before that is here: %v.", err)
	}
	if out.Truncated {
		d.warn("The recording was cut off: its end is missing. All up to its last whole block is here.")
	}
	if out.Lost > 0 {
		d.warn("%s events were lost, %.2g %% of all, since they came faster than they were taken. Calls under way at such a moment have no times; sums marked ~ are scaled from those that have.",
			thousands(out.Lost), 100*float64(out.Lost)/float64(max(out.Lost+out.Events, 1)))
	}
	if out.Drift.Abs() > 100*time.Millisecond {
		d.warn("The wall clock went off the monotonic clock by %v while it was recorded. Times follow the monotonic clock.", out.Drift)
	}
	if out.Unsteady > 1e-3 {
		d.warn("The CPU's time stamp counter was not steady: times may be wrong by %.2g %%.", 100*out.Unsteady)
	}
	if m := b.r.Meta.MinTook; m > 0 {
		d.note("Calls of less than %v were left out when it was recorded.", time.Duration(m))
	}
	if s := describe(f); s != "" {
		d.note("This page is of a part of the recording: %s.", s)
	}
}

// describe says what a filter lets pass; empty when it is all.
func describe(f report.Filter) string {
	var parts []string
	if len(f.Names) > 0 {
		parts = append(parts, "functions by name")
	}
	if f.Least > 0 {
		parts = append(parts, fmt.Sprintf("calls of %v and more", f.Least))
	}
	if f.From > 0 {
		parts = append(parts, fmt.Sprintf("from %v on", f.From))
	}
	if f.To > 0 {
		parts = append(parts, fmt.Sprintf("up to %v", f.To))
	}
	if f.G > 0 {
		parts = append(parts, fmt.Sprintf("goroutine %d", f.G))
	}
	return strings.Join(parts, ", ")
}

func (b *builder) funcs(all []report.Func) {
	slices.SortStableFunc(all, func(x, y report.Func) int {
		return cmp.Or(cmp.Compare(y.Total, x.Total), cmp.Compare(y.Calls, x.Calls))
	})
	for i := range all {
		b.d.Head.Calls += all[i].Calls
	}
	if n := b.limits.Funcs; len(all) > n {
		b.d.note("The table has the %s functions with most time, of %s.", thousands(uint64(n)), thousands(uint64(len(all))))
		all = all[:n]
	}
	packages, files := newTexts(math.MaxInt), newTexts(math.MaxInt)
	for i := range all {
		f := &all[i]
		b.row[f.Index] = len(b.d.Funcs)
		b.d.Funcs = append(b.d.Funcs, Func{
			Name: cut(f.Name, maxName), Package: packages.index(cut(f.Package, maxName)), File: files.index(cut(f.File, maxName)), Line: f.Line, Calls: f.Calls, Rate: float64(f.Calls) * 1e9 / float64(b.d.Duration),
			Timed: f.Timed, Unwound: f.Unwound, Open: f.Open, Errors: f.Errors, Scaled: f.Scaled, Total: f.Total, Self: f.Self,
			Mean: f.Mean, P50: f.Quantile(0.5), P90: f.Quantile(0.9), P99: f.Quantile(0.99), Max: f.Max,
			Hist: buckets(f.Took), Over: b.c.overTime(f.Index, b.d.Duration),
		})
	}
	b.d.Packages, b.d.Files = append([]string{}, packages.all...), append([]string{}, files.all...)
}

// buckets writes a histogram: small numbers, since there are many.
func buckets(s hist.Snapshot) []uint64 {
	out := []uint64{}
	last := uint64(0)
	for _, k := range s.Buckets {
		i := k.Low
		if k.Low >= 8 { // eight buckets for each power of two
			e := bits.Len64(k.Low) - 4
			i = uint64(e)*8 + k.Low>>e
		}
		out = append(out, i-last, k.Count)
		last = i
	}
	return out
}

func (b *builder) edges(g *report.Graph) {
	all := g.Edges()
	if n := b.limits.Edges; len(all) > n {
		b.d.note("Callers and callees are those with most time: %s of %s.", thousands(uint64(n)), thousands(uint64(len(all))))
		all = all[:n]
	}
	for _, e := range all {
		callee, ok := b.number(e.Callee)
		if !ok {
			continue
		}
		caller := -1
		switch name, recorded := g.Caller(e); {
		case recorded:
			if caller, ok = b.number(e.Caller); !ok {
				continue
			}
		case name != "":
			caller = b.unrecorded(name)
		}
		b.d.Edges = append(b.d.Edges, Edge{int64(caller), int64(callee), int64(e.Calls), e.Total})
	}
}

// unrecorded numbers a function that has no row: from -2 on, downwards, in Names.
func (b *builder) unrecorded(name string) int {
	k, known := b.names[name]
	if !known {
		k = len(b.names)
		b.names[name] = k
		b.d.Names = append(b.d.Names, cut(name, maxName))
	}
	return -2 - k
}

// tree writes the contexts with most time, in preorder. Those around one have at least its time, so none is chosen without them.
func (b *builder) tree(t *report.Tree) {
	chosen := t.Largest(b.limits.Nodes)
	flat := false
	var add func(at, depth int)
	add = func(at, depth int) {
		n := &t.Nodes[at]
		fn, ok := b.number(n.Func)
		switch {
		case at == 0:
			fn = -1
			for _, k := range n.Children {
				n.Calls += t.Nodes[k].Calls
			}
		case !ok:
			fn = b.unrecorded(n.Name)
		}
		b.d.Tree.add(depth, fn, n.Calls, n.Total, n.Own)
		if flat = flat || depth >= b.limits.Depth; depth >= b.limits.Depth {
			return
		}
		for _, k := range n.Children {
			if chosen[k] {
				add(k, depth+1)
			}
		}
	}
	add(0, 0)
	if n := len(b.d.Tree.Depth); n < len(t.Nodes) {
		b.d.note("The flame graph has the %s contexts with most time, of %s.", thousands(uint64(n)), thousands(uint64(len(t.Nodes))))
	}
	if flat {
		b.d.note("The flame graph goes %d calls deep.", b.limits.Depth)
	}
	if t.Folded > 0 {
		b.d.note("%s calls from rare contexts are put together in the flame graph, as %s.", thousands(t.Folded), report.Other)
	}
}
