package gkhi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/eventjson"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcserve"
	"github.com/gkhi/gkhi/internal/hist"
)

// A watcher is what a trace or a stat registers on one hook.
type watcher struct {
	r *registration
	h *Handler
}

// watch registers what register makes on each of these hooks, and arms all of it together. Hooks where that can't be are
// skipped with the reason; when there is no other, that is the error.
func (t *target) watch(what string, rs []*registration, register func(r *registration, name string) (*Handler, error)) (wire.Matched, []watcher, control.Undo, error) {
	if len(rs) == 0 {
		return wire.Matched{Hooks: []string{}}, nil, func(context.Context) error { return nil }, nil
	}
	name := fmt.Sprintf("%s%s.%d", sessionPrefix, what, t.seq.Add(1))
	var m wire.Matched
	skip := func(r *registration, err error) {
		m.Skipped = append(m.Skipped, wire.Skip{Name: r.name, Why: whyNotWatched(r, err)})
	}
	var ws []watcher
	for _, r := range rs {
		h, err := register(r, name)
		if err != nil {
			skip(r, err)
			continue
		}
		ws = append(ws, watcher{r, h})
	}
	ws = armMost(ws, func(w watcher, err error) {
		w.h.remove()
		skip(w.r, err)
	})
	if len(ws) == 0 {
		s := m.Skipped[0]
		return m, nil, nil, wire.Errorf(wire.CodeUnsupported, "%s: %s", s.Name, s.Why)
	}
	for _, w := range ws {
		m.Hooks = append(m.Hooks, w.r.name)
	}
	return m, ws, func(ctx context.Context) error { return unwatch(ctx, ws) }, nil
}

// armMost arms all of ws at once or, where one of them stands in the way, as a point does that has no site, all but those that do. It
// finds them by halving, since to arm each alone would take a barrier of all threads each.
func armMost(ws []watcher, refused func(watcher, error)) (armed []watcher) {
	if len(ws) == 0 {
		return nil
	}
	hs := make([]*Handler, len(ws))
	for i, w := range ws {
		hs[i] = w.h
	}
	err := Arm(hs...)
	switch {
	case err == nil:
		return ws
	case len(ws) == 1:
		refused(ws[0], err)
		return nil
	}
	half := len(ws) / 2
	armed = append(armed, armMost(ws[:half], refused)...)
	return append(armed, armMost(ws[half:], refused)...)
}

// unwatch takes all of ws off. The error says which calls were still in flight when ctx ended.
func unwatch(ctx context.Context, ws []watcher) error {
	hs := make([]*Handler, len(ws))
	for i, w := range ws {
		hs[i] = w.h
	}
	errs := []error{Disarm(hs...)}
	for _, h := range hs {
		errs = append(errs, h.Deregister(ctx))
	}
	return errors.Join(errs...)
}

func whyNotWatched(r *registration, err error) string {
	switch {
	case r.kind == KindChain:
		return "a chain has callbacks, not handlers that come and go"
	case errors.Is(err, ErrExclusive):
		return "the hook is exclusive, and its one handler is registered"
	}
	return err.Error()
}

// watching are the options of a watcher's handler: it runs as early as priorities allow, to see the events that others stop.
func watching() []HandlerOption { return []HandlerOption{Priority(math.MaxInt), NoControl()} }

// Trace implements [control.Target].
func (t *target) Trace(spec wire.TraceSpec, sink control.Sink) (wire.Matched, control.Undo, error) {
	c, err := choose(spec.Patterns)
	if err != nil {
		return wire.Matched{}, nil, err
	}
	drops := &pointDrops{sink: sink}
	var places sitePlaces
	m, ws, undo, err := t.watch("trace", c.hooks, func(r *registration, name string) (*Handler, error) {
		if p, ok := r.any.(*Point); ok {
			return p.Record(name, func(ev PointEvent) {
				drops.look()
				if sink.Want() {
					sink.Put(places.event(ev, spec.Goroutine))
				}
			}, watching()...)
		}
		return r.any.RegisterAny(name, func(ev any) Verdict {
			if sink.Want() {
				we := wire.Event{Time: time.Now().UnixNano(), Hook: r.name, Fields: eventjson.Append(nil, ev)}
				if spec.Goroutine {
					we.G = goroutineID()
				}
				sink.Put(we)
			}
			return Continue
		}, watching()...)
	})
	if err != nil {
		return m, nil, err
	}
	drops.watch(ws)
	all := func(ctx context.Context) error {
		err := undo(ctx)
		drops.look()
		return err
	}
	fs, err := funcserve.Trace(&m, c.funcs, spec, sink)
	if err != nil {
		return m, nil, errors.Join(err, all(context.Background()))
	}
	return m, funcserve.Both(all, fs), nil
}

// goroutineID returns the number that a stack trace shows for this goroutine; 0 if that has another form than it has
// had since Go 1.0.
func goroutineID() uint64 {
	var buf [64]byte
	text, ok := bytes.CutPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	digits, _, ok2 := bytes.Cut(text, []byte(" "))
	id, err := strconv.ParseUint(string(digits), 10, 64)
	if !ok || !ok2 || err != nil {
		return 0
	}
	return id
}

// A statSource counts for one stat.
type statSource struct {
	rows  []statRow
	funcs *funcserve.Stat
	undo  control.Undo
}

type statRow struct {
	h       *Handler
	latency *hist.Histogram // nil where the event has no duration
}

// Stat implements [control.Target]. The handlers' own counts are the calls.
func (t *target) Stat(spec wire.StatSpec) (wire.Matched, control.StatSource, error) {
	c, err := choose(spec.Patterns)
	if err != nil {
		return wire.Matched{}, nil, err
	}
	latency := map[*registration]*hist.Histogram{}
	m, ws, undo, err := t.watch("stat", c.hooks, func(r *registration, name string) (*Handler, error) {
		if p, ok := r.any.(*Point); ok {
			return p.Count(name, watching()...)
		}
		duration := eventjson.Duration(r.event)
		if duration == nil {
			return r.any.RegisterAny(name, func(any) Verdict { return Continue }, watching()...)
		}
		h := &hist.Histogram{}
		latency[r] = h
		return r.any.RegisterAny(name, func(ev any) Verdict {
			if d, ok := duration(ev); ok {
				h.Record(int64(d))
			}
			return Continue
		}, watching()...)
	})
	if err != nil {
		return m, nil, err
	}
	src := &statSource{undo: undo}
	for _, w := range ws {
		src.rows = append(src.rows, statRow{w.h, latency[w.r]})
	}
	if src.funcs, err = funcserve.Measure(&m, c.funcs); err != nil {
		return m, nil, errors.Join(err, undo(context.Background()))
	}
	return m, src, nil
}

// Snapshot implements [control.StatSource].
func (s *statSource) Snapshot() []wire.StatRow {
	rows := make([]wire.StatRow, len(s.rows))
	for i, r := range s.rows {
		rows[i] = wire.StatRow{Hook: r.h.Hook(), Calls: r.h.Calls()}
		if r.latency != nil {
			l := r.latency.Snapshot()
			rows[i].Latency = &l
		}
	}
	return append(rows, s.funcs.Snapshot()...)
}

// Stop implements [control.StatSource].
func (s *statSource) Stop(ctx context.Context) error {
	return errors.Join(s.undo(ctx), s.funcs.Stop(ctx))
}

// Close implements [control.StatSource].
func (s *statSource) Close() { s.funcs.Close() }
