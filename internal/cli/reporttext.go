package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/cli/draw"
	recordings "github.com/gkhi/gkhi/internal/report"
)

// width is that of the terminal, unless the output goes elsewhere.
func (in *reportInput) width() int {
	if in.o.output != "" {
		return 0
	}
	return in.e.columns()
}

func (in *reportInput) style() draw.Style {
	if in.o.output != "" {
		return draw.Style{}
	}
	return in.e.style()
}

// lines writes lines that are safe.
func (in *reportInput) lines(w io.Writer, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// tableText writes the functions and the hooks.
func (in *reportInput) tableText(w io.Writer) error {
	table := recordings.NewTable(in.r)
	out := in.walk(table.Visitor())
	var lines []string
	if fs := recordings.Arrange(table.Funcs(out), in.o.sort, in.o.top); len(fs) > 0 {
		lines = in.funcTable(fs).Lines(in.width())
	}
	if hooks := table.Hooks(); len(hooks) > 0 {
		style := in.style()
		t := &draw.Table{Title: style.Title, Columns: []draw.Column{
			{Title: "HOOK", Style: style.Name, Names: true}, {Title: "HITS", Right: true}, {Title: "RATE", Right: true},
		}}
		for _, h := range hooks {
			t.Row(h.Name, fmt.Sprint(h.Hits), draw.Rate(float64(h.Hits)/(float64(out.End-out.Start)/1e9)))
		}
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, t.Lines(in.width())...)
	}
	return in.lines(w, lines)
}

// funcTable makes the table of functions. What no function has gets no column.
func (in *reportInput) funcTable(fs []recordings.Func) *draw.Table {
	style := in.style()
	failed := slices.ContainsFunc(fs, func(f recordings.Func) bool { return f.Errors > 0 })
	unwound := slices.ContainsFunc(fs, func(f recordings.Func) bool { return f.Unwound > 0 })
	t := &draw.Table{Title: style.Title, Columns: []draw.Column{{Title: "FUNCTION", Style: style.Name, Names: true}}}
	titles := []string{"CALLS"}
	if failed {
		titles = append(titles, "ERRORS")
	}
	if unwound {
		titles = append(titles, "UNWOUND")
	}
	for _, title := range append(titles, "TOTAL", "SELF", "MEAN", "P50", "P90", "P99", "MAX") {
		t.Columns = append(t.Columns, draw.Column{Title: title, Right: true})
	}
	for i := range fs {
		f := &fs[i]
		cells := []string{f.Name, fmt.Sprint(f.Calls)}
		if failed {
			cells = append(cells, fmt.Sprint(f.Errors))
		}
		if unwound {
			cells = append(cells, fmt.Sprint(f.Unwound))
		}
		t.Row(append(cells, timeCells(f)...)...)
	}
	return t
}

func timeCells(f *recordings.Func) []string {
	if f.Timed == 0 {
		return []string{"-", "-", "-", "-", "-", "-", "-"}
	}
	about := ""
	if f.Scaled {
		about = "~"
	}
	cells := []string{about + draw.Duration(f.Total), about + draw.Duration(f.Self), draw.Duration(f.Mean)}
	for _, q := range quantiles {
		cells = append(cells, draw.Duration(f.Quantile(q)))
	}
	return append(cells, draw.Duration(f.Max))
}

// graphText writes each function with its callers above and its callees below, as gprof does.
func (in *reportInput) graphText(w io.Writer) error {
	table := recordings.NewTable(in.r)
	edges, wanted, out := in.edges(table.Visitor())
	callers, callees := map[int][]recordings.Edge{}, map[int][]recordings.Edge{}
	for _, e := range edges {
		callers[e.Callee] = append(callers[e.Callee], e)
		if e.Caller >= 0 {
			callees[e.Caller] = append(callees[e.Caller], e)
		}
	}
	name := func(i int) string {
		if i < 0 {
			return "(not recorded)"
		}
		return in.r.Funcs[i].Name
	}
	style := in.style()
	lines := []string{style.Title(fmt.Sprintf("%10s  %8s  %s", "CALLS", "TOTAL", "FUNCTION"))}
	edge := func(e recordings.Edge) string { // a recursive call's time is in that of the call around it
		if e.Total == 0 {
			return "-"
		}
		return draw.Duration(e.Total)
	}
	line := func(calls uint64, total, text string) {
		lines = append(lines, fmt.Sprintf("%10d  %s  %s", calls, rightIn(total, 8), text))
	}
	fs := slices.DeleteFunc(table.Funcs(out), func(f recordings.Func) bool { return !wanted(f.Index) })
	for i, f := range recordings.Arrange(fs, in.o.sort, in.o.top) {
		if i > 0 {
			lines = append(lines, "")
		}
		up := callers[f.Index]
		slices.SortStableFunc(up, func(a, b recordings.Edge) int { return cmp.Compare(a.Total, b.Total) })
		for _, e := range up { // the largest next to the function
			line(e.Calls, edge(e), "  ┌ "+draw.Safe(name(e.Caller)))
		}
		line(f.Calls, timeCells(&f)[0], style.Name(draw.Safe(f.Name)))
		for _, e := range callees[f.Index] {
			line(e.Calls, edge(e), "  └ "+draw.Safe(name(e.Callee)))
		}
	}
	if len(lines) == 1 {
		return nil
	}
	return in.lines(w, lines)
}

// edges reads the recording into a call graph, and returns the edges to and from the functions that are wanted: whoever calls
// them or is called by them is in it, wanted or not. Other visitors may listen.
func (in *reportInput) edges(others ...recordings.Visitor) ([]recordings.Edge, func(fn int) bool, recordings.Outcome) {
	names := in.f.Names
	in.f.Names = nil
	graph := recordings.NewGraph(in.r)
	out := in.walk(recordings.Join(append(others, graph.Visitor())...))
	wanted := func(fn int) bool {
		return len(names) == 0 || fn >= 0 && names.Match(in.r.Funcs[fn].Name)
	}
	edges := slices.DeleteFunc(graph.Edges(), func(e recordings.Edge) bool { return !wanted(e.Caller) && !wanted(e.Callee) })
	return edges, wanted, out
}

// goroutinesText writes a line for each goroutine.
func (in *reportInput) goroutinesText(w io.Writer) error {
	gs := recordings.NewGoroutines()
	out := in.walk(gs.Visitor())
	all := gs.All()
	if len(all) == 0 {
		return nil
	}
	t := &draw.Table{Title: in.style().Title}
	for _, title := range []string{"G", "CALLS", "HITS", "BUSY", "FIRST", "LAST"} {
		t.Columns = append(t.Columns, draw.Column{Title: title, Right: true})
	}
	for i, g := range all {
		if in.o.top > 0 && uint64(i) >= in.o.top {
			break
		}
		name := strconv.FormatUint(g.G, 10)
		if g.Others > 0 {
			name = recordings.Other
		}
		r := g.Row(out.Start)
		t.Row(name, fmt.Sprint(g.Calls), fmt.Sprint(g.Hits), draw.Duration(g.Busy), seconds(r.FirstNS), seconds(r.LastNS))
	}
	return in.lines(w, t.Lines(in.width()))
}

// seconds writes a moment, counted from the start.
func seconds(ns int64) string { return strconv.FormatFloat(float64(ns)/1e9, 'f', 6, 64) }
