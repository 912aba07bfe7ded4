package gkhi

import (
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/eventjson"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/funcserve"
	"github.com/gkhi/gkhi/internal/record"
)

// Record implements [control.Target].
func (t *target) Record(spec wire.RecordSpec, sink control.DataSink) (wire.Matched, control.Undo, error) {
	c, err := choose(spec.Patterns)
	if err != nil {
		return wire.Matched{}, nil, err
	}
	ids := map[string]int{}
	var names []string
	for i, h := range c.hooks {
		ids[h.name] = i
		names = append(names, h.name)
	}
	r := funcserve.NewRecording(spec, sink, names)
	return r.Start(spec, c.funcs, func() (wire.Matched, control.Undo, func() uint64, error) {
		m, ws, undo, err := t.watch("record", c.hooks, func(reg *registration, name string) (*Handler, error) {
			return recordHook(r, reg, ids[reg.name], name)
		})
		return m, undo, func() uint64 { return pointsLost(ws) }, err
	})
}

// recordHook registers a handler that puts a hook's hits into r.
func recordHook(r *funcserve.Recording, reg *registration, id int, name string) (*Handler, error) {
	if p, ok := reg.any.(*Point); ok {
		return p.Record(name, func(ev PointEvent) {
			// It comes some milliseconds late, with the time of the hit.
			ago := uint64(float64(time.Since(ev.Time)) * record.Now().Rate())
			r.Hit(event.Hit{Hook: id, Ticks: record.Ticks() - ago, G: ev.Goroutine, Fields: []byte("{}")})
		}, watching()...)
	}
	return reg.any.RegisterAny(name, func(ev any) Verdict {
		r.Hit(event.Hit{Hook: id, Ticks: record.Ticks(), G: record.CurrentGoid(), Fields: eventjson.Append(nil, ev)})
		return Continue
	}, watching()...)
}

// pointsLost counts the hits that recorders of points dropped.
func pointsLost(ws []watcher) (lost uint64) {
	for _, w := range ws {
		if w.h.native != nil {
			lost += w.h.native.dropped.Load()
		}
	}
	return lost
}
