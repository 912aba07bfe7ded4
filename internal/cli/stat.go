package cli

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/cli/meter"
	"github.com/gkhi/gkhi/internal/control/wire"
)

const statLong = `Stat counts the calls of hooks. Where a hook's event has a duration it shows latency
percentiles, else "-". It arms a handler of its own on each hook that matches, and takes
it away at the end.

On a terminal it shows a table that refreshes in place; in a pipe, lines at every
interval. CALLS counts from the beginning; RATE (calls a second) and the percentiles are
those of the interval. At the end, at Ctrl-C or after -d, it prints a row for each hook
that sums up the whole time, and exits with 0. If the process ends first, it exits with 1.

Of functions, which a program has that gkhi build made, CALLS is exact; TOTAL is the time spent
in calls and SELF that without the calls of other functions measured, in calls that returned in
the interval. Rows are those that were called, longest TOTAL first. Where calls come faster than
they can be timed, times are of those that were (~), and scaled to all.

With --hist it draws how the latencies are distributed: live on a terminal, at the end in
a pipe. Percentiles are read from buckets an eighth as wide as their value.

With --json each row is an object with time, hook, and calls; delta, seconds and rate of
the interval; p50, p90, p99, max, totalNs and selfNs in nanoseconds.
Rows of the summary have "total": true,
and with --hist their buckets, as pairs of lower bound and count.`

const statExample = `  gkhi stat kvd 'kvd.*'                    a live table until Ctrl-C
  gkhi stat kvd kvd.commit --hist          with the distribution of latencies
  gkhi stat server 'main.*' --top 20       functions, of a program that gkhi build made
  gkhi stat kvd 'kvd.*' -d 10s -i 10s      one row each, of ten seconds
  gkhi stat kvd 'kvd.*' -d 5s --json | jq 'select(.total)'`

type statOptions struct {
	duration time.Duration
	interval time.Duration
	hist     bool
	asJSON   bool
	sort     string
	top      uint64
	short    bool
}

func newStat(e *env) *cobra.Command {
	o := statOptions{interval: time.Second}
	cmd := &cobra.Command{
		Use:               "stat TARGET GLOB...",
		Short:             "count calls, and measure rates and latencies",
		Long:              statLong,
		Example:           statExample,
		GroupID:           groupLook,
		Args:              atLeast(theTarget, theGlob),
		ValidArgsFunction: e.completer(hookNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.sort != "" && meter.Orders[o.sort] == nil {
				return usagef("--sort %s: it is one of %s", o.sort, strings.Join(slices.Sorted(maps.Keys(meter.Orders)), ", "))
			}
			return e.stat(cmd.Context(), args[0], args[1:], o)
		},
	}
	cmd.Flags().VarP(durationValue{d: &o.interval, least: wire.MinInterval}, "interval", "i", "time between reports")
	cmd.Flags().BoolVar(&o.hist, "hist", false, "draw the distribution of latencies")
	cmd.Flags().StringVar(&o.sort, "sort", "", "order of rows: name, calls, total, self, p50, p99, max")
	cmd.Flags().Var(countValue{&o.top}, "top", "show only so many rows")
	durationFlag(cmd, &o.duration, "end after so long, as 5s")
	shortFlag(cmd, &o.short)
	jsonFlag(cmd, &o.asJSON)
	return cmd
}

func (e *env) stat(ctx context.Context, target string, globs []string, o statOptions) error {
	s, err := e.dial(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := limit(ctx, o.duration)
	defer cancel()
	start := e.now()
	t, _, err := askGlobs(e, s, "stat", globs, func(globs []string) (statStream, error) {
		return s.Stat(ctx, wire.StatSpec{Patterns: globs, Interval: int64(o.interval)})
	})
	if err != nil {
		return err
	}
	defer t.Close()
	if err := e.matched(s, t.Matched(), "stat"); err != nil {
		return err
	}
	names := shortNames(o.short)
	view := e.statView(label(s.Process()), o, names, t.Matched().Functions > 0)
	m := meter.New(start)
	for snap, streamErr := range t.Snapshots() {
		if err = streamErr; err != nil {
			break
		}
		for _, w := range snap.Rows {
			names.Add(w.Hook)
		}
		r := m.Add(snap)
		r.Arrange(o.sort, o.top)
		if err := view.interval(r); err != nil {
			return err
		}
	}
	total := m.Totals()
	if p := total.Untimed(); p >= 1 {
		defer e.note("stat: %.0f %% of calls came too fast to be timed, or did not return; TOTAL and SELF (~) are told from the others", p)
	}
	total.Arrange(o.sort, o.top)
	if o.hist && len(total.Rows) > 0 && !slices.ContainsFunc(total.Rows, func(w meter.Row) bool { return w.Latency != nil }) {
		e.note("stat: --hist has nothing to draw: no event here has a duration")
	}
	return errors.Join(view.final(total), streamError(s, t, err))
}

// A statView shows what a stat has counted.
type statView interface {
	interval(meter.Report) error // after each interval
	final(meter.Report) error    // once, at the end
}

func (e *env) statView(process string, o statOptions, names *draw.Names, functions bool) statView {
	_, _, terminal := e.terminal()
	switch {
	case o.asJSON:
		return &statJSON{e: e, buckets: o.hist}
	case terminal:
		return newStatScreen(e, process, o.hist, names)
	}
	return &statLines{e: e, names: names, hist: o.hist, least: o.interval / 2, timed: functions}
}
