package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/near"
)

// A fakeWorld is processes that exist in a test only.
type fakeWorld struct {
	procs []*fakeProcess
	files map[string][]string // targets of the processes that run a file
	err   error               // of List

	// What becomes of a command that would run for ever.
	interrupt context.CancelCauseFunc // Ctrl-C, if set
	dies      bool                    // the process ends
	stops     bool                    // the process stops serving
}

func (w *fakeWorld) List(context.Context) ([]client.Process, error) {
	var list []client.Process
	for _, p := range w.procs {
		list = append(list, p.Process)
	}
	return list, w.err
}

func (w *fakeWorld) Running(_ context.Context, file string) ([]client.Process, error) {
	var found []client.Process
	for _, target := range w.files[file] {
		for _, p := range w.procs {
			if p.Target() == target {
				found = append(found, p.Process)
			}
		}
	}
	return found, nil
}

func (w *fakeWorld) Dial(ctx context.Context, target string) (session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, ok := w.files[target]; ok {
		return nil, &client.TargetError{Target: target, Err: client.ErrIsFile}
	}
	for _, p := range w.procs {
		if p.Target() == target || p.Name == target {
			if p.Err != nil {
				return nil, p.Err
			}
			return &fakeSession{w: w, p: p, done: make(chan struct{})}, nil
		}
	}
	return nil, &client.TargetError{Target: target, Err: client.ErrNoProcess, Why: "no process has that name"}
}

// A fakeProcess is a process with canned events and snapshots.
type fakeProcess struct {
	client.Process
	uptime    time.Duration
	hooks     []wire.Hook
	sites     wire.Status // its Sites, Patched, Method and Why
	events    []wire.Event
	dropped   uint64 // after the last event
	snapshots []client.Snapshot
	skipped   []wire.Skip
	warning   string // at the end of a stream
	failing   error  // of Status and Hooks
	preparing error  // of Prepare
}

// A fakeSession does to a fakeProcess what a connection would. Holds are undone by Close.
type fakeSession struct {
	w     *fakeWorld
	p     *fakeProcess
	undo  []func()
	mu    sync.Mutex
	done  chan struct{}
	ended error
}

func (s *fakeSession) Process() client.Process { return s.p.Process }

// Done is asked for by commands that hold something, and so the place to end them.
func (s *fakeSession) Done() <-chan struct{} {
	switch {
	case s.w.interrupt != nil:
		s.w.interrupt(signalError{2})
	case s.w.dies:
		s.end(&client.TargetError{Target: s.p.Target(), Err: client.ErrBroken, Why: "the process has ended"})
	}
	return s.done
}

func (s *fakeSession) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = err
		close(s.done)
	}
}

func (s *fakeSession) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

func (s *fakeSession) Close() error {
	s.end(errors.New("closed"))
	for _, u := range slices.Backward(s.undo) {
		u()
	}
	s.undo = nil
	return nil
}

func (s *fakeSession) Hooks(_ context.Context, globs ...string) ([]wire.Hook, error) {
	if s.p.failing != nil {
		return nil, s.p.failing
	}
	if len(globs) == 0 {
		return s.p.hooks, nil
	}
	set, err := glob.CompileSet(globs)
	if err != nil {
		return nil, wire.Errorf(wire.CodeBadPattern, "%v", err)
	}
	var names []string
	for _, h := range s.p.hooks {
		names = append(names, h.Name)
	}
	if _, without := set.Select(names); without != nil {
		e := wire.Errorf(wire.CodeNotFound, "no hook matches %q", without)
		e.Near = near.Names(without.String(), names, 3)
		return nil, e
	}
	return slices.DeleteFunc(slices.Clone(s.p.hooks), func(h wire.Hook) bool { return !set.Match(h.Name) }), nil
}

func (s *fakeSession) Status(context.Context) (wire.Status, error) {
	if s.p.failing != nil {
		return wire.Status{}, s.p.failing
	}
	st := s.p.sites
	st.Uptime = int64(s.p.uptime)
	if s.p.Hello != nil {
		st.Hello = *s.p.Hello
	}
	for _, h := range s.p.hooks {
		st.Hooks++
		if h.State == wire.StateArmed {
			st.Armed++
		}
	}
	return st, nil
}

