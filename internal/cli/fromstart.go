package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control"
)

// Times of gkhi run -trace: how often it looks for new processes, and how long their last events may take.
const (
	lookForProcesses = 2 * time.Millisecond
	lastEvents       = 3 * time.Second
)

// traceFromStart runs run, in whose environment env has to be, and traces each process that comes of it. The
// trace goes to standard error, between what the program prints itself.
func (e *env) traceFromStart(ctx context.Context, globs []string, run func(env string) error) error {
	out := &lineWriter{w: e.err}
	return e.fromStart(ctx, func(ctx context.Context, target string, letGo func()) error {
		return e.traceTo(ctx, out, target, globs, traceOptions{toEnd: true}, letGo)
	}, run)
}

// fromStart runs run, in whose environment env has to be, and looks, each in a goroutine of its own, at the processes that come of it
// and have points, from before their first instruction on: a process goes on when look calls letGo, or returns.
func (e *env) fromStart(ctx context.Context, look func(ctx context.Context, target string, letGo func()) error, run func(env string) error) error {
	dir, err := os.MkdirTemp("", "gkhi-hold-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // processes that wait for us go on when it is gone
	var traces sync.WaitGroup
	ended := make(chan struct{})
	looking := make(chan struct{})
	go func() {
		defer close(looking)
		seen := map[string]bool{}
		ticker := time.NewTicker(lookForProcesses)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
			}
			files, _ := os.ReadDir(dir) // gone when the user deleted it
			for _, f := range files {
				if _, err := strconv.Atoi(f.Name()); err != nil || seen[f.Name()] {
					continue
				}
				seen[f.Name()] = true
				traces.Go(func() {
					letGo := sync.OnceFunc(func() { os.Remove(filepath.Join(dir, f.Name())) }) //nolint:errcheck // it ended
					defer letGo()
					if err := look(ctx, f.Name(), letGo); err != nil {
						e.note("process %s: %v", f.Name(), describe(err))
					}
				})
			}
		}
	}()
	err = run(control.HoldEnv + "=" + dir)
	close(ended)
	<-looking
	done := make(chan struct{})
	go func() {
		defer close(done)
		traces.Wait()
	}()
	select {
	case <-done:
	case <-time.After(lastEvents):
	}
	return err
}

// A lineWriter passes on whole lines, of several traces, one write at a time.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
