package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/event/eventtext"
	recordings "github.com/gkhi/gkhi/internal/report"
	"github.com/gkhi/gkhi/internal/report/chrome"
	"github.com/gkhi/gkhi/internal/report/flame"
	"github.com/gkhi/gkhi/internal/report/folded"
	"github.com/gkhi/gkhi/internal/report/page"
	"github.com/gkhi/gkhi/internal/report/perfetto"
	"github.com/gkhi/gkhi/internal/report/pprof"
)

// A reportFormat is what a recording can become.
type reportFormat struct {
	what   string // for the help
	binary bool
	file   string // it is a file to open: where standard output is a terminal, FILE with this ending is written
	views  bool   // it knows --calls and so on
	whole  bool   // it knows no filter
	write  func(in *reportInput, w io.Writer) error
}

// formatOrder is that of the help.
var formatOrder = []string{"text", "json", "csv", "folded", "html", "svg", "perfetto", "chrome", "pprof", "dump"}

var reportFormats = map[string]reportFormat{
	"text":     {what: "a table for people", views: true, write: begun((*reportInput).text)},
	"json":     {what: "an object a line; times in ns", views: true, write: begun((*reportInput).json)},
	"csv":      {what: "a table for spreadsheets; times in ns", views: true, write: begun((*reportInput).csv)},
	"folded":   {what: "paths of calls with their own ns, for flamegraph.pl, inferno, speedscope", write: begun((*reportInput).folded)},
	"html":     {what: "one page to look around in, with flame graph and timeline", file: ".html", write: begun((*reportInput).html)},
	"svg":      {what: "a picture of the flame graph", file: ".svg", write: begun((*reportInput).svg)},
	"perfetto": {what: "for ui.perfetto.dev: a track for each goroutine", binary: true, write: begun((*reportInput).perfetto)},
	"chrome":   {what: "trace events as JSON, for tools that know nothing else", write: begun((*reportInput).chrome)},
	"pprof":    {what: "for go tool pprof: calls and time, with callers", binary: true, write: begun((*reportInput).pprof)},
	"dump":     {what: "the file as it is, block by block", whole: true, write: (*reportInput).dump},
}

func formatNames() []string { return formatOrder }

// formatList is the formats as help shows them.
func formatList() string {
	var b strings.Builder
	for _, name := range formatOrder {
		fmt.Fprintf(&b, "  %-9s %s\n", name, reportFormats[name].what)
	}
	return b.String()
}

// begun reads the recording's head before a format's function.
func begun(write func(*reportInput, io.Writer) error) func(*reportInput, io.Writer) error {
	return func(in *reportInput, w io.Writer) error {
		if err := in.begin(); err != nil {
			return err
		}
		return write(in, w)
	}
}

func (in *reportInput) text(w io.Writer) error {
	switch {
	case in.o.timeline:
		return in.timelineText(w)
	case in.o.calls:
		return in.graphText(w)
	case in.o.goroutines:
		return in.goroutinesText(w)
	case len(in.o.during.of) > 0:
		return in.duringText(w)
	}
	return in.tableText(w)
}

// tables are the rows of the view that is asked for, one by one, with their columns' names.
func (in *reportInput) tables(row func(object any, fields []string) error) (columns []string, err error) {
	switch {
	case in.o.calls:
		graph, wanted, _ := in.edges()
		for i, edge := range wantedEdges(graph, wanted) {
			if in.o.top > 0 && uint64(i) >= in.o.top {
				break
			}
			r := graph.EdgeRow(edge)
			if err := row(r, r.Fields()); err != nil {
				return nil, err
			}
		}
		return recordings.EdgeColumns, nil
	case in.o.goroutines:
		gs := recordings.NewGoroutines(in.r)
		out := in.walk(gs.Visitor())
		all := gs.All()
		for i, k := range recordings.Kinds(all) {
			if in.o.top > 0 && uint64(i) >= in.o.top {
				break
			}
			if err := row(k.Row(), nil); err != nil {
				return nil, err
			}
		}
		for i, g := range all {
			if in.o.top > 0 && uint64(i) >= in.o.top {
				break
			}
			r := g.Row(out.Start)
			if err := row(r, r.Fields()); err != nil {
				return nil, err
			}
		}
		return recordings.GoroutineColumns, nil
	}
	if len(in.o.during.of) > 0 {
		return recordings.DuringColumns, in.duringRows(row)
	}
	t := recordings.NewTable(in.r)
	out := in.walk(t.Visitor())
	for _, f := range recordings.Arrange(t.Funcs(out), in.o.sort, in.o.top) {
		r := f.Row()
		if err := row(r, r.Fields()); err != nil {
			return nil, err
		}
	}
	for _, h := range t.Hooks() {
		if err := row(h, nil); err != nil {
			return nil, err
		}
	}
	return recordings.FuncColumns, nil
}

