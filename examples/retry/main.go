// Retry saves its standard input to a file and tries again when that fails. It is an example of
// testing what should never happen: main_test.go lets the disk be full, with failpoints.
//
//	echo hello | go run ./examples/retry greeting.txt
//	echo hello | GKHI_FAIL='retry.write-error=2*return("disk full")' go run ./examples/retry greeting.txt
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/gkhi/gkhi"
)

const (
	attempts   = 5
	firstPause = 10 * time.Millisecond // doubled each time
)

// An AttemptEvent is an attempt that has ended.
type AttemptEvent struct {
	File string
	N    int // from 1
	Err  string
	Took time.Duration
}

var (
	onAttempt  gkhi.Hook[AttemptEvent]
	writeError gkhi.Decision[string, error]
)

func init() {
	gkhi.Declare(&onAttempt, "retry.attempt", "an attempt to save a file has ended")
	gkhi.DeclareDecision(&writeError, "retry.write-error", "fail an attempt to write the file of this name")
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "retry:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader) error {
	if len(args) != 1 {
		return errors.New("usage: retry FILE")
	}
	if err := gkhi.FailFromEnv(); err != nil { // it serves no socket, which would do this too
		return err
	}
	data, err := io.ReadAll(stdin)
	if err != nil {
		return err
	}
	return save(ctx, args[0], data)
}

// save writes data to file. After the last attempt, or when ctx ends, it gives up
// and the file is as it was.
func save(ctx context.Context, file string, data []byte) error {
	for n, pause := 1, firstPause; ; n, pause = n+1, 2*pause {
		start := time.Now()
		err := write(file, data)
		if onAttempt.Armed() {
			onAttempt.Fire(AttemptEvent{File: file, N: n, Err: fmt.Sprint(err), Took: time.Since(start)})
		}
		switch {
		case err == nil:
			return nil
		case n == attempts:
			return fmt.Errorf("after %d attempts: %w", n, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("gave up after %d attempts: %w", n, errors.Join(ctx.Err(), err))
		}
	}
}

// write replaces file by one that has data.
func write(file string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it has its own name
	_, err = tmp.Write(data)
	if writeError.Armed() {
		if injected, decided := writeError.Fire(file); decided {
			err = injected
		}
	}
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
