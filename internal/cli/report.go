package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/near"
	recordings "github.com/gkhi/gkhi/internal/report"
)

const reportLong = `Report shows what is in a recording, which gkhi record wrote: a table of functions with their
calls and times, and the hits of hooks. FILE is gkhi.rec unless it is given.

TOTAL is the time in calls of a function, recursive ones once; SELF that without the calls of
other recorded functions in them. The percentiles are of single calls. Where events were lost
CALLS is exact all the same, and TOTAL and SELF (~) are told from the calls that are whole.

--calls shows who calls whom, --goroutines what each goroutine did, --timeline every call, as
it went. --during shows what else ran while calls of some functions were slow, and how often it
does so when they are not; GLOBs and --min-duration then choose what is looked for.

With --format the same recording becomes a file for other tools:

%s
html and svg are for a browser: on a terminal they are written to FILE.html and FILE.svg.

GLOBs choose functions and hooks, --min-duration calls that took long enough, --from and --to
those that began in a part of the recording, counted from its start, --goroutine those of one.
Calls that are not chosen are left out; times of the others stay as they are.

A recording that was cut off, as by a crash, is shown as far as it goes. Of a damaged one the
same is shown, and the exit code is 1. Recordings of any length take little memory.`

const reportExample = `  gkhi report                                    functions, by total time
  gkhi report kvd.rec '*store*' --sort p99       some of them, by their 99th percentile
  gkhi report --calls --top 10                   callers and callees
  gkhi report --timeline --min-duration 10ms     calls that took long, and when
  gkhi report --during '*.Put' --slower-than 5ms --top 20   what ran meanwhile
  gkhi report --format html                      a page, gkhi.rec.html
  gkhi report --format perfetto -o trace.pftrace   for ui.perfetto.dev
  gkhi report --format pprof -o prof && go tool pprof -http : prof
  gkhi report --json | jq 'select(.p99 > 1e6)'`

type reportOptions struct {
	format     string
	asJSON     bool
	calls      bool
	goroutines bool
	timeline   bool
	during     duringOptions
	sort       string
	top        uint64
	output     string
	least      time.Duration
	from, to   time.Duration
	goroutine  uint64
	short      bool
}