func (s *fakeSession) Prepare(context.Context) (wire.PrepareResult, error) {
	return wire.PrepareResult{}, s.p.preparing
}

func (s *fakeSession) Arm(_ context.Context, a wire.ArmArgs) (wire.ArmResult, error) {
	return s.arm(a, true)
}

func (s *fakeSession) Disarm(_ context.Context, a wire.ArmArgs) (wire.ArmResult, error) {
	return s.arm(a, false)
}

func (s *fakeSession) arm(a wire.ArmArgs, on bool) (r wire.ArmResult, err error) {
	set, err := glob.CompileSet(a.Patterns)
	if err != nil {
		return r, wire.Errorf(wire.CodeBadPattern, "%v", err)
	}
	for i := range s.p.hooks {
		for j := range s.p.hooks[i].Handlers {
			h := &s.p.hooks[i].Handlers[j]
			name := s.p.hooks[i].Name + "/" + h.Name
			was := h.Armed
			switch {
			case !set.Match(name) && !set.Match(s.p.hooks[i].Name):
				continue
			case h.Local:
				r.Refused = append(r.Refused, wire.Skip{Name: name, Why: "the program keeps it to itself"})
				continue
			case was == on:
				r.Already = append(r.Already, name)
			default:
				r.Changed = append(r.Changed, name)
			}
			h.Armed = on
			if a.Hold {
				s.undo = append(s.undo, func() { h.Armed = was })
			}
		}
	}
	if len(r.Changed)+len(r.Already) == 0 {
		return r, &wire.Error{Code: wire.CodeNotFound, Message: `no handler matches "` + a.Patterns[0] + `"`, Near: []string{"kvd.commit/audit"}}
	}
	return r, nil
}

func (s *fakeSession) Fail(_ context.Context, a wire.FailArgs) (r wire.FailResult, err error) {
	i := slices.IndexFunc(s.p.hooks, func(h wire.Hook) bool { return h.Name == a.Name })
	if i < 0 {
		return r, &wire.Error{Code: wire.CodeNotFound, Message: `no decision matches "` + a.Name + `"`, Near: []string{"kvd.commit-error"}}
	}
	if a.Term == "explode" {
		return r, wire.Errorf(wire.CodeBadTerm, "fail %s: unknown action %q", a.Name, a.Term)
	}
	h := &s.p.hooks[i]
	r = wire.FailResult{Name: a.Name, Was: termOf(h)}
	if a.Term != "off" {
		r.Now = a.Term
	}
	was := h.Handlers
	h.Handlers = slices.DeleteFunc(slices.Clone(was), func(h wire.Handler) bool { return h.Term != "" })
	if r.Now != "" {
		h.Handlers = append(h.Handlers, wire.Handler{Name: "failpoint", Armed: true, Term: r.Now})
	}
	if a.Hold {
		s.undo = append(s.undo, func() { h.Handlers = was })
	}
	return r, nil
}

func termOf(h *wire.Hook) string {
	for _, hd := range h.Handlers {
		if hd.Term != "" {
			return hd.Term
		}
	}
	return ""
}

func (s *fakeSession) Release(ctx context.Context, globs ...string) (r wire.ReleaseResult, err error) {
	hooks, err := s.Hooks(ctx, globs...)
	if err != nil {
		return r, err
	}
	for _, h := range hooks {
		for i := range h.Handlers {
			r.Released += h.Handlers[i].Paused
			h.Handlers[i].Paused = 0
		}
	}
	return r, nil
}

func (s *fakeSession) Trace(ctx context.Context, spec wire.TraceSpec) (traceStream, error) {
	matched, err := s.matched(ctx, spec.Patterns)
	if err != nil {
		return nil, err
	}
	return &fakeStream{ctx: ctx, s: s, matched: matched, max: spec.Max, goroutine: spec.Goroutine}, nil
}

func (s *fakeSession) Stat(ctx context.Context, spec wire.StatSpec) (statStream, error) {
	matched, err := s.matched(ctx, spec.Patterns)
	if err != nil {
		return nil, err
	}
	return &fakeStream{ctx: ctx, s: s, matched: matched}, nil
}

