package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report/sift"
)

const recordLong = `Record writes what functions and hooks of a process do to a file: each call with its time,
goroutine and CPU, each event of a hook with its fields. gkhi report shows it.

It arms the functions and hooks that match, and takes that back at the end: at Ctrl-C, after
-d, or when the process ends. The process never waits for gkhi; where events come too fast
some are lost, and the number is shown and written down. The file is complete up to
a moment ago at any time, also when gkhi or the process is killed.

With --args arguments and results are written down too, numbers as they are, of strings and
slices the lengths: where the compiler's debug information tells where they are. With --stack
who called, also functions that are not recorded.

--min-duration leaves short calls out of the file. --flight keeps what happened last in
memory and writes it when it is wanted: when Enter is pressed, at a signal USR1, at the end,
and with --when whenever a call took longer than that, or a hook fired.

With -- and a command after the globs it starts the command and records from before its first
instruction to its end. Without globs all functions and hooks are taken.

The file is gkhi.rec unless -o names another; the one before it is kept as gkhi.rec.old. It is
readable by its owner only.`

const recordExample = `  gkhi record server 'main.*' -d 10s           ten seconds of package main
  gkhi record kvd 'kvd.*' -o kvd.rec           the events of hooks, until Ctrl-C
  gkhi record 'main.*' -- ./server -addr :80   from the first instruction on
  gkhi record server 'main.*' --min-duration 1ms --args      calls that took long
  gkhi record server 'main.*' --flight 64MiB --when 'main.Get>100ms'
  gkhi report                                  what is in gkhi.rec`

// recordFile is where recordings go and come from by default.
const recordFile = "gkhi.rec"

type recordOptions struct {
	output   string
	duration time.Duration
	values   bool
	stacks   uint64
	asJSON   bool
	least    time.Duration // of calls
	flight   int           // bytes; 0: all is written
	when     []string
	triggers []trigger
	dumps    uint64
	toEnd    bool // the process is expected to end
}

func newRecord(e *env) *cobra.Command {
	o := recordOptions{}
	cmd := &cobra.Command{
		Use:               "record TARGET GLOB... | record [GLOB...] -- COMMAND...",
		Short:             "write what functions and hooks do to a file",
		Long:              recordLong,
		Example:           recordExample,
		GroupID:           groupLook,
		ValidArgsFunction: e.completer(hookNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if n := cmd.ArgsLenAtDash(); n >= 0 {
				return e.recordCommand(cmd.Context(), args[:n], args[n:], o)
			}
			if err := atLeast(theTarget, theGlob)(cmd, args); err != nil {
				return err
			}
			return e.record(cmd.Context(), args[0], args[1:], o, func() {})
		},
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "the file to write (default "+recordFile+")")
	durationFlag(cmd, &o.duration, "end after so long, as 10s")
	cmd.Flags().BoolVar(&o.values, "args", false, "with arguments and results")
	cmd.Flags().Var(countValue{&o.stacks}, "stack", "with so many callers of each call, 16 unless given")
	cmd.Flags().Lookup("stack").NoOptDefVal = "16"
	cmd.Flags().Var(durationValue{d: &o.least}, "min-duration", "leave out calls that took less, as 1ms")
	cmd.Flags().Var(sizeValue{&o.flight}, "flight", "keep the last part, as 64MiB, until it is wanted")
	cmd.Flags().Var(listValue{&o.when}, "when", "with --flight: write it at a call, 'main.Get>100ms', or a hook")
	cmd.Flags().Var(countValue{&o.dumps}, "dumps", "with --flight: end after so many files")
	jsonFlag(cmd, &o.asJSON)
	return cmd
}

// check looks at what flags have to do with each other.
func (o *recordOptions) check() error {
	switch {
	case o.flight == 0 && (len(o.when) > 0 || o.dumps > 0):
		return usagef("--when and --dumps are for --flight")
	case o.flight > 0 && o.least > 0:
		return usagef("--flight keeps all calls; give --min-duration to gkhi report")
	case o.flight > 0 && o.asJSON:
		return usagef("--json is not for --flight")
	}
	for _, text := range o.when {
		t, err := parseTrigger(text)
		if err != nil {
			return usagef("--when %s: %v", text, err)
		}
		o.triggers = append(o.triggers, t)
	}
	return nil
}

