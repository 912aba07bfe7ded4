package funcserve

import (
	"context"
	"sync"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/hist"
)

// A Stat measures functions for a stat. It is a [control.StatSource]. A nil Stat measures none.
type Stat struct {
	session *funcs.Session
	mu      sync.Mutex
	times   []*times // by number of a function; nil for those without a call
}

type times struct {
	total, self int64 // ns
	latency     hist.Small
}

// Measure has functions measured for a stat, which has what m says already. That no function can be armed
// is an error if m has nothing else, or else told in m.
func Measure(m *wire.Matched, fs []int) (*Stat, error) {
	if len(fs) == 0 {
		return nil, nil
	}
	n, _ := funcs.Len() // an error is told by Arm too
	st := &Stat{times: make([]*times, n)}
	s, err := funcs.Arm(fs, funcs.Count|funcs.Note|funcs.Ends, st.end)
	if _, err = begun(m, s, err, len(fs)); s == nil {
		return nil, err
	}
	st.session = s
	return st, nil
}

// end takes the end of a call.
func (st *Stat) end(e funcs.Event) {
	if e.Unwound { // how long that one took is not known
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	t := st.times[e.Func]
	if t == nil {
		t = &times{}
		st.times[e.Func] = t
	}
	t.self += int64(e.Self)
	if !e.Recursive { // or its time would be counted twice
		t.total += int64(e.Took)
	}
	t.latency.Record(int64(e.Took))
}

// Snapshot returns rows of the functions that were called.
func (st *Stat) Snapshot() []wire.StatRow {
	if st == nil {
		return nil
	}
	Drain() // what was noted until now
	var rows []wire.StatRow
	var called []int
	st.session.Calls(func(fn int, calls uint64) {
		if calls > 0 {
			rows = append(rows, wire.StatRow{Hook: funcs.Name(fn), Calls: calls, Function: true})
			called = append(called, fn)
		}
	})
	st.mu.Lock()
	defer st.mu.Unlock()
	for i, fn := range called {
		if t := st.times[fn]; t != nil {
			l := t.latency.Snapshot()
			rows[i].Latency, rows[i].Timed, rows[i].Total, rows[i].Self = &l, l.Count, t.total, t.self
		}
	}
	return rows // as functions are, sorted by name
}

// Stop makes the functions dormant that nobody else wants. What was noted until then is for Snapshot to fetch.
func (st *Stat) Stop(context.Context) error {
	if st == nil {
		return nil
	}
	return st.session.Disarm()
}

// Close gives up what was noted and not fetched by Snapshot.
func (st *Stat) Close() {
	if st != nil {
		st.session.Leave()
	}
}
