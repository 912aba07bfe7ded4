package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/glob"
	recordings "github.com/gkhi/gkhi/internal/report"
)

const diffLong = `Diff compares two recordings, as of a program before a change and after it: each function's
calls, total and own time and median, A → B, and by how much they grew. The greatest change of
total time comes first. A function that only one of them has is new, or gone.

Where the recordings differ in length by more than 5 %, calls and times are divided by it: then
they are per second. Times of single calls (P50, and P99 with --sort p99) never are.

With --json each function is an object with a and b as gkhi report --json has them, and ratios.`

const diffExample = `  gkhi diff before.rec after.rec                 by change of total time
  gkhi diff before.rec after.rec '*store*' --sort p50
  gkhi diff before.rec after.rec --json | jq 'select(.ratio.p50 > 1.2)'`

type diffOptions struct {
	sort   string
	top    uint64
	asJSON bool
}

func newDiff(e *env) *cobra.Command {
	o := diffOptions{sort: "total"}
	cmd := &cobra.Command{
		Use:     "diff A B [GLOB...]",
		Short:   "compare two recordings",
		Long:    diffLong,
		Example: diffExample,
		GroupID: groupLook,
		Args:    atLeast("the first recording", "the second recording"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) < 2 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if recordings.ChangeOrders[o.sort] == nil {
				return usagef("--sort %s: it is one of %s", o.sort, changeOrders())
			}
			return e.diff(cmd.Context(), args[0], args[1], args[2:], o)
		},
	}
	cmd.Flags().StringVar(&o.sort, "sort", o.sort, "order by change of: "+changeOrders())
	cmd.Flags().Var(countValue{&o.top}, "top", "show only so many rows")
	jsonFlag(cmd, &o.asJSON)
	must(cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(slices.Sorted(maps.Keys(recordings.ChangeOrders)), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func changeOrders() string {
	return strings.Join(slices.Sorted(maps.Keys(recordings.ChangeOrders)), ", ")
}

func (e *env) diff(ctx context.Context, a, b string, globs []string, o diffOptions) error {
	set, err := glob.CompileSet(globs)
	if err != nil {
		return &usageError{err}
	}
	var sides [2]recordings.Side
	var damaged error
	for i, name := range []string{a, b} {
		in, err := e.openRecording(ctx, name, true)
		if err != nil {
			return err
		}
		defer in.file.Close() //nolint:errcheck // it was read
		if err := in.begin(); err != nil {
			return err
		}
		in.f.Names = set
		table := recordings.NewTable(in.r)
		out := in.walk(table.Visitor())
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		sides[i] = recordings.Side{Funcs: table.Funcs(out), Seconds: float64(out.End-out.Start) / 1e9}
		e.aboutRecording(in, "diff: "+name+": ")
		if in.err != nil {
			damaged = errors.Join(damaged, fmt.Errorf("%s: %w", name, in.err))
		}
	}
	changes := recordings.ArrangeChanges(recordings.Compare(sides[0], sides[1]), o.sort, o.top)
	if len(changes) > 0 && changes[0].PerSecond {
		e.note("diff: they are of %s and %s: CALLS, TOTAL and SELF are per second",
			draw.Duration(int64(sides[0].Seconds*1e9)), draw.Duration(int64(sides[1].Seconds*1e9)))
	}
	if len(changes) == 0 && len(globs) > 0 {
		return errors.Join(damaged, errors.New("no function that matches was called"))
	}
	show := func(cs []recordings.Change) error { return e.diffTable(cs, o.sort) }
	if o.asJSON {
		show = e.diffJSON
	}
	return errors.Join(show(changes), damaged)
}

func (e *env) diffTable(cs []recordings.Change, order string) error {
	if len(cs) == 0 {
		return nil
	}
	style := e.style()
	growth := func(cell string) string {
		switch text := strings.TrimSpace(cell); {
		case text == "new" || strings.HasPrefix(text, "×") && !strings.HasPrefix(text, "×0.") && text != "×1":
			return style.Bad(cell)
		case text != "" && text != "×1":
			return style.Good(cell)
		}
		return cell
	}
	t := &draw.Table{Title: style.Title, Columns: []draw.Column{{Title: "FUNCTION", Style: style.Name, Names: true}}}
	columns := e.diffColumns(order)
	for _, col := range columns {
		t.Columns = append(t.Columns, draw.Column{Title: col.title, Right: true}, draw.Column{Style: growth, Right: true})
	}
	for i := range cs {
		c := &cs[i]
		cells := []string{c.Name}
		for _, col := range columns {
			both := col.both(c)
			cells = append(cells, side(c.A, both[0], col)+" → "+side(c.B, both[1], col), factor(c, both))
		}
		t.Row(cells...)
	}
	return e.lines(t.Lines(e.columns()))
}

// A diffColumn is one figure of both recordings.
type diffColumn struct {
	title  string
	both   func(*recordings.Change) [2]float64
	write  func(float64) string
	scaled bool // it may be told from a part of the calls
}

// diffColumns are those that fit beside names that can still be read: a narrow terminal gets fewer.
// The one that rows are in the order of is among them.
func (e *env) diffColumns(order string) []diffColumn {
	all := []diffColumn{
		{"CALLS", func(c *recordings.Change) [2]float64 { return c.Calls }, amount, false},
		{"SELF", func(c *recordings.Change) [2]float64 { return c.Self }, duration, true},
		{"TOTAL", func(c *recordings.Change) [2]float64 { return c.Total }, duration, true},
		{"P50", func(c *recordings.Change) [2]float64 { return c.Quantile(0.5) }, duration, false},
	}
	if order == "p99" {
		all = append(all, diffColumn{"P99", func(c *recordings.Change) [2]float64 { return c.Quantile(0.99) }, duration, false})
	}
	const name, column = 30, 26
	n := len(all)
	if width := e.columns(); width > 0 {
		n = min(max((width-name)/column, 1), n)
	}
	return all[len(all)-n:]
}

// side writes a figure of one recording.
func side(f *recordings.Func, v float64, col diffColumn) string {
	switch {
	case f == nil:
		return "-"
	case col.scaled && f.Scaled:
		return "~" + col.write(v)
	}
	return col.write(v)
}

func duration(ns float64) string { return draw.Duration(int64(math.Round(ns))) }

// amount writes a number of calls, or of calls per second.
func amount(n float64) string {
	if n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return draw.Rate(n)
}

// factor writes by how much something grew.
func factor(c *recordings.Change, both [2]float64) string {
	switch r, ok := ratio(both); {
	case c.A == nil:
		return "new"
	case c.B == nil:
		return "gone"
	case !ok:
		return ""
	case r >= 0.995 && r < 1.005:
		return "×1"
	default:
		prec := 2
		if r >= 99.5 {
			prec = 0
		}
		return "×" + strconv.FormatFloat(r, 'f', prec, 64)
	}
}

func ratio(both [2]float64) (float64, bool) {
	if both[0] == 0 {
		return 1, both[1] == 0
	}
	return both[1] / both[0], true
}

// A diffLine is a function as --json prints it.
type diffLine struct {
	Function  string              `json:"function"`
	A         *recordings.FuncRow `json:"a,omitempty"`
	B         *recordings.FuncRow `json:"b,omitempty"`
	PerSecond bool                `json:"perSecond,omitempty"` // the ratios of calls, totalNs and selfNs are of that
	Ratio     *diffRatio          `json:"ratio,omitempty"`     // b to a; missing where one of them is
}

type diffRatio struct {
	Calls   *float64 `json:"calls,omitempty"`
	TotalNS *float64 `json:"totalNs,omitempty"`
	SelfNS  *float64 `json:"selfNs,omitempty"`
	P50     *float64 `json:"p50,omitempty"`
	P99     *float64 `json:"p99,omitempty"`
}

func (e *env) diffJSON(cs []recordings.Change) error {
	for i := range cs {
		c := &cs[i]
		line := diffLine{Function: c.Name, PerSecond: c.PerSecond}
		if c.A != nil {
			r := c.A.Row()
			line.A = &r
		}
		if c.B != nil {
			r := c.B.Row()
			line.B = &r
		}
		if c.A != nil && c.B != nil {
			line.Ratio = &diffRatio{
				Calls: ratioOrNil(c.Calls), TotalNS: ratioOrNil(c.Total), SelfNS: ratioOrNil(c.Self),
				P50: ratioOrNil(c.Quantile(0.5)), P99: ratioOrNil(c.Quantile(0.99)),
			}
		}
		if err := e.object(line); err != nil {
			return err
		}
	}
	return nil
}

func ratioOrNil(both [2]float64) *float64 {
	if r, ok := ratio(both); ok {
		return &r
	}
	return nil
}
