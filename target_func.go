package gkhi

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/hist"
	"github.com/gkhi/gkhi/internal/patch"
)

// A chosen is what patterns match: hooks that are declared, by name, and functions with points, by number.
type chosen struct {
	hooks []*registration
	funcs []int
}

// choose returns what patterns match. One that matches nothing is an error.
func choose(patterns []string) (c chosen, err error) {
	if len(patterns) == 0 {
		return c, wire.Errorf(wire.CodeBadRequest, "no pattern says which hooks")
	}
	set, err := glob.CompileSet(patterns)
	if err != nil {
		return c, wire.Errorf(wire.CodeBadPattern, "%v", err)
	}
	rs := registrations()
	n, err := funcs.Len()
	if err != nil && !errors.Is(err, funcs.ErrNone) {
		return c, wire.Errorf(wire.CodeFailed, "the program's functions: %v", err)
	}
	names := make([]string, 0, len(rs)+n)
	for _, r := range rs {
		names = append(names, r.name)
	}
	for i := range n {
		names = append(names, funcs.Name(i))
	}
	if _, without := set.Select(names); without != nil {
		what := "hook"
		if n > 0 {
			what = "hook or function"
		}
		return c, noMatch(what, without.String(), names)
	}
	c.hooks = slices.DeleteFunc(rs, func(r *registration) bool { return !set.Match(r.name) })
	for i := range n {
		if set.Match(names[len(names)-n+i]) {
			c.funcs = append(c.funcs, i)
		}
	}
	return c, nil
}

// wireFunc describes a function as a hook.
func wireFunc(i int) wire.Hook {
	f := funcs.Get(i)
	h := wire.Hook{
		Name: f.Name, Kind: wire.KindFunction, State: wire.StateDormant, FIFO: true,
		Declared: fmt.Sprintf("%s:%d", f.File, f.Line),
	}
	state := "dormant"
	if funcs.Armed(i) {
		h.State, state = wire.StateArmed, "armed"
	}
	args, err := funcs.ArgumentsOf(i)
	if err == nil {
		h.Params, h.Results = wire.ParamsOf(args.Params), wire.ParamsOf(args.Results)
	}
	for j, p := range f.Points {
		point, values := "entry", args.Params
		if p.Return {
			point, values = "return", args.Results
		}
		for k, addr := range p.Sites {
			s := wire.Site{
				File: f.File, Line: p.Line, PC: uint64(addr), Point: point, Form: "bare", State: state, Bytes: patch.Default.Code(addr),
			}
			if err == nil {
				s.SetLayout(values, args.Layouts[j][k], runtime.GOARCH)
			}
			h.Sites = append(h.Sites, s)
		}
		if p.Unpatched > 0 {
			h.Sites = append(h.Sites, wire.Site{
				File: f.File, Line: p.Line, Point: point, State: "as compiled",
				Why: fmt.Sprintf("%d loads could not be replaced safely", p.Unpatched),
			})
		}
	}
	return h
}

// traceFuncs passes the calls of functions on to a trace.
func traceFuncs(fs []int, spec wire.TraceSpec, sink control.Sink) (*funcs.Session, error) {
	whole := spec.Sample <= 1 // a sample is of calls, and an entry without its end says little
	var lost uint64
	s, err := funcs.Arm(fs, funcs.Note, func(e funcs.Event) {
		if n := e.Lost; n > lost {
			sink.Lost(n - lost)
			lost = n
		}
		if e.Entry && !whole || !sink.Want() {
			return
		}
		sink.Put(wire.Event{
			Time: e.Time.UnixNano(), Hook: funcs.Name(int(e.Func)), G: e.G,
			Call: &wire.Call{Entry: e.Entry, Level: e.Level, Took: int64(e.Took), Self: int64(e.Self), Unwound: e.Unwound},
		})
	})
	if err == nil {
		log.keepRunning()
	}
	return s, err
}

// A funcStat measures functions for a stat.
type funcStat struct {
	session *funcs.Session
	mu      sync.Mutex
	times   []*funcTimes // by number of a function; nil for those without a call
}

type funcTimes struct {
	total, self int64 // ns
	latency     hist.Histogram
}

func statFuncs(fs []int) (*funcStat, error) {
	n, err := funcs.Len()
	if err != nil {
		return &funcStat{}, err
	}
	st := &funcStat{times: make([]*funcTimes, n)}
	st.session, err = funcs.Arm(fs, funcs.Count|funcs.Note|funcs.Ends, func(e funcs.Event) {
		if e.Unwound { // how long that one took is not known
			return
		}
		st.mu.Lock()
		defer st.mu.Unlock()
		t := st.times[e.Func]
		if t == nil {
			t = &funcTimes{}
			st.times[e.Func] = t
		}
		t.self += int64(e.Self)
		if !e.Recursive { // or its time would be counted twice
			t.total += int64(e.Took)
		}
		t.latency.Record(int64(e.Took))
	})
	if err == nil {
		log.keepRunning()
	}
	return st, err
}

// rows are the functions that were called.
func (st *funcStat) rows() []wire.StatRow {
	log.drain() // what was noted until now
	var rows []wire.StatRow
	st.session.Calls(func(fn int, calls uint64) {
		if calls > 0 {
			rows = append(rows, wire.StatRow{Hook: funcs.Name(fn), Calls: calls, Function: true})
		}
	})
	st.mu.Lock()
	defer st.mu.Unlock()
	byName := map[string]*funcTimes{}
	for fn, t := range st.times {
		if t != nil {
			byName[funcs.Name(fn)] = t
		}
	}
	for i := range rows {
		if t := byName[rows[i].Hook]; t != nil {
			l := t.latency.Snapshot()
			rows[i].Latency, rows[i].Timed, rows[i].Total, rows[i].Self = &l, l.Count, t.total, t.self
		}
	}
	return rows // as functions are, sorted by name
}

// closeFuncs makes a session's functions dormant, and waits for its last events.
func closeFuncs(s *funcs.Session) control.Undo {
	return func(context.Context) error {
		return s.Close(func() { log.drain() })
	}
}

// funcSummary counts the program's functions and their packages; laid is nil when there are none.
func funcSummary() (n, packages int, laid *wire.Laid) {
	n, err := funcs.Len()
	switch {
	case errors.Is(err, funcs.ErrNone):
		return 0, 0, nil
	case err != nil:
		return 0, 0, &wire.Laid{Error: err.Error()}
	}
	laid = &wire.Laid{Armed: funcs.ArmedCount(), NoArgs: funcs.NoArgs()}
	laid.Sites, laid.Loads = funcs.Laid()
	return n, funcs.Packages(), laid
}

// addFuncs books that functions were armed, or why not. That is an error when nothing else was.
func addFuncs(m *wire.Matched, s *funcs.Session, err error, n int) error {
	if err == nil {
		m.Functions = len(s.Funcs())
		return nil
	}
	if len(m.Hooks) == 0 {
		return wire.Errorf(wire.CodeUnsupported, "%v", err)
	}
	m.Skipped = append(m.Skipped, wire.Skip{Name: fmt.Sprintf("%d functions", n), Why: err.Error()})
	return nil
}

// both undoes two things, the second whatever the first says.
func both(a, b control.Undo) control.Undo {
	return func(ctx context.Context) error { return errors.Join(a(ctx), b(ctx)) }
}