// A recordingLine is the last object of --json.
type recordingLine struct {
	End     string  `json:"end"` // complete, truncated or damaged
	Program string  `json:"program"`
	PID     int     `json:"pid"`
	Time    string  `json:"time"` // at which it began
	Seconds float64 `json:"seconds"`
	From    float64 `json:"from,omitempty"` // of --from and --to: seconds after that
	To      float64 `json:"to,omitempty"`
	Events  uint64  `json:"events"`
	Hits    uint64  `json:"hits"`
	Lost    uint64  `json:"lost"`
	Open    uint64  `json:"open"` // calls under way at the end
}

func (in *reportInput) json(w io.Writer) error {
	lines := &jsonLines{w: w}
	if in.o.timeline {
		if err := in.timelineJSON(lines); err != nil {
			return err
		}
	} else if _, err := in.tables(func(o any, _ []string) error { return lines.object(o) }); err != nil {
		return err
	}
	return lines.object(in.lastLine())
}

func (in *reportInput) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	var rows [][]string
	columns, err := in.tables(func(_ any, fields []string) error {
		if fields != nil { // hooks and sums are of another form
			rows = append(rows, fields)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(out.Write(columns), out.WriteAll(rows))
}

// tree reads the recording into a tree.
func (in *reportInput) tree() *recordings.Tree {
	t := recordings.NewTree(in.r)
	in.walk(t.Visitor())
	t.Finish()
	if t.Folded > 0 {
		in.e.note("report: %d calls from places beyond the first %d are in %s", t.Folded, recordings.MaxNodes, recordings.Other)
	}
	return t
}

func (in *reportInput) folded(w io.Writer) error { return folded.Write(w, in.tree()) }

func (in *reportInput) pprof(w io.Writer) error {
	t := in.tree()
	return pprof.Write(w, &in.r.Definitions, t, in.out)
}

func (in *reportInput) html(w io.Writer) error {
	d, out, err := page.Build(in.r, in.f, page.DefaultLimits)
	in.walkedTo(out, err)
	return page.Render(w, d)
}

func (in *reportInput) svg(w io.Writer) error {
	t := in.tree()
	m, out := &in.r.Meta, &in.out
	about := []string{time.Unix(0, out.From).In(in.e.zone).Format("2006-01-02 15:04:05"), draw.Duration(out.To - out.From), draw.Plural(out.Calls, "call")}
	if m.Host != "" {
		about = append(about, m.Host)
	}
	if out.Lost > 0 {
		about = append(about, were(out.Lost, "event")+" lost")
	}
	return flame.Write(w, t, baseName(m.Program), strings.Join(about, " · "))
}

func (in *reportInput) perfetto(w io.Writer) error {
	p := perfetto.New(w, in.r)
	in.walk(p.Visitor())
	return p.Close()
}

func (in *reportInput) chrome(w io.Writer) error {
	c := chrome.New(w, in.r)
	in.walk(c.Visitor())
	return c.Close()
}

func (in *reportInput) dump(w io.Writer) error {
	err := eventtext.Write(w, in.in)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		in.e.note("report: %s was cut off: this is what was written before", in.name)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", in.name, err)
	}
	return nil
}
