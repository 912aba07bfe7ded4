// Package controltest has a [control.Target] with made-up hooks, for the tests of the server, of the client and of whoever
// uses that. It keeps account of what is registered, armed and set, so that a test can see that nothing is left.
package controltest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/hist"
)

// Target implements [control.Target]. All methods are safe for concurrent use.
type Target struct {
	mu      sync.Mutex
	hooks   []wire.Hook
	traces  map[*trace]bool
	stats   map[*statSource]bool
	armed   map[string]int // handlers by full name: how many holds
	terms   map[string]string
	held    int // changes that wait for their undo
	undoErr error
	block   chan struct{} // undos wait for it, unless it is nil
}

type trace struct {
	spec wire.TraceSpec
	set  glob.Set
	sink control.Sink
}

// New returns a Target with hooks of these names. Each has one handler, audit. The hook's name begins in "panic" for one whose
// tracing panics.
func New(names ...string) *Target {
	t := &Target{traces: map[*trace]bool{}, stats: map[*statSource]bool{}, armed: map[string]int{}, terms: map[string]string{}}
	for _, name := range names {
		t.hooks = append(t.hooks, wire.Hook{
			Name: name, Kind: wire.KindHook, State: wire.StateDormant, Doc: "for tests",
			Handlers: []wire.Handler{{Name: "audit"}},
		})
	}
	return t
}

// Add adds a hook as it is.
func (t *Target) Add(h wire.Hook) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hooks = append(t.hooks, h)
}

// FailUndo makes undos return err from now on.
func (t *Target) FailUndo(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.undoErr = err
}

// BlockUndo makes undos wait for their context from now on, as with a handler that does not return.
func (t *Target) BlockUndo() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.block = make(chan struct{})
}

// Left describes what sessions have registered, armed or set and not undone; empty when there is nothing.
func (t *Target) Left() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.traces)+len(t.stats)+t.held == 0 {
		return ""
	}
	return fmt.Sprintf("%d traces, %d stats, %d holds", len(t.traces), len(t.stats), t.held)
}

// Term returns the term set on a hook.
func (t *Target) Term(name string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.terms[name]
}

// Armed reports whether the hook's handler audit is armed.
func (t *Target) Armed(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.armed[name+"/audit"] > 0
}

// Fire gives an event to the traces and stats of a hook, and returns how many traces wanted it.
func (t *Target) Fire(name string, fields string) (wanted int) {
	t.mu.Lock()
	var sinks []control.Sink
	for tr := range t.traces {
		if tr.set.Match(name) {
			sinks = append(sinks, tr.sink)
		}
	}
	for s := range t.stats {
		s.count(name)
	}
	t.mu.Unlock()
	for _, s := range sinks {
		if s.Want() {
			wanted++
			s.Put(wire.Event{Time: 1, Hook: name, Fields: wire.Raw(fields)})
		}
	}
	return wanted
}

// match returns the hooks that match, with mu held.
func (t *Target) match(patterns []string) ([]wire.Hook, glob.Set, error) {
	set, err := glob.CompileSet(patterns)
	if err != nil {
		return nil, nil, wire.Errorf(wire.CodeBadPattern, "%v", err)
	}
	var names []string
	for _, h := range t.hooks {
		names = append(names, h.Name)
	}
	matched, without := set.Select(names)
	if without != nil || len(matched) == 0 {
		return nil, nil, &wire.Error{Code: wire.CodeNotFound, Message: fmt.Sprintf("no hook matches %q", patterns), Near: names[:min(len(names), 1)]}
	}
	var hooks []wire.Hook
	for _, h := range t.hooks {
		if set.Match(h.Name) {
			hooks = append(hooks, h)
		}
	}
	return hooks, set, nil
}

// Hooks implements [control.Target].
func (t *Target) Hooks(patterns []string) (iter.Seq[wire.Hook], error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	hooks := slices.Clone(t.hooks)
	if len(patterns) > 0 {
		var err error
		if hooks, _, err = t.match(patterns); err != nil {
			return nil, err
		}
	}
	return slices.Values(hooks), nil
}

// Status implements [control.Target].
func (t *Target) Status() wire.Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return wire.Status{Hooks: len(t.hooks), Method: "flag", Why: []string{"it is a test"}}
}

