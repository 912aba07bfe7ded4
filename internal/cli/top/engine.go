package top

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/glob"
)

// An Engine carries out commands, one after the other, and tells what comes of it. Its methods are safe for concurrent
// use.
type Engine struct {
	proc     Process
	interval time.Duration
	limit    int
	now      func() time.Time

	ctx      context.Context
	messages chan Message
	commands chan Command
	crashes  chan any // values of panics
	work     sync.WaitGroup

	// Of the goroutine that carries out commands.
	patterns []string    // of the stat that runs
	armed    []wire.Hook // what it counts
	stop     func()      // ends it, and returns when its last snapshot was passed on
	watched  string      // whose callers are asked for; empty for none
	unwatch  func()
}

// NewEngine starts an engine, which works until ctx ends. limit is the most functions that a pattern arms.
func NewEngine(ctx context.Context, p Process, interval time.Duration, limit int, now func() time.Time) *Engine {
	e := &Engine{
		proc: p, interval: interval, limit: limit, now: now, ctx: ctx,
		messages: make(chan Message, 16), commands: make(chan Command, 64), crashes: make(chan any, 1),
		stop: func() {}, unwatch: func() {},
	}
	e.goes(e.run)
	return e
}

// Messages is what the engine says.
func (e *Engine) Messages() <-chan Message { return e.messages }

// Do asks for something. It never blocks: a command for which there is no room, since those before it hang, is refused.
func (e *Engine) Do(c Command) error {
	select {
	case e.commands <- c:
		return nil
	default:
		return errors.New("the process does not answer; what was asked before is still under way")
	}
}

// Wait returns when all of the engine's goroutines have ended, after its context has.
func (e *Engine) Wait() { e.work.Wait() }

// goes runs f in a goroutine. A panic there must not leave the terminal as it is, so it is handed to who has that.
func (e *Engine) goes(f func()) {
	e.work.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				select {
				case e.crashes <- v:
				default:
				}
			}
		}()
		f()
	})
}

func (e *Engine) say(m Message) {
	select {
	case e.messages <- m:
	case <-e.ctx.Done():
	}
}

func (e *Engine) run() {
	for {
		select {
		case <-e.ctx.Done():
			return
		case c := <-e.commands:
			if err := e.do(c); err != nil && e.ctx.Err() == nil {
				e.say(Note{err})
			}
		}
	}
}

func (e *Engine) do(c Command) error {
	switch c.Op {
	case OpArm:
		return e.change(c.Names, true)
	case OpDisarm:
		return e.change(c.Names, false)
	case OpPattern:
		s, err := Choose(e.ctx, e.proc, c.Names, e.limit)
		if err != nil {
			return err
		}
		e.say(Listed{Hooks: s.Hooks})
		return e.arm(s.Patterns, s.Hooks, s.Note)
	case OpList:
		return e.list()
	case OpWatch:
		e.watch(c.Names[0])
	case OpUnwatch:
		e.unwatch()
		e.watched = ""
	}
	return nil
}

// list finds all there is.
func (e *Engine) list() error {
	declared, err := e.proc.Hooks(e.ctx)
	if err != nil {
		return err
	}
	all, err := e.proc.Hooks(e.ctx, "*")
	if err != nil && !errors.Is(err, &wire.Error{Code: wire.CodeNotFound}) {
		return err
	}
	e.say(Listed{Hooks: append(declared, all...), All: true})
	return nil
}

// change arms these too, or disarms them.
func (e *Engine) change(names []string, on bool) error {
	patterns, hooks := without(e.patterns, names), slices.DeleteFunc(slices.Clone(e.armed), func(h wire.Hook) bool {
		return slices.Contains(names, h.Name)
	})
	rest, err := glob.CompileSet(positive(patterns))
	if err != nil {
		return err
	}
	var quoted []string
	for _, n := range names {
		q := glob.Quote(n)
		quoted = append(quoted, q)
		switch {
		case on && !rest.Match(n):
			patterns = append(patterns, q)
		case !on && rest.Match(n):
			patterns = append(patterns, "!"+q)
		}
	}
	if length(patterns) > maxPatterns || length(quoted) > maxPatterns {
		return fmt.Errorf("%d names are too many to change one by one; p arms what matches a pattern, and nothing else", len(names))
	}
	if on {
		fresh, err := e.proc.Hooks(e.ctx, quoted...)
		if err != nil {
			return err
		}
		hooks = append(hooks, slices.DeleteFunc(fresh, func(h wire.Hook) bool { return !slices.Contains(names, h.Name) })...)
	}
	if len(hooks) == 0 {
		patterns = nil
	}
	return e.arm(patterns, hooks, "")
}

