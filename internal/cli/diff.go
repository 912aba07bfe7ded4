package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/glob"
	recordings "github.com/gkhi/gkhi/internal/report"
)

const diffLong = `Diff compares two recordings, as of a program before a change and after it: each function's
calls, total and own time and median, A → B, and by how much they grew. The greatest change of
total time comes first. A function that only one of them has is new, or gone.

Where the recordings differ in length by more than 5 %, calls and times are divided by it: then
they are per second. Times of single calls (P50, MAX, and what --sort asks for) never are.

GLOBs, --min-duration, --from and --to choose what is compared, as in gkhi report.

With --json each function is an object with a and b as gkhi report --json has them, and ratios.`

const diffExample = `  gkhi diff before.rec after.rec                 by change of total time
  gkhi diff before.rec after.rec '*store*' --sort p50
  gkhi diff before.rec after.rec --min-duration 1ms      calls that took long only
  gkhi diff before.rec after.rec --json | jq 'select(.ratio.p50 > 1.2)'`

type diffOptions struct {
	sort     string
	top      uint64
	least    time.Duration
	from, to time.Duration
	short    bool
	asJSON   bool
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
			if o.to > 0 && o.from >= o.to {
				return usagef("--from %v is not before --to %v", o.from, o.to)
			}
			return e.diff(cmd.Context(), args[0], args[1], args[2:], o)
		},
	}
	cmd.Flags().StringVar(&o.sort, "sort", o.sort, "order by change of: "+changeOrders())
	cmd.Flags().Lookup("sort").DefValue = "" // the line would be too long
	cmd.Flags().Var(countValue{&o.top}, "top", "show only so many rows")
	partFlags(cmd, &o.least, &o.from, &o.to)
	shortFlag(cmd, &o.short)
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
	var known []string // names in any of them
	for i, name := range []string{a, b} {
		in, err := e.openRecording(ctx, name, true)
		if err != nil {
			return err
		}
		defer in.file.Close() //nolint:errcheck // it was read
		if err := in.begin(); err != nil {
			return err
		}
		in.f = recordings.Filter{Names: set, Least: o.least, From: o.from, To: o.to}
		table := recordings.NewTable(in.r)
		out := in.walk(table.Visitor())
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		sides[i] = recordings.Side{Funcs: table.Funcs(out), Seconds: float64(out.To-out.From) / 1e9}
		for j := range in.r.Funcs {
			known = append(known, in.r.Funcs[j].Name)
		}
		known = append(known, in.r.Hooks...)
		e.aboutRecording(in, "diff: "+name+": ")
		if in.err != nil {
			damaged = errors.Join(damaged, fmt.Errorf("%s: %w", name, in.err))
		}
	}
	if err := e.idleGlobs("diff", "function or hook", set, known); err != nil {
		return errors.Join(damaged, err)
	}
	changes := recordings.ArrangeChanges(recordings.Compare(sides[0], sides[1]), o.sort, o.top)
	if len(changes) > 0 && changes[0].PerSecond {
		e.note("diff: they are of %s and %s: CALLS, TOTAL and SELF are per second",
			draw.Duration(int64(sides[0].Seconds*1e9)), draw.Duration(int64(sides[1].Seconds*1e9)))
	}
	if len(changes) == 0 && len(globs) > 0 {
		return errors.Join(damaged, errors.New("no function that matches was called"))
	}
	names := shortNames(o.short, known...)
	show := func(cs []recordings.Change) error { return e.diffTable(cs, o.sort, names) }
	if o.asJSON {
		show = e.diffJSON
	}
	return errors.Join(show(changes), damaged)
}