// undo wraps what takes a change back.
func (t *Target) undo(f func()) control.Undo {
	var once sync.Once
	return func(ctx context.Context) error {
		t.mu.Lock()
		once.Do(f)
		err, block := t.undoErr, t.block
		t.mu.Unlock()
		if block != nil {
			select {
			case <-block:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return err
	}
}

// Trace implements [control.Target].
func (t *Target) Trace(spec wire.TraceSpec, sink control.Sink) (m wire.Matched, undo control.Undo, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	hooks, set, err := t.match(spec.Patterns)
	if err != nil {
		return m, nil, err
	}
	for _, h := range hooks {
		if strings.HasPrefix(h.Name, "panic") {
			panic("tracing " + h.Name)
		}
		m.Hooks = append(m.Hooks, h.Name)
	}
	tr := &trace{spec, set, sink}
	t.traces[tr] = true
	return m, t.undo(func() { delete(t.traces, tr) }), nil
}

// Record implements [control.Target]. The recording has the names of the hooks, and an event of each.
func (t *Target) Record(spec wire.RecordSpec, sink control.DataSink) (m wire.Matched, undo control.Undo, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	hooks, _, err := t.match(spec.Patterns)
	if err != nil {
		return m, nil, err
	}
	for _, h := range hooks {
		m.Hooks = append(m.Hooks, h.Name)
	}
	enc := event.NewEncoder(event.Meta{Program: "controltest", Patterns: spec.Patterns})
	enc.Hooks(m.Hooks)
	mark := func(at uint64) {
		enc.Watermark(event.Watermark{Until: at, Clock: event.Clock{Ticks: at, Mono: int64(at), Wall: int64(at)}})
		sink.Put(enc.Take())
	}
	mark(1)
	t.held++
	return m, t.undo(func() {
		t.held--
		for i := range m.Hooks {
			enc.Hit(&event.Hit{Hook: i, Ticks: uint64(i) + 2, Fields: []byte(`{"N":1}`)})
		}
		mark(uint64(len(m.Hooks)) + 2)
		sink.Counted(uint64(len(m.Hooks)), 0)
	}), nil
}

type statSource struct {
	t    *Target
	rows []wire.StatRow
	hist hist.Histogram
	stop control.Undo
}

func (s *statSource) count(name string) {
	for i := range s.rows {
		if s.rows[i].Hook == name {
			s.rows[i].Calls++
			s.hist.Record(int64(s.rows[i].Calls))
		}
	}
}

// Snapshot implements [control.StatSource].
func (s *statSource) Snapshot() []wire.StatRow {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	rows := slices.Clone(s.rows)
	snap := s.hist.Snapshot()
	for i := range rows {
		rows[i].Latency = &snap
	}
	return rows
}

// Stop implements [control.StatSource].
func (s *statSource) Stop(ctx context.Context) error { return s.stop(ctx) }

// Close implements [control.StatSource].
func (s *statSource) Close() {}

// Stat implements [control.Target].
func (t *Target) Stat(spec wire.StatSpec) (m wire.Matched, src control.StatSource, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	hooks, _, err := t.match(spec.Patterns)
	if err != nil {
		return m, nil, err
	}
	s := &statSource{t: t}
	for _, h := range hooks {
		m.Hooks = append(m.Hooks, h.Name)
		s.rows = append(s.rows, wire.StatRow{Hook: h.Name})
	}
	t.stats[s] = true
	s.stop = t.undo(func() { delete(t.stats, s) })
	return m, s, nil
}

// Arm implements [control.Target]. Patterns are names of hooks here.
func (t *Target) Arm(patterns []string, on, hold bool) (r wire.ArmResult, undo control.Undo, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	hooks, _, err := t.match(patterns)
	if err != nil {
		return r, nil, err
	}
	for _, h := range hooks {
		full := h.Name + "/audit"
		if (t.armed[full] > 0) == on {
			r.Already = append(r.Already, full)
		} else {
			r.Changed = append(r.Changed, full)
		}
	}
	n := map[bool]int{true: 1, false: -1}[on]
	for _, full := range r.Changed {
		t.armed[full] += n
	}
	if !hold {
		return r, nil, nil
	}
	t.held++
	return r, t.undo(func() {
		t.held--
		for _, full := range r.Changed {
			t.armed[full] -= n
		}
	}), nil
}

// Fail implements [control.Target]. Any term is taken but "bad".
func (t *Target) Fail(args wire.FailArgs) (r wire.FailResult, undo control.Undo, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, _, err := t.match([]string{args.Name}); err != nil {
		return r, nil, err
	}
	if args.Term == "bad" {
		return r, nil, wire.Errorf(wire.CodeBadTerm, "a bad term")
	}
	r = wire.FailResult{Name: args.Name, Was: t.terms[args.Name], Now: args.Term}
	t.terms[args.Name] = args.Term
	if !args.Hold {
		return r, nil, nil
	}
	t.held++
	return r, t.undo(func() {
		t.held--
		t.terms[args.Name] = r.Was
	}), nil
}

// Release implements [control.Target]: each hook that matches counts as one.
func (t *Target) Release(patterns []string) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	hooks, _, err := t.match(patterns)
	return len(hooks), err
}

// Prepare implements [control.Target].
func (t *Target) Prepare() error { return errors.New("there is nothing to patch") }

// Lose has each trace of a hook told that n events were lost.
func (t *Target) Lose(name string, n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for tr := range t.traces {
		if tr.set.Match(name) {
			tr.sink.Lost(n)
		}
	}
}