// Record yields a recording with the events of the matched hooks.
func (s *fakeSession) Record(ctx context.Context, spec wire.RecordSpec) (recordStream, error) {
	matched, err := s.matched(ctx, spec.Patterns)
	if err != nil {
		return nil, err
	}
	enc := event.NewEncoder(event.Meta{Program: "/bin/" + s.p.Name, PID: s.p.PID, Patterns: spec.Patterns, Values: spec.Values})
	enc.Hooks(matched.Hooks)
	enc.Watermark(event.Watermark{})
	f := &fakeStream{ctx: ctx, s: s, matched: matched}
	for _, ev := range s.p.events {
		if i := slices.Index(matched.Hooks, ev.Hook); i >= 0 {
			f.sent++
			enc.Hit(&event.Hit{Ticks: uint64(ev.Time), Hook: i, G: ev.G, Fields: ev.Fields})
		}
	}
	enc.Watermark(event.Watermark{Until: 1 << 62, Lost: s.p.dropped})
	return &fakeRecording{f, bytes.NewReader(enc.Take())}, nil
}

type fakeRecording struct {
	*fakeStream
	data *bytes.Reader
}

func (f *fakeRecording) Read(p []byte) (int, error) {
	n, err := f.data.Read(p)
	if err == io.EOF {
		if broken := f.finish(""); broken != nil {
			err = broken
		}
	}
	return n, err
}

func (s *fakeSession) matched(ctx context.Context, globs []string) (wire.Matched, error) {
	hooks, err := s.Hooks(ctx, globs...)
	if err != nil {
		return wire.Matched{}, err
	}
	m := wire.Matched{Skipped: s.p.skipped}
	for _, h := range hooks {
		if !slices.ContainsFunc(m.Skipped, func(s wire.Skip) bool { return s.Name == h.Name }) {
			m.Hooks = append(m.Hooks, h.Name)
		}
	}
	return m, nil
}

// A fakeStream yields what its process has, and then ends as the world says, or when its context does.
type fakeStream struct {
	ctx       context.Context
	s         *fakeSession
	matched   wire.Matched
	max       uint64
	goroutine bool

	mu      sync.Mutex
	sent    uint64
	dropped uint64
	ending  *wire.End
}

func (f *fakeStream) Matched() wire.Matched { return f.matched }
func (f *fakeStream) Close() error          { return nil }

func (f *fakeStream) Dropped() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dropped
}

func (f *fakeStream) End() *wire.End {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ending
}

// finish ends the stream. The error is that of a connection that broke.
func (f *fakeStream) finish(reason string) error {
	switch {
	case reason != "":
	case f.s.w.dies:
		return &client.TargetError{Target: f.s.p.Target(), Err: client.ErrBroken, Why: "the process has ended"}
	case f.s.w.stops:
		reason = wire.EndStopped
	default:
		if f.s.w.interrupt != nil {
			f.s.w.interrupt(signalError{2})
		}
		<-f.ctx.Done()
		reason = wire.EndCanceled
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = f.s.p.dropped
	f.ending = &wire.End{Reason: reason, Events: f.sent, Dropped: f.dropped, Warning: f.s.p.warning}
	return nil
}

func (f *fakeStream) Events() iter.Seq2[wire.Event, error] {
	return func(yield func(wire.Event, error) bool) {
		reason := ""
		for _, ev := range f.s.p.events {
			if !slices.Contains(f.matched.Hooks, ev.Hook) {
				continue
			}
			if !f.goroutine {
				ev.G = 0
			}
			if !yield(ev, nil) {
				return
			}
			f.sent++
			if f.sent == f.max {
				reason = wire.EndMax
				break
			}
		}
		if err := f.finish(reason); err != nil {
			yield(wire.Event{}, err)
		}
	}
}

func (f *fakeStream) Snapshots() iter.Seq2[client.Snapshot, error] {
	return func(yield func(client.Snapshot, error) bool) {
		for _, snap := range f.s.p.snapshots {
			snap.Rows = slices.DeleteFunc(slices.Clone(snap.Rows), func(r wire.StatRow) bool {
				return !slices.Contains(f.matched.Hooks, r.Hook)
			})
			if !yield(snap, nil) {
				return
			}
		}
		if err := f.finish(""); err != nil {
			yield(client.Snapshot{}, err)
		}
	}
}
