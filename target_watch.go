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
	"github.com/gkhi/gkhi/internal/hist"
)

// Trace implements [control.Target]. Its handlers run as early as priorities allow, to see the events that others stop.
func (t *target) Trace(spec wire.TraceSpec, sink control.Sink) (wire.Matched, control.Undo, error) {
	return t.watch("trace", spec.Patterns, func(r *registration) func(any) Verdict {
		name := r.name
		return func(ev any) Verdict {
			if !sink.Want() {
				return Continue
			}
			we := wire.Event{Time: time.Now().UnixNano(), Hook: name, Fields: eventjson.Append(nil, ev)}
			if spec.Goroutine {
				we.G = goroutineID()
			}
			sink.Put(we)
			return Continue
		}
	}, nil)
}

// watch registers a handler on each hook that patterns match, and arms them together. registered may be nil.
func (t *target) watch(what string, patterns []string, handler func(*registration) func(any) Verdict, registered func(*registration, *Handler)) (wire.Matched, control.Undo, error) {
	rs, err := match(patterns)
	if err != nil {
		return wire.Matched{}, nil, err
	}
	name := fmt.Sprintf("%s%s.%d", sessionPrefix, what, t.seq.Add(1))
	var m wire.Matched
	var hs []*Handler
	for _, r := range rs {
		h, err := r.any.RegisterAny(name, handler(r), Priority(math.MaxInt), NoControl())
		if err != nil {
			m.Skipped = append(m.Skipped, wire.Skip{Name: r.name, Why: whyNotWatched(r, err)})
			continue
		}
		hs = append(hs, h)
		m.Hooks = append(m.Hooks, r.name)
		if registered != nil {
			registered(r, h)
		}
	}
	if len(hs) == 0 {
		s := m.Skipped[0]
		return m, nil, wire.Errorf(wire.CodeUnsupported, "%s: %s", s.Name, s.Why)
	}
	undo := func(ctx context.Context) error {
		Disarm(hs...) // all at once; one that is gone is dealt with below
		var errs []error
		for _, h := range hs {
			errs = append(errs, h.Deregister(ctx))
		}
		return errors.Join(errs...)
	}
	if err := Arm(hs...); err != nil {
		undo(context.Background())
		return m, nil, err
	}
	return m, undo, nil
}

func whyNotWatched(r *registration, err error) string {
	switch {
	case r.kind == KindPoint:
		return "a point has no event; points are counted and traced once they are patched, see gkhi doctor"
	case r.kind == KindChain:
		return "a chain has callbacks, not handlers that come and go"
	case errors.Is(err, ErrExclusive):
		return "the hook is exclusive, and its one handler is registered"
	}
	return err.Error()
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
	rows []*statRow
	undo control.Undo
}

type statRow struct {
	h       *Handler
	latency *hist.Histogram // nil where the event has no duration
}

// Stat implements [control.Target].
func (t *target) Stat(spec wire.StatSpec) (wire.Matched, control.StatSource, error) {
	src := &statSource{}
	latency := map[*registration]*hist.Histogram{}
	m, undo, err := t.watch("stat", spec.Patterns, func(r *registration) func(any) Verdict {
		duration := eventjson.Duration(r.event)
		if duration == nil {
			return func(any) Verdict { return Continue } // the handler's own count is all there is
		}
		h := &hist.Histogram{}
		latency[r] = h
		return func(ev any) Verdict {
			if d, ok := duration(ev); ok {
				h.Record(int64(d))
			}
			return Continue
		}
	}, func(r *registration, h *Handler) {
		src.rows = append(src.rows, &statRow{h, latency[r]})
	})
	if err != nil {
		return m, nil, err
	}
	src.undo = undo
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
	return rows
}

// Stop implements [control.StatSource].
func (s *statSource) Stop(ctx context.Context) error { return s.undo(ctx) }
