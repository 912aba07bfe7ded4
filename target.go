package gkhi

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gkhi/gkhi/internal/control"
	_ "github.com/gkhi/gkhi/internal/control/built" // what a hello says of the build
	"github.com/gkhi/gkhi/internal/control/eventjson"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcserve"
	"github.com/gkhi/gkhi/internal/glob"
)

// remote is the registry as the control socket sees it.
var remote = &target{holds: holds{arms: map[*Handler]*held[bool]{}, terms: map[string]*held[string]{}}}

func init() { control.SetDefault(remote) }

// A target implements [control.Target] on the registry.
type target struct {
	holds holds
	seq   atomic.Uint64 // names the handlers of traces and stats
}

// sessionPrefix begins the names of handlers that a connection registers.
const sessionPrefix = "gkhi."

// maxPanicText bounds what is sent of a panic's value, in bytes.
const maxPanicText = 1 << 10

// Hooks implements [control.Target].
func (*target) Hooks(patterns []string) (iter.Seq[wire.Hook], error) {
	c := chosen{hooks: registrations()}
	if len(patterns) > 0 {
		var err error
		if c, err = choose(patterns); err != nil {
			return nil, err
		}
	}
	return func(yield func(wire.Hook) bool) {
		terms := map[string]Failpoint{}
		for _, f := range Failpoints() {
			terms[f.Name] = f
		}
		for _, r := range c.hooks {
			if !yield(wireHook(r, terms[r.name])) {
				return
			}
		}
		for _, i := range c.funcs {
			if !yield(funcserve.Describe(i)) {
				return
			}
		}
	}, nil
}

// A chosen is what patterns match: hooks that are declared, by name, and functions with points, by number.
type chosen struct {
	hooks []*registration
	funcs []int
}

// choose returns what patterns match. One that matches nothing is an error.
func choose(patterns []string) (c chosen, err error) {
	rs := registrations()
	fs, set, err := funcserve.Choose(patterns, namesOf(rs))
	if err != nil {
		return c, err
	}
	return chosen{slices.DeleteFunc(rs, func(r *registration) bool { return !set.Match(r.name) }), fs}, nil
}

func namesOf(rs []*registration) []string {
	names := make([]string, len(rs))
	for i, r := range rs {
		names[i] = r.name
	}
	return names
}

// match returns the hooks that patterns match, ordered by name. A pattern that matches none is an error.
func match(patterns []string) ([]*registration, error) {
	set, err := funcserve.Compile(patterns, "hook")
	if err != nil {
		return nil, err
	}
	rs := registrations()
	names := namesOf(rs)
	if _, without := set.Select(names); without != nil {
		return nil, funcserve.NoMatch("hook", without.String(), names)
	}
	return slices.DeleteFunc(rs, func(r *registration) bool { return !set.Match(r.name) }), nil
}

func wireHook(r *registration, fp Failpoint) wire.Hook {
	in := r.any.Info()
	h := wire.Hook{
		Name: in.Name, Kind: in.Kind.String(), Doc: in.Doc, State: wire.StateDormant,
		Event: eventjson.Describe(in.Event), Exclusive: in.Exclusive, FIFO: !r.opts.lifo, Declared: in.Declared,
	}
	if in.Armed {
		h.State = wire.StateArmed
	}
	sites, _ := Sites(in.Name) // it was found by name a moment ago
	for _, s := range sites {
		h.Sites = append(h.Sites, wire.Site{
			Func: s.Func, File: s.File, Line: s.Line, PC: uint64(s.Addr),
			Form: s.Form, State: s.State, Why: s.Reason, Bytes: s.Code,
		})
	}
	if in.Result != nil {
		h.Answer = in.Result.String()
	}
	for _, hi := range in.Handlers {
		wh := wire.Handler{
			Name: hi.Name, Armed: hi.Armed, Local: hi.RefusesControl,
			Session: strings.HasPrefix(hi.Name, sessionPrefix),
			Calls:   hi.Calls, Panics: hi.Panics, InFlight: hi.InFlight, Longest: int64(hi.Longest),
			Skip: hi.SkipHits, Max: hi.MaxHits, Hits: hi.Hits,
		}
		if hi.Priority != "0" {
			wh.Priority = hi.Priority
		}
		if p := hi.LastPanic; p != nil {
			text := fmt.Sprint(p.Value)
			wh.LastPanic, wh.PanicTime = text[:min(len(text), maxPanicText)], p.Time.UnixNano()
		}
		if hi.Name == failpointName && fp.Name != "" {
			wh.Term, wh.Paused = fp.Term, fp.Waiting
		}
		h.Handlers = append(h.Handlers, wh)
	}
	for i := range in.Callbacks {
		h.Handlers = append(h.Handlers, wire.Handler{Name: fmt.Sprint("callback", i+1), Armed: true, Local: true})
	}
	return h
}

