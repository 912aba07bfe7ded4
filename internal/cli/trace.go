package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
)

const traceLong = `Trace prints the events of hooks as they happen, a line each: the time, the hook, and the
event's fields. It arms a handler of its own on each hook that matches, which runs before
most of the program's own, and takes it away at the end.

It runs until Ctrl-C, or until -n or -d says so, prints how many events there were, and
exits with 0. If the process ends first, it exits with 1.

The process never waits for gkhi. Where events come faster than they are taken, some are
dropped; a line says how many, at the place where they are missing. On a busy hook
--sample 100 takes one event in a hundred.

With --json each event is an object with time, hook and fields; drops are objects with
"dropped", and the last object has "end". Durations are in nanoseconds.`

const traceExample = `  gkhi trace kvd kvd.commit                events until Ctrl-C
  gkhi trace kvd 'kvd.re*' kvd.put -n 20   the next 20
  gkhi trace 4242 '*' -d 5s --json | jq .  all that happens within 5 seconds`

type traceOptions struct {
	max       uint64
	sample    uint64
	goroutine bool
	duration  time.Duration
	asJSON    bool
	short     bool
	toEnd     bool // the process is expected to end
}

func newTrace(e *env) *cobra.Command {
	var o traceOptions
	cmd := &cobra.Command{
		Use:               "trace TARGET GLOB...",
		Short:             "print the events of hooks as they happen",
		Long:              traceLong,
		Example:           traceExample,
		GroupID:           groupLook,
		Args:              atLeast(theTarget, theGlob),
		ValidArgsFunction: e.completer(hookNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.trace(cmd.Context(), args[0], args[1:], o)
		},
	}
	cmd.Flags().VarP(countValue{&o.max}, "max", "n", "end after so many events")
	cmd.Flags().Var(countValue{&o.sample}, "sample", "take one event in so many")
	cmd.Flags().BoolVarP(&o.goroutine, "goroutine", "g", false, "show the goroutine's id (costs about a microsecond an event)")
	durationFlag(cmd, &o.duration, "end after so long, as 5s")
	shortFlag(cmd, &o.short)
	jsonFlag(cmd, &o.asJSON)
	return cmd
}

func (e *env) trace(ctx context.Context, target string, globs []string, o traceOptions) error {
	ctx, cancel := limit(ctx, o.duration)
	defer cancel()
	return e.traceTo(ctx, e.out, target, globs, o, func() {})
}

// traceTo traces to w, and calls began when what is asked for is armed, or can't be.
func (e *env) traceTo(ctx context.Context, w io.Writer, target string, globs []string, o traceOptions, began func()) error {
	begin := sync.OnceFunc(began)
	defer begin()
	s, err := e.dial(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	types, err := askDurations(ctx, s)
	if err != nil {
		return about(s, err)
	}
	start := e.now()
	t, globs, err := askGlobs(e, s, "trace", globs, func(globs []string) (traceStream, error) {
		return s.Trace(ctx, wire.TraceSpec{Patterns: globs, Max: o.max, Sample: o.sample, Goroutine: o.goroutine})
	})
	if err != nil {
		return err
	}
	defer t.Close()
	if err := e.matched(s, t.Matched(), "trace"); err != nil {
		return err
	}
	begin()
	names := shortNames(o.short)
	if o.short { // all of them, or one could be shown before another of that name is known
		hooks, err := s.Hooks(ctx, globs...)
		if err != nil {
			return about(s, err)
		}
		for _, h := range hooks {
			names.Add(h.Name)
		}
	}
	p := &tracePrinter{e: e, w: bufio.NewWriterSize(w, 64<<10), style: e.style(), asJSON: o.asJSON, names: names, types: types}
	p.calls = callTree{w: p.w, style: p.style}
	p.column(t.Matched().Hooks)
	err = p.print(t)
	took := e.now().Sub(start)
	if end := t.End(); o.toEnd && err == nil && end != nil && end.Reason == wire.EndStopped {
		return p.end(t, took)
	}
	return errors.Join(p.end(t, took), streamError(s, t, err))
}

// matched says what a stream looks at and what it had to leave out. To be left with nothing is an error.
func (e *env) matched(s session, m wire.Matched, verb string) error {
	for _, skip := range m.Skipped {
		e.note("%s: %s is left out: %s", verb, skip.Name, skip.Why)
	}
	var what []string
	if n := len(m.Hooks); n > 0 {
		what = append(what, draw.Plural(n, "hook"))
	}
	if m.Functions > 0 {
		what = append(what, draw.Plural(m.Functions, "function"))
	}
	if len(what) == 0 {
		return fmt.Errorf("%s: no hook is left for %s", label(s.Process()), verb)
	}
	e.note("%s: %s of %s; Ctrl-C ends it", verb, strings.Join(what, " and "), label(s.Process()))
	return nil
}

// streamError returns the error with which a stream's command ends. What the user wanted is none; that the process went away is one.
func streamError(s session, t stream, err error) error {
	if err != nil {
		return about(s, err)
	}
	if end := t.End(); end != nil {
		if end.Warning != "" {
			return about(s, errors.New(end.Warning))
		}
		if end.Reason == wire.EndStopped {
			return about(s, errors.New("the process has stopped serving"))
		}
	}
	return nil
}

// A tracePrinter prints the events of one trace.
type tracePrinter struct {
	e      *env
	w      *bufio.Writer
	style  draw.Style
	asJSON bool
	names  *draw.Names
	types  durations

	calls   callTree
	width   int // of the hooks' column
	dropped uint64
	events  uint64
}

// widest is the most columns that hooks' names get, or one long name would push all fields off the screen.
const widest = 40

func (p *tracePrinter) column(hooks []string) {
	for _, h := range hooks {
		p.width = min(max(p.width, draw.Width(draw.Safe(p.names.Of(h)))), widest)
	}
}

// print prints events until the stream ends. Lines are written when no further event is at hand, so that a fast
// stream costs few writes and a slow one shows at once.
func (p *tracePrinter) print(t traceStream) error {
	type item struct {
		ev      wire.Event
		dropped uint64 // before it
		err     error
	}
	items := make(chan item, 1024)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(items)
		for ev, err := range t.Events() {
			select {
			case items <- item{ev, t.Dropped(), err}:
			case <-stop:
				return
			}
		}
	}()
	ticker := time.NewTicker(showEntries)
	defer ticker.Stop()
	for {
		var it item
		var more bool
		select {
		case it, more = <-items:
		case <-ticker.C:
			p.calls.idle()
			if err := p.w.Flush(); err != nil {
				return err
			}
			continue
		}
		if !more {
			break
		}
		if it.err != nil {
			return errors.Join(p.w.Flush(), it.err)
		}
		if err := p.drops(it.dropped); err != nil {
			return err
		}
		if err := p.event(it.ev); err != nil {
			return err
		}
		if len(items) == 0 {
			if err := p.w.Flush(); err != nil {
				return err
			}
		}
	}
	p.calls.end()
	return errors.Join(p.drops(t.Dropped()), p.w.Flush())
}

