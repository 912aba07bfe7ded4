package cli

import (
	"fmt"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/cli/meter"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/hist"
)

// quantiles are the percentiles that stat shows.
var quantiles = [...]float64{0.5, 0.9, 0.99}

// statTable returns the table that the terminal and the summary share.
func statTable(r meter.Report, names *draw.Names, style draw.Style) *draw.Table {
	timed := r.Timed()
	t := &draw.Table{Title: style.Title}
	for i, title := range statTitles(timed) {
		c := draw.Column{Title: title, Right: i > 0}
		if i == 0 {
			c.Style, c.Names = style.Name, true
		}
		t.Columns = append(t.Columns, c)
	}
	for _, w := range r.Rows {
		t.Row(statCells(r, w, names, timed)...)
	}
	return t
}

// statTitles are the columns; of functions there are two more.
func statTitles(timed bool) []string {
	if timed {
		return []string{"FUNCTION", "CALLS", "RATE", "TOTAL", "SELF", "P50", "P90", "P99", "MAX"}
	}
	return []string{"HOOK", "CALLS", "RATE", "P50", "P90", "P99", "MAX"}
}

func statCells(r meter.Report, w meter.Row, names *draw.Names, timed bool) []string {
	cells := []string{names.Of(w.Hook), fmt.Sprint(w.Calls), draw.Rate(r.Rate(w))}
	switch l := w.Latency; {
	case timed && w.Function && l != nil && l.Count > 0:
		about := ""
		if w.Guessed() {
			about = "~"
		}
		cells = append(cells, about+draw.Duration(int64(w.Total)), about+draw.Duration(int64(w.Self)))
	case timed:
		cells = append(cells, "-", "-")
	}
	if l := w.Latency; l != nil && l.Count > 0 {
		for _, q := range quantiles {
			cells = append(cells, draw.Duration(int64(l.Quantile(q))))
		}
		return append(cells, draw.Duration(int64(l.Max)))
	}
	return append(cells, "-", "-", "-", "-")
}

// histograms draws the latencies of each hook since the beginning.
func histograms(rows []wire.StatRow, names *draw.Names, width int, style draw.Style) []string {
	var lines []string
	for _, w := range rows {
		if w.Latency == nil || w.Latency.Count == 0 {
			continue
		}
		lines = append(lines, "", style.Name(draw.Cut(draw.Safe(names.Of(w.Hook)), width)))
		lines = append(lines, draw.Histogram(*w.Latency, width, style)...)
	}
	return lines
}

// pipeWidth is the width of histograms where there is no terminal.
const pipeWidth = 80

// A statScreen refreshes a table in place.
type statScreen struct {
	e       *env
	process string
	hist    bool
	names   *draw.Names
	style   draw.Style
	screen  *draw.Screen
	began   time.Time
}

func newStatScreen(e *env, process string, hist bool, names *draw.Names) *statScreen {
	return &statScreen{
		e: e, process: process, hist: hist, names: names, style: e.style(),
		screen: draw.NewScreen(e.out, func() (int, int) {
			c, r, _ := e.terminal()
			return c, r
		}),
	}
}

func (s *statScreen) lines(r meter.Report, head string) []string {
	width := s.screen.Columns()
	lines := append([]string{s.style.Faint(draw.Cut(draw.Safe(head), width))}, statTable(r, s.names, s.style).Lines(width)...)
	if s.hist {
		lines = append(lines, histograms(r.Sum, s.names, width, s.style)...)
	}
	return lines
}

func (s *statScreen) interval(r meter.Report) error {
	if s.began.IsZero() {
		s.began = r.At.Add(-r.Took)
	}
	return s.screen.Draw(s.lines(r, fmt.Sprintf("%s  %s  for %s", s.process, r.At.In(s.e.zone).Format(time.TimeOnly), draw.Age(r.At.Sub(s.began)))))
}

func (s *statScreen) final(r meter.Report) error {
	if len(r.Rows) == 0 {
		return nil
	}
	return s.screen.Final(s.lines(r, fmt.Sprintf("%s  total of %s", s.process, draw.Duration(int64(r.Took)))))
}

