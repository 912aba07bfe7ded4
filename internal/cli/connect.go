package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// processes is how commands find processes and talk to them. liveProcesses is the real one.
type processes interface {
	// List returns the hooked processes that this user can talk to.
	List(ctx context.Context) ([]client.Process, error)

	// Running returns those of List that run the executable file.
	Running(ctx context.Context, file string) ([]client.Process, error)

	// Dial connects to a target, written as package client says.
	Dial(ctx context.Context, target string) (session, error)
}

// A session is a connection to a process, as *client.Client.
type session interface {
	Process() client.Process
	Done() <-chan struct{} // closed when the connection has ended; Err then says why
	Err() error
	Close() error

	Hooks(ctx context.Context, patterns ...string) ([]wire.Hook, error)
	Status(ctx context.Context) (wire.Status, error)
	Arm(ctx context.Context, args wire.ArmArgs) (wire.ArmResult, error)
	Disarm(ctx context.Context, args wire.ArmArgs) (wire.ArmResult, error)
	Fail(ctx context.Context, args wire.FailArgs) (wire.FailResult, error)
	Release(ctx context.Context, patterns ...string) (wire.ReleaseResult, error)
	Prepare(ctx context.Context) (wire.PrepareResult, error)
	Trace(ctx context.Context, spec wire.TraceSpec) (traceStream, error)
	Stat(ctx context.Context, spec wire.StatSpec) (statStream, error)
	Record(ctx context.Context, spec wire.RecordSpec) (recordStream, error)
}

// A stream is what traces, stats and recordings have in common.
type stream interface {
	Matched() wire.Matched
	Dropped() uint64
	End() *wire.End // nil before the stream has ended as it should
	Close() error
}

type traceStream interface {
	stream
	Events() iter.Seq2[wire.Event, error]
}

type statStream interface {
	stream
	Snapshots() iter.Seq2[client.Snapshot, error]
}

// A recordStream is a recording, to be read.
type recordStream interface {
	stream
	io.Reader
}

// liveProcesses finds the processes of this machine.
type liveProcesses struct{}

func (liveProcesses) List(ctx context.Context) ([]client.Process, error) { return client.List(ctx) }

func (liveProcesses) Dial(ctx context.Context, target string) (session, error) {
	c, err := client.Dial(ctx, target)
	if err != nil {
		return nil, err
	}
	return liveSession{c}, nil
}

func (liveProcesses) Running(ctx context.Context, file string) ([]client.Process, error) {
	want, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	all, err := client.List(ctx)
	if err != nil {
		return nil, err
	}
	var found []client.Process
	for _, p := range all {
		if runs(p, want) {
			found = append(found, p)
		}
	}
	return found, nil
}

// runs reports whether p's executable is the file. Linux keeps a way to the file itself, which also leads into other
// root directories and past files that were replaced; elsewhere the path has to do.
func runs(p client.Process, file fs.FileInfo) bool {
	for _, path := range []string{fmt.Sprintf("/proc/%d/exe", p.PID), p.Exe} {
		if info, err := os.Stat(path); err == nil {
			return os.SameFile(info, file)
		}
	}
	return false
}

// liveSession gives a client's streams the form of this package.
type liveSession struct{ *client.Client }

func (s liveSession) Trace(ctx context.Context, spec wire.TraceSpec) (traceStream, error) {
	t, err := s.Client.Trace(ctx, spec)
	if err != nil {
		return nil, err
	}
	return liveTrace{t}, nil
}

func (s liveSession) Stat(ctx context.Context, spec wire.StatSpec) (statStream, error) {
	t, err := s.Client.Stat(ctx, spec)
	if err != nil {
		return nil, err
	}
	return liveStat{t}, nil
}

func (s liveSession) Record(ctx context.Context, spec wire.RecordSpec) (recordStream, error) {
	r, err := s.Client.Record(ctx, spec)
	if err != nil {
		return nil, err
	}
	return liveRecording{r}, nil
}

type liveRecording struct{ *client.Recording }

func (r liveRecording) Matched() wire.Matched { return r.Recording.Matched }

type liveTrace struct{ *client.Trace }

func (t liveTrace) Matched() wire.Matched { return t.Trace.Matched }

type liveStat struct{ *client.Stat }

func (t liveStat) Matched() wire.Matched { return t.Stat.Matched }

// dial connects to a target, and to the one process that runs it when the target is a file.
func (e *env) dial(ctx context.Context, target string) (session, error) {
	s, err := e.procs.Dial(ctx, target)
	if !errors.Is(err, client.ErrIsFile) {
		return s, err
	}
	found, err := e.procs.Running(ctx, target)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, &notRunning{target}
	case len(found) > 1:
		names := make([]string, len(found))
		for i, p := range found {
			names[i] = p.Target()
		}
		return nil, fmt.Errorf("several processes run %s: %s; name one by its process id", target, strings.Join(names, ", "))
	}
	e.note("%s is a file; this is about process %s, which runs it", target, found[0].Target())
	return e.procs.Dial(ctx, found[0].Target())
}

// about adds the target to an error that does not name it.
func about(s session, err error) error {
	var t *client.TargetError
	if err == nil || errors.As(err, &t) {
		return err
	}
	return fmt.Errorf("%s: %w", label(s.Process()), err)
}

// label names a process for people: kvd (4242).
func label(p client.Process) string {
	if p.Name == "" {
		return p.Target()
	}
	return fmt.Sprintf("%s (%s)", p.Name, p.Target())
}

// notRunning says that a target is a program's file, and that no process runs it.
type notRunning struct{ file string }

func (e *notRunning) Error() string {
	return e.file + " is a file, and no hooked process runs it; start the program, or see gkhi ls for what runs"
}