func newReport(e *env) *cobra.Command {
	o := reportOptions{format: "text", sort: "total"}
	cmd := &cobra.Command{
		Use:     "report [FILE] [GLOB...]",
		Short:   "show what is in a recording",
		Long:    fmt.Sprintf(reportLong, formatList()),
		Example: reportExample,
		GroupID: groupLook,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return e.report(cmd.Context(), args, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", o.format, "what to make of it, one of those above (default text)")
	f.BoolVar(&o.calls, "calls", false, "callers and callees of each function")
	f.BoolVar(&o.goroutines, "goroutines", false, "what each goroutine did")
	f.BoolVar(&o.timeline, "timeline", false, "every call, as it went")
	o.during.flags(cmd)
	f.StringVar(&o.sort, "sort", o.sort, "order: "+strings.Join(slices.Sorted(maps.Keys(recordings.Orders)), ", ")+" (default total)")
	f.Var(countValue{&o.top}, "top", "show only so many rows")
	partFlags(cmd, &o.least, &o.from, &o.to)
	f.Var(countValue{&o.goroutine}, "goroutine", "only calls of this goroutine")
	f.StringVarP(&o.output, "output", "o", "", "the file to write, in place of standard output")
	shortFlag(cmd, &o.short)
	jsonFlag(cmd, &o.asJSON)
	f.Lookup("format").DefValue, f.Lookup("sort").DefValue = "", "" // the lines would be too long
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatNames(), cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(slices.Sorted(maps.Keys(recordings.Orders)), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// partFlags adds the flags that choose calls by their times.
func partFlags(cmd *cobra.Command, least, from, to *time.Duration) {
	cmd.Flags().Var(durationValue{d: least}, "min-duration", "only calls that took so long at least")
	cmd.Flags().Var(durationValue{d: from}, "from", "only calls that began so long after the start, or later")
	cmd.Flags().Var(durationValue{d: to}, "to", "only calls that began earlier than so long after the start")
}

// must is for what fails only where a flag's name is misspelt.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// check finds what can't go together.
func (o *reportOptions) check() error {
	if o.asJSON {
		if o.format != "text" && o.format != "json" {
			return usagef("--json and --format %s: one of them", o.format)
		}
		o.format = "json"
	}
	f, ok := reportFormats[o.format]
	if !ok {
		err := usagef("--format %s: it is one of %s", o.format, strings.Join(formatNames(), ", "))
		if q := near.Question(o.format, formatNames()); q != "" {
			err = usagef("there is no format %q; %s", o.format, q)
		}
		return err
	}
	views := 0
	for _, on := range []bool{o.calls, o.goroutines, o.timeline, len(o.during.of) > 0} {
		if on {
			views++
		}
	}
	switch {
	case views > 1:
		return usagef("--calls, --goroutines, --timeline, --during: one of them")
	case len(o.during.of) > 0 && o.sort != "total":
		return usagef("--during has an order of its own: what --sort says is not for it")
	case views > 0 && !f.views:
		return usagef("--format %s has no --calls, --goroutines, --timeline or --during", o.format)
	case o.timeline && o.format == "csv":
		return usagef("--timeline is text or JSON")
	case recordings.Orders[o.sort] == nil:
		return usagef("--sort %s: it is one of %s", o.sort, strings.Join(slices.Sorted(maps.Keys(recordings.Orders)), ", "))
	case o.to > 0 && o.from >= o.to:
		return usagef("--from %v is not before --to %v", o.from, o.to)
	}
	return o.during.check()
}

// A reportInput is a recording that is being shown.
type reportInput struct {
	e    *env
	name string
	file io.Closer
	size int64
	in   io.Reader // the file, from its start
	r    *event.Reader
	o    reportOptions
	f    recordings.Filter

	names *draw.Names // by which functions are shown; nil for their full ones
	told  int         // so many functions names knows of

	out    recordings.Outcome
	walked bool
	err    error // of the recording
}

// walk reads the recording. Its error is kept, since what could be read is shown first.
func (in *reportInput) walk(v recordings.Visitor) recordings.Outcome {
	return in.walkedTo(recordings.Walk(in.r, in.f, v))
}

// walkedTo keeps what became of a walk, and finds out how long a recording is that was not read to its end.
func (in *reportInput) walkedTo(out recordings.Outcome, err error) recordings.Outcome {
	in.out, in.err, in.walked = out, err, true
	if out.Stopped {
		file, _ := in.file.(io.ReaderAt)
		in.out.Last = in.r.End(file, in.size)
	}
	return in.out
}

func (e *env) report(ctx context.Context, args []string, o reportOptions) error {
	name, globs := recordFile, args
	if len(args) > 0 {
		name, globs = args[0], args[1:]
	}
	set, err := glob.CompileSet(globs)
	if err != nil {
		return &usageError{err}
	}
	format := reportFormats[o.format]
	if format.whole && (len(globs) > 0 || o.least+o.from+o.to > 0 || o.goroutine > 0) {
		return usagef("--format %s takes no globs and no part of the recording", o.format)
	}
	named := o.output != ""
	if _, _, terminal := e.terminal(); terminal && !named {
		if format.binary {
			return usagef("--format %s is binary, and standard output is a terminal: give -o FILE", o.format)
		}
		if format.file != "" {
			o.output = name + format.file
		}
	}
	in, err := e.openRecording(ctx, name, o.output != "" || !o.timeline && o.format != "dump")
	if err != nil {
		return err
	}
	defer in.file.Close() //nolint:errcheck // it was read
	in.o = o
	in.names = shortNames(o.short)
	in.f = recordings.Filter{Names: set, Least: o.least, From: o.from, To: o.to, G: o.goroutine}
	if err := e.writeReport(in, format); err != nil {
		return err
	}
	if o.output != "" && !named {
		if _, err := fmt.Fprintln(e.out, o.output); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if in.walked {
		e.aboutRecording(in, aboutReport)
		for _, globs := range []glob.Set{o.during.set, set} {
			if in.err == nil {
				in.err = e.unmatched("report", globs, &in.r.Definitions)
			}
		}
	}
	if in.err != nil {
		return fmt.Errorf("%s: %w", name, in.err)
	}
	return nil
}

// writeReport writes to where it is wanted.
func (e *env) writeReport(in *reportInput, format reportFormat) error {
	if in.o.output == "" {
		return format.write(in, e.out)
	}
	file, err := os.OpenFile(in.o.output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // names and values may be secrets
	if err != nil {
		return err
	}
	if err := errors.Join(format.write(in, file), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", in.o.output, err)
	}
	return nil
}

// openRecording begins to read a recording, with a progress bar unless the bar would be among the output.
func (e *env) openRecording(ctx context.Context, name string, bar bool) (*reportInput, error) {
	file, size, err := e.open(name)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) && name == recordFile {
			return nil, fmt.Errorf("there is no %s here; gkhi record writes one, or name the file", recordFile)
		}
		if errors.Is(err, os.ErrNotExist) && strings.ContainsAny(name, "*?[") {
			return nil, fmt.Errorf("%w; globs come behind the file's name: %s %s", err, recordFile, name)
		}
		return nil, err
	}
	in := &reportInput{e: e, name: name, file: file, size: size, in: e.progress(ctx, file, name, size, bar)}
	return in, nil
}

// begin reads the recording's head.
func (in *reportInput) begin() error {
	r, err := event.NewReader(in.in)
	if err != nil {
		return fmt.Errorf("%s: %w", in.name, err)
	}
	in.r = r
	return nil
}
