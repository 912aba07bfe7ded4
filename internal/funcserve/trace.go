package funcserve

import (
	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcs"
)

// Trace passes the calls of functions on to a trace, which has what m says already. That no function can be
// armed is an error if m has nothing else, or else told in m.
func Trace(m *wire.Matched, fs []int, spec wire.TraceSpec, sink control.Sink) (control.Undo, error) {
	if len(fs) == 0 {
		return nothing, nil
	}
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
	return begun(m, s, err, len(fs))
}