// recordCommand starts a command and records it.
func (e *env) recordCommand(ctx context.Context, globs, command []string, o recordOptions) error {
	if len(command) == 0 {
		return usagef("a command is missing behind --")
	}
	if len(globs) == 0 {
		globs = []string{"*"}
	}
	var first sync.Once
	o.toEnd = true
	return e.fromStart(ctx, func(ctx context.Context, target string, letGo func()) error {
		mine := o
		isFirst := false
		first.Do(func() { isFirst = true })
		if !isFirst { // of another process that the command started
			mine.output = cmpOr(o.output, recordFile) + "." + target
		}
		return e.record(ctx, target, globs, mine, letGo)
	}, func(env string) error {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = e.in, e.out.w, e.err
		cmd.Env = append(os.Environ(), env)
		return goError(runUntil(ctx, cmd))
	})
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// record records a target to a file. It calls began when what is asked for is armed, or can't be.
func (e *env) record(ctx context.Context, target string, globs []string, o recordOptions, began func()) error {
	begin := sync.OnceFunc(began)
	defer begin()
	s, err := e.dial(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	if o.flight > 0 {
		return e.recordFlight(ctx, s, globs, o, begin)
	}
	ctx, cancel := limit(ctx, o.duration)
	defer cancel()
	r, _, err := askGlobs(e, s, "record", globs, func(globs []string) (recordStream, error) {
		return s.Record(ctx, wire.RecordSpec{Patterns: globs, Values: o.values, Stacks: int(o.stacks)})
	})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := e.matched(s, r.Matched(), "record"); err != nil {
		return err
	}
	file, err := createRecording(o.output) // not before: one that is there stays if nothing can be recorded
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // closed below where it matters
	begin()
	start := e.now()
	w := event.NewWriter(file)
	err = e.copyRecording(w, r, o.least, start)
	if err := errors.Join(w.Close(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file.Name(), err)
	}
	if err := e.recorded(file.Name(), w, r.Dropped(), e.now().Sub(start), o.asJSON); err != nil {
		return err
	}
	if end := r.End(); o.toEnd && (end == nil || end.Reason == wire.EndStopped) {
		return nil
	}
	return streamError(s, r, err)
}

// recorded says what was recorded.
func (e *env) recorded(name string, w *event.Writer, dropped uint64, took time.Duration, asJSON bool) error {
	if asJSON {
		return e.object(struct {
			File    string  `json:"file"`
			Events  uint64  `json:"events"`
			Lost    uint64  `json:"lost"`
			Bytes   int64   `json:"bytes"`
			Seconds float64 `json:"seconds"`
		}{name, w.Events(), dropped, w.Offset(), took.Seconds()})
	}
	lost := ""
	if dropped > 0 {
		lost = fmt.Sprintf(", %d lost: fewer functions lose less", dropped)
	}
	e.note("%s: %s in %s, %s%s", name, draw.Plural(w.Events(), "event"), draw.Duration(int64(took)), draw.Bytes(w.Offset()), lost)
	return nil
}

// copyRecording copies until the recording ends, without calls that took less than least, and shows on a terminal how far it is.
func (e *env) copyRecording(w *event.Writer, r recordStream, least time.Duration, start time.Time) error {
	var from io.Reader = r
	if _, _, terminal := e.terminal(); terminal {
		screen := draw.NewScreen(e.out, func() (int, int) { c, rows, _ := e.terminal(); return c, rows })
		shown := start
		from = &noticed{r, func() {
			now := e.now()
			if now.Sub(shown) < progressEvery {
				return
			}
			shown = now
			line := fmt.Sprintf("%s  %s  %s", draw.Age(now.Sub(start)), draw.Plural(w.Events(), "event"), draw.Bytes(w.Offset()))
			if lost := r.Dropped(); lost > 0 {
				line += fmt.Sprintf("  %d lost", lost)
			}
			screen.Draw([]string{line}) //nolint:errcheck // e.out keeps its first error
		}}
		defer screen.Draw(nil) //nolint:errcheck // as above
	}
	if least > 0 {
		return sift.Copy(w, from, least)
	}
	_, err := io.CopyBuffer(w, from, make([]byte, 256<<10))
	return err
}

// A noticed reader tells of each read.
type noticed struct {
	io.Reader
	notice func()
}

func (n *noticed) Read(p []byte) (int, error) {
	n.notice()
	return n.Reader.Read(p)
}

// progressEvery is how often the progress of a recording is shown.
const progressEvery = 250 * time.Millisecond

// createRecording creates the file of a recording. A file that is there is replaced if it is a recording;
// the default one is kept under another name.
func createRecording(name string) (*os.File, error) {
	if name == "" {
		name = recordFile
		if err := os.Rename(name, name+".old"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	if f, err := os.Open(name); err == nil {
		magic := make([]byte, len(event.Magic))
		n, _ := io.ReadFull(f, magic)
		info, err := f.Stat()
		f.Close() //nolint:errcheck // it was read
		if err == nil && info.Mode().IsRegular() && info.Size() > 0 && string(magic[:n]) != event.Magic {
			return nil, fmt.Errorf("%s is there and is no recording; choose another name with -o, or remove it", name)
		}
	}
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
}