// without returns patterns but those that are about one of these names only.
func without(patterns, names []string) []string {
	only := make(map[string]bool, len(names))
	for _, n := range names {
		only[glob.Quote(n)] = true
	}
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return only[strings.TrimPrefix(p, "!")] })
}

// positive returns the patterns that leave nothing out.
func positive(patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return strings.HasPrefix(p, "!") })
}

// arm begins a stat of hooks, which patterns match, and ends the one before:
//
//  1. The new one begins. If that fails, all stays as it was.
//  2. The old one ends, and its last snapshot is passed on.
//  3. The model is told, and gets the snapshots of the new one.
//
// So what both count is never dormant in between. Calls between the first two steps are in both.
func (e *Engine) arm(patterns []string, hooks []wire.Hook, note string) error {
	defer func() {
		if e.watched != "" { // among others now, perhaps
			e.watch(e.watched)
		}
	}()
	if len(patterns) == 0 {
		e.stop()
		e.stop = func() {}
		e.patterns, e.armed = nil, nil
		e.say(Armed{At: e.now(), Note: note})
		return nil
	}
	ctx, cancel := context.WithCancel(e.ctx)
	at := e.now()
	st, err := e.proc.Stat(ctx, wire.StatSpec{Patterns: patterns, Interval: int64(e.interval)})
	if err != nil {
		cancel()
		return err
	}
	e.stop()
	m := st.Matched()
	hooks = Counted(hooks, m)
	e.patterns, e.armed = patterns, hooks
	names := make([]string, len(hooks))
	for i, h := range hooks {
		names[i] = h.Name
	}
	e.say(Armed{At: at, Names: names, Skipped: m.Skipped, Note: note})
	done := make(chan struct{})
	e.goes(func() {
		defer close(done)
		defer st.Close()
		e.pass(ctx, st)
	})
	e.stop = func() {
		cancel()
		select {
		case <-done:
		case <-e.ctx.Done():
		}
	}
	return nil
}

// Counted returns those hooks that a stat counts, as its answer says.
func Counted(hooks []wire.Hook, m wire.Matched) []wire.Hook {
	return slices.DeleteFunc(slices.Clone(hooks), func(h wire.Hook) bool {
		if h.Kind == wire.KindFunction {
			return m.Functions == 0
		}
		return !slices.Contains(m.Hooks, h.Name)
	})
}

// pass passes on the snapshots of a stat, and why it ended, unless it was ended here.
func (e *Engine) pass(ctx context.Context, st Stat) {
	for s, err := range st.Snapshots() {
		if err != nil {
			if ctx.Err() == nil {
				e.say(Ended{err})
			}
			return
		}
		e.say(Tick{Snapshot: s, Dropped: st.Dropped()})
	}
	if ctx.Err() == nil {
		err := errors.New("the process has stopped serving")
		if end := st.End(); end != nil && end.Reason != wire.EndStopped && end.Warning != "" {
			err = errors.New(end.Warning)
		}
		e.say(Ended{err})
	}
}

// watch begins to look at who calls whom.
func (e *Engine) watch(name string) {
	e.unwatch()
	e.watched = name
	var functions []string
	known := false
	for _, h := range e.armed {
		if h.Kind == wire.KindFunction {
			functions = append(functions, glob.Quote(h.Name))
			known = known || h.Name == name
		}
	}
	switch {
	case !known:
		e.say(Edges{Name: name, Err: errors.New("it is not an armed function: a arms it")})
		return
	case length(functions) > maxPatterns:
		functions = e.patterns // with hooks, whose events are passed over
	}
	ctx, cancel := context.WithCancel(e.ctx)
	e.unwatch = cancel
	e.goes(func() {
		defer cancel()
		if err := e.follow(ctx, name, functions); err != nil && ctx.Err() == nil {
			e.say(Edges{Name: name, Err: err})
		}
	})
}

// follow adds up calls until ctx ends, and tells of them at every interval.
func (e *Engine) follow(ctx context.Context, name string, patterns []string) error {
	r, err := e.proc.Record(ctx, wire.RecordSpec{Patterns: patterns})
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // nobody waits for what it still has
	g := newGrapher()
	e.goes(func() {
		tick := time.NewTicker(min(e.interval, fastest))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				e.say(Edges{Name: name, Graph: g.of(name)})
			}
		}
	})
	err = readCalls(r, g.add, g.mark)
	if err == nil && ctx.Err() == nil {
		err = errors.New("the process has stopped serving")
	}
	return err
}

// fastest is how often callers are shown at least, so that they are there soon.
const fastest = 500 * time.Millisecond