// Greet implements [control.Greeter].
func (*target) Greet() { funcserve.Target{}.Greet() }

// Prepare implements [control.Target].
func (*target) Prepare() error { return Prepare() }

// Status implements [control.Target].
func (*target) Status() wire.Status {
	st := funcserve.Status()
	for _, r := range registrations() {
		st.Hooks++
		if r.any.Armed() {
			st.Armed++
		}
	}
	return st
}

// Fail implements [control.Target].
func (t *target) Fail(args wire.FailArgs) (wire.FailResult, control.Undo, error) {
	result, undo, err := t.holds.fail(args.Name, args.Term, args.Hold)
	if err == nil {
		return result, undo, nil
	}
	var unknown *UnknownError
	switch {
	case errors.As(err, &unknown):
		return result, nil, funcserve.NoMatch("decision", args.Name, decisions())
	case errors.Is(err, ErrNotDecision):
		return result, nil, wire.Errorf(wire.CodeUnsupported, "%v", err)
	}
	return result, nil, wire.Errorf(wire.CodeBadTerm, "%v", err)
}

func decisions() (names []string) {
	for _, r := range registrations() {
		if r.kind == KindDecision {
			names = append(names, r.name)
		}
	}
	return names
}

// Release implements [control.Target].
func (*target) Release(patterns []string) (released int, err error) {
	rs, err := match(patterns)
	if err != nil {
		return 0, err
	}
	terms := Failpoints()
	for _, r := range rs {
		i := slices.IndexFunc(terms, func(f Failpoint) bool { return f.Name == r.name })
		if i < 0 {
			continue
		}
		released += terms[i].Waiting
		if err := ReleaseFailpoint(r.name); err != nil {
			return released, err
		}
	}
	return released, nil
}

// Arm implements [control.Target].
func (t *target) Arm(patterns []string, on, hold bool) (wire.ArmResult, control.Undo, error) {
	hs, refused, err := matchHandlers(patterns)
	if err != nil {
		return wire.ArmResult{}, nil, err
	}
	result, undo, err := t.holds.arm(hs, on, hold)
	result.Refused = refused
	return result, undo, err
}

// notRemote is why a handler can't be armed or disarmed from outside.
const notRemote = "the program keeps this handler to itself (gkhi.NoControl)"

// matchHandlers returns the handlers that patterns match, and those that they match but that are not to be changed from
// outside. The latter is an error for a pattern that names them in full, and when there are no others.
func matchHandlers(patterns []string) (hs []*Handler, refused []wire.Skip, err error) {
	if len(patterns) == 0 {
		return nil, nil, wire.Errorf(wire.CodeBadRequest, "no pattern says which handlers")
	}
	all := handlers()
	var names []string
	for _, h := range all {
		names = append(names, h.FullName())
	}
	seen := map[*Handler]bool{}
	for _, src := range patterns {
		p, err := glob.Compile(src)
		if err != nil {
			return nil, nil, wire.Errorf(wire.CodeBadPattern, "%v", err)
		}
		matched := false
		for _, h := range all {
			if !p.Match(h.FullName()) && !(p.Match(h.Hook()) && !strings.Contains(src, "/")) {
				continue
			}
			matched = true
			switch {
			case seen[h]:
			case !h.opts.noControl:
				hs = append(hs, h)
			case src == h.FullName():
				return nil, nil, wire.Errorf(wire.CodeRefused, "%s: %s", h.FullName(), notRemote)
			default:
				refused = append(refused, wire.Skip{Name: h.FullName(), Why: notRemote})
			}
			seen[h] = true
		}
		if !matched {
			return nil, nil, noHandler(src, names)
		}
	}
	if len(hs) == 0 {
		return nil, nil, wire.Errorf(wire.CodeRefused, "%s: %s", refused[0].Name, notRemote)
	}
	return hs, refused, nil
}

// noHandler is the error of a pattern that matches no handler. It may still name a hook.
func noHandler(pattern string, names []string) *wire.Error {
	if _, err := Lookup(pattern); err == nil {
		return wire.Errorf(wire.CodeNotFound, "hook %s has no handler registered", pattern)
	}
	return funcserve.NoMatch("handler", pattern, names)
}

// handlers returns all that are registered by the program, ordered by hook and then as they run.
func handlers() (hs []*Handler) {
	rs := registrations()
	registry.mu.Lock()
	defer registry.mu.Unlock()
	for _, r := range rs {
		for _, h := range r.handlers {
			if !strings.HasPrefix(h.name, sessionPrefix) {
				hs = append(hs, h)
			}
		}
	}
	return hs
}