// showEntries is how long the entry of a function waits to see whether its end comes next.
const showEntries = 200 * time.Millisecond

// An eventLine is an event as --json prints it.
type eventLine struct {
	Time   string     `json:"time"`
	Hook   string     `json:"hook"`
	G      uint64     `json:"g,omitempty"`
	Fields wire.Raw   `json:"fields,omitempty"`
	Call   *wire.Call `json:"call,omitempty"`
}

func (p *tracePrinter) event(ev wire.Event) error {
	p.events++
	if p.asJSON {
		return p.object(eventLine{jsonTime(time.Unix(0, ev.Time)), ev.Hook, ev.G, ev.Fields, ev.Call})
	}
	if ev.Call != nil {
		p.calls.add(treeEvent{
			at: ev.Time, g: ev.G, name: p.names.Of(ev.Hook), entry: ev.Call.Entry, level: ev.Call.Level, took: ev.Call.Took, unwound: ev.Call.Unwound,
		})
		return nil
	}
	at := time.Unix(0, ev.Time).In(p.e.zone)
	hook := draw.Safe(p.names.Of(ev.Hook))
	line := p.style.Faint(at.Format("15:04:05.000000")) + "  " + p.style.Name(hook)
	rest := formatFields(ev.Fields, p.types[ev.Hook])
	if ev.G != 0 {
		rest = strings.TrimSuffix("g="+strconv.FormatUint(ev.G, 10)+" "+rest, " ")
	}
	if rest != "" {
		line += strings.Repeat(" ", max(p.width-draw.Width(hook), 0)) + "  " + rest
	}
	p.w.WriteString(line)
	return p.w.WriteByte('\n') // a bufio.Writer keeps its first error
}

func (p *tracePrinter) object(v any) error {
	line, err := jsonLine(v)
	if err != nil {
		return err
	}
	_, err = p.w.Write(line)
	return err
}

// drops says how many events are missing here.
func (p *tracePrinter) drops(total uint64) error {
	if total <= p.dropped {
		return nil
	}
	n := total - p.dropped
	p.dropped = total
	if p.asJSON {
		return p.object(struct {
			Dropped uint64 `json:"dropped"`
		}{n})
	}
	_, err := fmt.Fprintln(p.w, p.style.Warn(fmt.Sprintf("--- %s dropped here ---", draw.Plural(n, "event"))))
	return err
}

// end prints the summary.
func (p *tracePrinter) end(t stream, took time.Duration) error {
	reason := "broken"
	if end := t.End(); end != nil {
		reason = end.Reason
	}
	if p.asJSON {
		if err := p.object(struct {
			End     string  `json:"end"`
			Events  uint64  `json:"events"`
			Dropped uint64  `json:"dropped"`
			Seconds float64 `json:"seconds"`
		}{reason, p.events, p.dropped, took.Seconds()}); err != nil {
			return err
		}
		return p.w.Flush()
	}
	text := fmt.Sprintf("%s in %s", draw.Plural(p.events, "event"), draw.Duration(int64(took)))
	if p.dropped > 0 {
		text += fmt.Sprintf(", %d dropped; fewer hooks or --sample drop less", p.dropped)
	}
	p.e.note("%s", text)
	return nil
}
