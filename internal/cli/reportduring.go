package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/glob"
	recordings "github.com/gkhi/gkhi/internal/report"
)

// duringOptions are about --during.
type duringOptions struct {
	of         []string // globs; none: another view is wanted
	set        glob.Set // of these
	slowerThan time.Duration
	slowest    uint64
}

func (o *duringOptions) flags(cmd *cobra.Command) {
	cmd.Flags().Var(globValue{listValue{&o.of}}, "during", "what else ran while calls of these functions were slow")
	cmd.Flags().Var(durationValue{d: &o.slowerThan}, "slower-than", "with --during: slow are calls that took so long")
	cmd.Flags().Var(countValue{&o.slowest}, "slowest", "with --during: slow are so many calls (default the slowest 1 %)")
}

// A globValue is a flag that may be given several times, for globs.
type globValue struct{ listValue }

func (globValue) Type() string { return "glob" }

func (o *duringOptions) check() (err error) {
	switch {
	case len(o.of) == 0 && (o.slowerThan > 0 || o.slowest > 0):
		return usagef("--slower-than and --slowest are for --during")
	case o.slowerThan > 0 && o.slowest > 0:
		return usagef("--slower-than, --slowest: one of them")
	case o.slowest > recordings.MaxSlowest:
		return usagef("--slowest %d: it is %d at most", o.slowest, recordings.MaxSlowest)
	}
	if o.set, err = glob.CompileSet(o.of); err != nil {
		return &usageError{err}
	}
	return nil
}

// during reads the recording and compares.
func (in *reportInput) during() recordings.DuringResult {
	o := &in.o
	d := recordings.NewDuring(in.r, recordings.DuringSpec{
		Of: o.during.set, From: o.from, To: o.to, G: o.goroutine, SlowerThan: o.during.slowerThan, Slowest: int(o.during.slowest),
		Names: in.f.Names, Least: o.least,
	})
	in.f = recordings.Filter{} // what runs beside these calls may be outside
	in.walk(d.Visitor())
	res := d.Finish()
	start, all := in.out.Start, res.Slow.Calls+res.Rest.Calls
	in.out.From = min(start+int64(o.from), in.out.Last)
	if o.to > 0 {
		in.out.To = min(start+int64(o.to), in.out.Last)
	}
	in.out.Calls = all
	if all == 0 && in.err == nil {
		in.e.note("report: no call of %s began in it", strings.Join(o.during.of, ", "))
	}
	if d.Skipped > 0 {
		in.e.note("report: %s were not compared: there were too many at a time", draw.Plural(d.Skipped, "call"))
	}
	return res
}

// top are so many rows as are wanted.
func (in *reportInput) topRows(rows []recordings.DuringRow) []recordings.DuringRow {
	if in.o.top > 0 && uint64(len(rows)) > in.o.top {
		return rows[:in.o.top]
	}
	return rows
}

// duringText says how many calls were slow, and what ran then.
func (in *reportInput) duringText(w io.Writer) error {
	res := in.during()
	all := res.Slow.Calls + res.Rest.Calls
	if all == 0 {
		return nil
	}
	least := int64(in.o.during.slowerThan)
	if least == 0 {
		least = res.Slow.Least
	}
	lines := []string{draw.Safe(fmt.Sprintf("%d of %d calls of %s are slow, %s or more: %s of %s in all", res.Slow.Calls, all,
		strings.Join(in.o.during.of, ", "), draw.Duration(least), draw.Duration(res.Slow.NS), draw.Duration(res.Slow.NS+res.Rest.NS)))}
	style := in.style()
	t := &draw.Table{Title: style.Title, Columns: []draw.Column{{Title: "RAN MEANWHILE", Style: style.Name, Names: true}, {Title: "G"}}}
	for _, title := range []string{"SLOW", "OF SLOW", "OF REST", "CALLS", "TIME", "OF SLOW TIME", "OF REST TIME"} {
		t.Columns = append(t.Columns, draw.Column{Title: title, Right: true})
	}
	for _, r := range in.topRows(res.Rows) {
		slow, slowTime := r.Slow.Shares(res.Slow)
		rest, restTime := r.Rest.Shares(res.Rest)
		t.Row(in.shown(r.Function), r.Goroutine, fmt.Sprint(r.Slow.With), share(slow, res.Slow), share(rest, res.Rest),
			fmt.Sprint(r.Slow.Calls), draw.Duration(r.Slow.NS), share(slowTime, res.Slow), share(restTime, res.Rest))
	}
	if t.Len() > 0 {
		lines = append(append(lines, ""), t.Lines(in.width())...)
	}
	return in.lines(w, lines)
}

// share writes a part of calls, or of their time.
func share(part float64, of recordings.DuringCalls) string {
	switch {
	case of.Calls == 0:
		return "-"
	case part > 0 && part < 0.001:
		return "<0.1 %"
	case part < 0.0995:
		return strconv.FormatFloat(100*part, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(100*part, 'f', 0, 64) + " %"
}

// A duringLine is what --during compares, as --json prints it before the rows.
type duringLine struct {
	During []string               `json:"during"`
	Slow   recordings.DuringCalls `json:"slow"`
	Rest   recordings.DuringCalls `json:"rest"`
}

// duringRows passes on what --json and --format csv print.
func (in *reportInput) duringRows(row func(object any, fields []string) error) error {
	res := in.during()
	if err := row(duringLine{in.o.during.of, res.Slow, res.Rest}, nil); err != nil {
		return err
	}
	for _, r := range in.topRows(res.Rows) {
		if err := row(r, r.Fields()); err != nil {
			return err
		}
	}
	return nil
}
