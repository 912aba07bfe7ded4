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
)

const recordLong = `Record writes what functions and hooks of a process do to a file: each call with its time,
goroutine and CPU, each event of a hook with its fields. gkhi report shows it.

It arms the functions and hooks that match, and takes that back at the end: at Ctrl-C, after
-d, or when the process ends. The process never waits for gkhi; where events come too fast
some are lost, and the number is shown and written down. The file is complete up to
a moment ago at any time, also when gkhi or the process is killed.

With -- and a command after the globs it starts the command and records from before its first
instruction to its end. Without globs all functions and hooks are taken.

The file is gkhi.rec unless -o names another; the one before it is kept as gkhi.rec.old. It is
readable by its owner only.`

const recordExample = `  gkhi record server 'main.*' -d 10s           ten seconds of package main
  gkhi record kvd 'kvd.*' -o kvd.rec           the events of hooks, until Ctrl-C
  gkhi record 'main.*' -- ./server -addr :80   from the first instruction on
  gkhi report                                  what is in gkhi.rec`

// recordFile is where recordings go and come from by default.
const recordFile = "gkhi.rec"

type recordOptions struct {
	output   string
	duration time.Duration
	values   bool
	stacks   uint64
	asJSON   bool
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
	jsonFlag(cmd, &o.asJSON)
	return cmd
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
	file, err := createRecording(o.output)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // closed below where it matters
	ctx, cancel := limit(ctx, o.duration)
	defer cancel()
	r, err := s.Record(ctx, wire.RecordSpec{Patterns: globs, Values: o.values, Stacks: int(o.stacks)})
	if err != nil {
		os.Remove(file.Name()) //nolint:errcheck // it is empty
		return about(s, err)
	}
	defer r.Close()
	if err := e.matched(s, r.Matched(), "record"); err != nil {
		return err
	}
	begin()
	start := e.now()
	w := event.NewWriter(file)
	err = e.copyRecording(w, r, start)
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

// copyRecording copies until the recording ends, and shows on a terminal how far it is.
func (e *env) copyRecording(w *event.Writer, r recordStream, start time.Time) error {
	_, _, terminal := e.terminal()
	screen := draw.NewScreen(e.out, func() (int, int) { c, rows, _ := e.terminal(); return c, rows })
	buf := make([]byte, 256<<10)
	shown := start
	show := func() {
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
	}
	for {
		n, err := r.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return werr
		}
		if terminal {
			show()
		}
		if err != nil {
			if terminal {
				screen.Draw(nil) //nolint:errcheck // as above
			}
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
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
