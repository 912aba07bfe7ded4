package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/meter"
	"github.com/gkhi/gkhi/internal/cli/top"
	"github.com/gkhi/gkhi/internal/control/wire"
)

const topLong = `Top shows on the whole screen what functions and hooks of a process do: how often they are
called, how long they take, and who calls whom. Press ? for the keys.

Without globs it arms the declared hooks and, of a program that gkhi build made, the
functions of package main. A function costs something at each call while it is armed, so no
more than --max are; a and d arm and disarm functions, p those that match other globs.
When top ends, however it ends, the process is as it was.

CALLS/S, times and percentiles are of the last interval; t shows them since functions were
armed. CALLS counts from the beginning. TOTAL is the time spent in calls, TOTAL% its share of
all time measured, and SELF that without the calls of other functions measured.
Enter shows the callers and callees of a function; it records calls while it is shown.

In a pipe, with --batch or with --json it prints a table or JSON at every interval
instead, until Ctrl-C or -n of them. JSON is that of gkhi stat.`

const topExample = `  gkhi top kvd                            hooks, and functions of package main
  gkhi top server '*server.(*client).*'   the methods of a type
  gkhi top kvd -b -n 3 -d 10s             three tables, of ten seconds each
  gkhi top server --sort p99 -b --top 10 -n 1`

// topMost is how many functions are armed unless --max says otherwise.
const topMost = 500

type topOptions struct {
	interval   time.Duration
	iterations uint64
	batch      bool
	asJSON     bool
	cumulated  bool
	reverse    bool
	sort       string
	top, most  uint64
	short      bool
}

func newTop(e *env) *cobra.Command {
	o := topOptions{interval: time.Second, most: topMost}
	var column int
	cmd := &cobra.Command{
		Use:               "top TARGET [GLOB...]",
		Short:             "watch functions and hooks live, on the whole screen",
		Long:              topLong,
		Example:           topExample,
		GroupID:           groupLook,
		Args:              atLeast(theTarget),
		ValidArgsFunction: e.completer(hookNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if column = top.ColumnNamed(o.sort); column < 0 {
				var keys []string
				for _, c := range top.Columns {
					keys = append(keys, c.Key)
				}
				return usagef("--sort %s: it is one of %s", o.sort, strings.Join(keys, ", "))
			}
			return e.top(cmd.Context(), args[0], args[1:], column, o)
		},
	}
	interval := durationValue{d: &o.interval, least: wire.MinInterval}
	cmd.Flags().VarP(interval, "delay", "d", "time between updates")
	cmd.Flags().VarP(interval, "interval", "i", "the same, as gkhi stat has it")
	cmd.Flags().VarP(countValue{&o.iterations}, "iterations", "n", "end after so many updates; implies --batch")
	cmd.Flags().BoolVarP(&o.batch, "batch", "b", false, "print tables, also on a terminal")
	cmd.Flags().StringVar(&o.sort, "sort", "total", "order of rows, by column: rate, share, p99 …")
	cmd.Flags().BoolVarP(&o.reverse, "reverse", "r", false, "the other way round")
	cmd.Flags().Var(countValue{&o.top}, "top", "print only so many rows")
	cmd.Flags().Var(countValue{&o.most}, "max", "arm at most so many functions")
	cmd.Flags().BoolVarP(&o.cumulated, "cumulated", "c", false, "show figures since functions were armed")
	shortFlag(cmd, &o.short)
	jsonFlag(cmd, &o.asJSON)
	return cmd
}

func (e *env) top(ctx context.Context, target string, globs []string, column int, o topOptions) error {
	s, err := e.dial(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	proc := topProcess{session: s, e: e}
	order := top.Order{Column: column, Reverse: o.reverse, Most: int(min(o.top, math.MaxInt32))}
	most := int(min(o.most, math.MaxInt32))
	if _, _, terminal := e.terminal(); !terminal || o.batch || o.asJSON || o.iterations > 0 {
		return e.topBatch(ctx, proc, globs, order, most, o)
	}
	st, err := s.Status(ctx)
	if err != nil {
		return about(s, err)
	}
	m := top.NewModel(top.Config{
		Label: label(s.Process()), Interval: o.interval, Zone: e.zone, Functions: st.Functions,
		Started: e.now().Add(-time.Duration(st.Uptime)), Sort: column, Reverse: o.reverse, Cumulated: o.cumulated, Short: o.short,
	})
	screen, err := tcell.NewScreen()
	if err != nil {
		return fmt.Errorf("the terminal can't be used: %w; --batch prints tables", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	engine := top.NewEngine(ctx, proc, o.interval, most, e.now)
	if err := engine.Do(top.Command{Op: top.OpPattern, Names: globs}); err != nil {
		cancel()
		return err
	}
	err = top.Run(ctx, screen, m, engine, e.getenv("NO_COLOR") == "", e.now)
	cancel()
	if err == nil && m.Err() != nil {
		err = about(s, m.Err())
	}
	return err
}

// topBatch prints a table at every interval.
func (e *env) topBatch(ctx context.Context, p topProcess, globs []string, order top.Order, most int, o topOptions) error {
	sel, err := top.Choose(ctx, p, globs, most)
	if err != nil {
		return about(p.session, err)
	}
	if sel.Note != "" {
		e.note("top: %s", sel.Note)
	}
	if len(sel.Patterns) == 0 {
		return about(p.session, errors.New("there is nothing to arm: name functions with a glob"))
	}
	start := e.now()
	t, err := p.session.Stat(ctx, wire.StatSpec{Patterns: sel.Patterns, Interval: int64(o.interval)})
	if err != nil {
		return about(p.session, err)
	}
	defer t.Close()
	if err := e.matched(p.session, t.Matched(), "top"); err != nil {
		return err
	}
	var names []string
	for _, h := range top.Counted(sel.Hooks, t.Matched()) {
		names = append(names, h.Name)
	}
	book, rates := top.NewBook(o.interval), meter.New(start)
	book.Begin(start, names)
	process, printed := label(p.session.Process()), uint64(0)
	for snap, streamErr := range t.Snapshots() {
		if err = streamErr; err != nil {
			break
		}
		if !book.Add(snap) {
			continue
		}
		if o.asJSON {
			r := rates.Add(snap)
			order.Sort(&r)
			err = (&statJSON{e: e}).interval(r)
		} else {
			lines := book.Lines(process, e.zone, o.cumulated, order, shortNames(o.short, names...), e.style())
			if printed > 0 {
				lines = append([]string{""}, lines...)
			}
			err = e.lines(lines)
		}
		if err != nil {
			return err
		}
		if printed++; printed == o.iterations {
			return nil
		}
	}
	return streamError(p.session, t, err)
}

// topProcess gives a session the form that package top asks for.
type topProcess struct {
	session
	e *env
}

func (p topProcess) Stat(ctx context.Context, spec wire.StatSpec) (top.Stat, error) {
	return p.session.Stat(ctx, spec)
}

// Record uses a connection of its own, which ends with the recording.
func (p topProcess) Record(ctx context.Context, spec wire.RecordSpec) (top.Recording, error) {
	s, err := p.e.procs.Dial(ctx, p.Process().Target())
	if err != nil {
		return nil, err
	}
	r, err := s.Record(ctx, spec)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return topRecording{r, s}, nil
}

type topRecording struct {
	recordStream
	s session
}

func (r topRecording) Close() error { return r.s.Close() }
