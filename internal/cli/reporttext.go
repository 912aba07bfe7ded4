package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
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
			t.Row(h.Name, fmt.Sprint(h.Hits), draw.Rate(float64(h.Hits)/(float64(out.To-out.From)/1e9)))
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
		cells := []string{in.shown(f.Name), fmt.Sprint(f.Calls)}
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
	about := ""
	if f.Scaled {
		about = "~"
	}
	cells := []string{about + draw.Duration(f.Total), about + draw.Duration(f.Self)}
	switch {
	case f.Timed+f.Unwound+f.Open == 0:
		return []string{"-", "-", "-", "-", "-", "-", "-"}
	case f.Timed == 0:
		return append(cells, "-", "-", "-", "-", "-")
	}
	cells = append(cells, draw.Duration(f.Mean))
	for _, q := range quantiles {
		cells = append(cells, draw.Duration(f.Quantile(q)))
	}
	return append(cells, draw.Duration(f.Max))
}

// graphText writes each function with its callers above and its callees below, as gprof does.
func (in *reportInput) graphText(w io.Writer) error {
	table := recordings.NewTable(in.r)
	graph, wanted, out := in.edges(table.Visitor())
	in.shortenToFit()
	callers, callees := map[int][]recordings.Edge{}, map[int][]recordings.Edge{}
	for _, e := range wantedEdges(graph, wanted) {
		callers[e.Callee] = append(callers[e.Callee], e)
		if e.Caller >= 0 {
			callees[e.Caller] = append(callees[e.Caller], e)
		}
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
			line(e.Calls, edge(e), "  ┌ "+in.callerName(graph, e, style))
		}
		line(f.Calls, timeCells(&f)[0], style.Name(draw.Safe(in.shown(f.Name))))
		for _, e := range callees[f.Index] {
			line(e.Calls, edge(e), "  └ "+draw.Safe(in.funcName(e.Callee)))
		}
	}
	if len(lines) == 1 {
		return nil
	}
	return in.lines(w, lines)
}

// edges reads the recording into a call graph, and returns which functions are wanted: whoever calls
// them or is called by them is in it, wanted or not. Other visitors may listen.
func (in *reportInput) edges(others ...recordings.Visitor) (*recordings.Graph, func(fn int) bool, recordings.Outcome) {
	names := in.f.Names
	in.f.Names = nil
	graph := recordings.NewGraph(in.r)
	out := in.walk(recordings.Join(append(others, graph.Visitor())...))
	wanted := func(fn int) bool {
		return len(names) == 0 || fn >= 0 && names.Match(in.r.Funcs[fn].Name)
	}
	return graph, wanted, out
}

// wantedEdges are those to and from functions that are wanted.
func wantedEdges(g *recordings.Graph, wanted func(fn int) bool) []recordings.Edge {
	return slices.DeleteFunc(g.Edges(), func(e recordings.Edge) bool { return !wanted(e.Caller) && !wanted(e.Callee) })
}