// statLines prints a line for each hook at every interval.
type statLines struct {
	e      *env
	hist   bool
	names  *draw.Names
	least  time.Duration // an interval shorter than that, as the last one is, would make a wild rate
	timed  bool          // functions are among what is counted
	widths []int
}

// print prints a report's rows. Columns are as wide as they were in the widest row so far, since lines that are out can't be changed.
func (s *statLines) print(r meter.Report, when string) error {
	first := s.widths == nil
	if first {
		s.timed = s.timed || r.Timed()
		s.widths = []int{8, 4, 9, 9}
		for range len(statTitles(s.timed)) - 3 {
			s.widths = append(s.widths, 7)
		}
	}
	titles := append([]string{"TIME"}, statTitles(s.timed)...)
	var rows [][]string
	for _, w := range r.Rows {
		row := append([]string{when}, statCells(r, w, s.names, s.timed)...)
		row[1] = draw.Safe(row[1])
		for i, cell := range row {
			s.widths[i] = max(s.widths[i], draw.Width(cell))
		}
		rows = append(rows, row)
	}
	var lines []string
	if first {
		rows = append([][]string{titles}, rows...)
	}
	for _, row := range rows {
		lines = append(lines, draw.Line(row, s.widths, 2))
	}
	return s.e.lines(lines)
}

func (s *statLines) interval(r meter.Report) error {
	if r.Took < s.least {
		return nil
	}
	return s.print(r, r.At.In(s.e.zone).Format(time.TimeOnly))
}

func (s *statLines) final(r meter.Report) error {
	if len(r.Rows) == 0 {
		return nil
	}
	if err := s.print(r, "total"); err != nil {
		return err
	}
	if s.hist {
		return s.e.lines(histograms(r.Sum, s.names, pipeWidth, draw.Style{}))
	}
	return nil
}

// statJSON prints an object for each hook at every interval.
type statJSON struct {
	e       *env
	buckets bool
}

// A statLine is a row as --json prints it. Latencies are in nanoseconds, and missing where there are none.
type statLine struct {
	Time    string        `json:"time"`
	Hook    string        `json:"hook"`
	Total   bool          `json:"total,omitempty"`
	Calls   uint64        `json:"calls"`
	Delta   uint64        `json:"delta"`
	Seconds float64       `json:"seconds"`
	Rate    *float64      `json:"rate,omitempty"` // missing where the interval has no length
	P50     *uint64       `json:"p50,omitempty"`
	P90     *uint64       `json:"p90,omitempty"`
	P99     *uint64       `json:"p99,omitempty"`
	Max     *uint64       `json:"max,omitempty"`
	Timed   *uint64       `json:"timed,omitempty"`   // of a function: calls of which times are known
	TotalNS *int64        `json:"totalNs,omitempty"` // time in all calls, told from those
	SelfNS  *int64        `json:"selfNs,omitempty"`
	Buckets []hist.Bucket `json:"buckets,omitempty"`
}

func (s *statJSON) print(r meter.Report) error {
	for _, w := range r.Rows {
		line := statLine{
			Time: jsonTime(r.At), Hook: w.Hook, Total: r.Total,
			Calls: w.Calls, Delta: w.Delta, Seconds: r.Took.Seconds(),
		}
		if r.Took > 0 {
			rate := r.Rate(w)
			line.Rate = &rate
		}
		if w.Function {
			total, self := int64(w.Total), int64(w.Self)
			line.Timed, line.TotalNS, line.SelfNS = &w.Timed, &total, &self
		}
		if l := w.Latency; l != nil && l.Count > 0 {
			for i, to := range []**uint64{&line.P50, &line.P90, &line.P99} {
				q := l.Quantile(quantiles[i])
				*to = &q
			}
			line.Max = &l.Max
			if s.buckets && r.Total {
				line.Buckets = l.Buckets
			}
		}
		if err := s.e.object(line); err != nil {
			return err
		}
	}
	return nil
}

func (s *statJSON) interval(r meter.Report) error { return s.print(r) }
func (s *statJSON) final(r meter.Report) error    { return s.print(r) }
