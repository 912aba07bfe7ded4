package funcserve

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/patch"
)

// Target implements [control.Target] for a process without hooks.
type Target struct{}

// Greet implements [control.Greeter].
func (Target) Greet() { patch.Default.Warm() }

// Hooks implements [control.Target]. A list of all hooks has no functions, of which there are thousands.
func (Target) Hooks(patterns []string) (iter.Seq[wire.Hook], error) {
	var fs []int
	if len(patterns) > 0 {
		var err error
		if fs, _, err = Choose(patterns, nil); err != nil {
			return nil, err
		}
	}
	return func(yield func(wire.Hook) bool) {
		for _, i := range fs {
			if !yield(Describe(i)) {
				return
			}
		}
	}, nil
}

// Status implements [control.Target].
func (Target) Status() wire.Status { return Status() }

// Status describes the process, but for its hooks.
func Status() wire.Status {
	ps := patch.Default.Status()
	st := wire.Status{
		UID: os.Geteuid(), Uptime: int64(time.Since(self.Started())),
		Sites: ps.Sites + ps.Flagged, Patched: ps.Patched, Restless: ps.Restless, Stuck: ps.Stuck, Method: ps.Method,
		Text: ps.TextBytes, ScanTime: int64(ps.ScanTime),
	}
	if ps.Reason != "" {
		st.Method, st.Why = "flag", []string{ps.Reason}
	}
	if ps.Foreign > 0 {
		st.Why = append(st.Why, fmt.Sprintf("%d have bytes that somebody else put there, such as a uprobe's or a debugger's", ps.Foreign))
	}
	if len(os.Args) > 0 {
		st.Args = os.Args[:1]
	}
	st.Functions, st.Packages, st.Laid = summary()
	return st
}

// summary counts the program's functions and their packages; laid is nil when there are none.
func summary() (n, packages int, laid *wire.Laid) {
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

// Trace implements [control.Target].
func (Target) Trace(spec wire.TraceSpec, sink control.Sink) (wire.Matched, control.Undo, error) {
	m := wire.Matched{Hooks: []string{}}
	fs, _, err := Choose(spec.Patterns, nil)
	if err != nil {
		return m, nil, err
	}
	undo, err := Trace(&m, fs, spec, sink)
	return m, undo, err
}

// Stat implements [control.Target].
func (Target) Stat(spec wire.StatSpec) (wire.Matched, control.StatSource, error) {
	m := wire.Matched{Hooks: []string{}}
	fs, _, err := Choose(spec.Patterns, nil)
	if err != nil {
		return m, nil, err
	}
	st, err := Measure(&m, fs)
	return m, st, err
}

// Record implements [control.Target].
func (Target) Record(spec wire.RecordSpec, sink control.DataSink) (wire.Matched, control.Undo, error) {
	fs, _, err := Choose(spec.Patterns, nil)
	if err != nil {
		return wire.Matched{}, nil, err
	}
	return NewRecording(spec, sink, nil).Start(spec, fs, nil)
}

// Arm implements [control.Target]: there are no handlers.
func (Target) Arm(patterns []string, _, _ bool) (wire.ArmResult, control.Undo, error) {
	return wire.ArmResult{}, nil, none(patterns, "handler")
}

// Fail implements [control.Target]: there are no decisions.
func (Target) Fail(args wire.FailArgs) (wire.FailResult, control.Undo, error) {
	return wire.FailResult{}, nil, NoMatch("decision", args.Name, nil)
}

// Release implements [control.Target]: there are no decisions.
func (Target) Release(patterns []string) (int, error) { return 0, none(patterns, "hook") }

// none is the error of patterns for what the process has none of.
func none(patterns []string, what string) error {
	if _, err := Compile(patterns, what); err != nil {
		return err
	}
	return NoMatch(what, patterns[0], nil)
}

// Prepare implements [control.Target]: there are no hooks, whose sites would be looked for, and functions' sites are known.
func (Target) Prepare() error { return nil }
