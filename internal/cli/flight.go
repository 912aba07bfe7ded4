package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
)

// sizeValue is a flag for a number of bytes: 64MiB, 512K, 1G.
type sizeValue struct{ n *int }

func (v sizeValue) String() string {
	if v.n == nil || *v.n == 0 {
		return ""
	}
	return strconv.Itoa(*v.n)
}

func (sizeValue) Type() string { return "size" }

func (v sizeValue) Set(text string) error {
	digits := strings.TrimRight(text, "KMGiBkmb")
	n, err := strconv.Atoi(digits)
	shift, ok := map[string]int{"": 0, "B": 0, "K": 10, "KiB": 10, "M": 20, "MiB": 20, "G": 30, "GiB": 30}[text[len(digits):]]
	if err != nil || !ok || n <= 0 || n > 64<<30>>shift {
		return errors.New("a size such as 64MiB is needed")
	}
	*v.n = n << shift
	return nil
}

// afterTrigger is how long a flight recording goes on after what triggered it, so that it shows what came of it.
const afterTrigger = 300 * time.Millisecond

// recordFlight records a target in memory, and writes files when they are asked for.
func (e *env) recordFlight(ctx context.Context, s session, globs []string, o recordOptions, began func()) error {
	types, err := askDurations(ctx, s)
	if err != nil {
		return about(s, err)
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
	began()
	ways := "a signal USR1 to process " + strconv.Itoa(os.Getpid())
	if _, _, terminal := e.terminal(); terminal {
		ways = "Enter, or " + ways
	}
	e.note("record: the last %s are kept; %s has them written", draw.Bytes(int64(o.flight)), ways)
	err = e.flight(ctx, r, o, types, func(n int) string {
		name := cmpOr(o.output, recordFile)
		if n == 1 && o.output == "" {
			return "" // the one before it is kept
		}
		if n == 1 {
			return name
		}
		ext := filepath.Ext(name)
		return fmt.Sprintf("%s.%d%s", strings.TrimSuffix(name, ext), n, ext)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	if end := r.End(); o.toEnd && (end == nil || end.Reason == wire.EndStopped) {
		return nil
	}
	return streamError(s, r, err)
}

// flight keeps the last part of the recording r in memory, and writes it to a file of its own each time when a trigger fires, the
// user presses Enter, or a signal comes, and when it ends. name returns the name of the n-th file.
func (e *env) flight(ctx context.Context, r io.Reader, o recordOptions, types durations, name func(n int) string) error {
	kept := event.NewFlight(o.flight)
	demands := make(chan string, 1)
	demand := func(why string) {
		select {
		case demands <- why:
		default: // one waits
		}
	}
	stop := e.askedFor(ctx, demand)
	defer stop()
	pieces := make(chan []byte, 16)
	failed := make(chan error, 1)
	go func() {
		defer close(pieces)
		for {
			buf := make([]byte, 256<<10)
			n, err := r.Read(buf)
			if n > 0 {
				pieces <- buf[:n]
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	watched, toWatch := io.Pipe()
	if len(o.triggers) > 0 {
		w := watch{triggers: o.triggers, types: types, fired: demand}
		go func() {
			watched.CloseWithError(w.run(watched)) //nolint:errcheck // never fails
		}()
		defer toWatch.Close() //nolint:errcheck // as above
	}
	n, why := 0, ""
	var due <-chan time.Time
	for {
		select {
		case p, more := <-pieces:
			if !more {
				err := <-failed
				if err == io.EOF {
					err = nil
				}
				return errors.Join(e.writeFlight(kept, name(n+1), "the end"), err)
			}
			if _, err := kept.Write(p); err != nil {
				return err
			}
			if len(o.triggers) > 0 {
				if _, err := toWatch.Write(p); err != nil {
					return fmt.Errorf("watch for %v: %w", o.when, err)
				}
			}
		case why = <-demands:
			if due == nil {
				due = time.After(afterTrigger)
			}
		case <-due:
			due = nil
			n++
			if err := e.writeFlight(kept, name(n), why); err != nil {
				return err
			}
			if o.dumps > 0 && uint64(n) >= o.dumps {
				return errEnough
			}
		}
	}
}

// errEnough says that as many files were written as were asked for.
var errEnough = errors.New("enough")

func (e *env) writeFlight(kept *event.Flight, name, why string) error {
	file, err := createRecording(name)
	if err != nil {
		return err
	}
	w := event.NewWriter(file)
	_, err = kept.WriteTo(w)
	if err == nil {
		err = w.Close()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file.Name(), err)
	}
	e.note("%s: %d events, for %s", file.Name(), w.Events(), why)
	return nil
}

// askedFor calls demand whenever the user presses Enter at a terminal, or sends the signal that is for it.
func (e *env) askedFor(ctx context.Context, demand func(why string)) (stop func()) {
	signals, stopSignals := notifyDump()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				demand("a signal")
			}
		}
	}()
	if _, _, terminal := e.terminal(); terminal && e.in == os.Stdin {
		go func() { // it ends with the process: a read of a terminal can't be called off
			for lines := bufio.NewScanner(e.in); lines.Scan() && ctx.Err() == nil; {
				demand("Enter")
			}
		}()
	}
	return func() {
		cancel()
		stopSignals()
	}
}
