package cli

import (
	"math"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/hist"
)

func TestMeter(t *testing.T) {
	latency := func(ns ...int64) *hist.Snapshot {
		var h hist.Histogram
		for _, n := range ns {
			h.Record(n)
		}
		s := h.Snapshot()
		return &s
	}
	snap := func(seq uint64, after time.Duration, rows ...wire.StatRow) client.Snapshot {
		return client.Snapshot{Seq: seq, Time: at(after), Rows: rows}
	}
	m := meter{start: at(0)}
	if r := m.totals(); len(r.rows) != 0 || !r.total {
		t.Errorf("before the first snapshot: %+v", r)
	}

	r := m.add(snap(1, 2*time.Second, wire.StatRow{Hook: "a", Calls: 10, Latency: latency(100, 200)}))
	if r.took != 2*time.Second || r.rows[0].calls != 10 || r.rows[0].delta != 10 || r.rate(r.rows[0]) != 5 || r.rows[0].latency.Count != 2 {
		t.Errorf("the first interval: %+v", r)
	}
	// The target skips snapshots when this side is slow; the interval is then longer. A hook may be new.
	r = m.add(snap(4, 6*time.Second, wire.StatRow{Hook: "a", Calls: 30, Latency: latency(100, 200, 5000)}, wire.StatRow{Hook: "b", Calls: 8}))
	if r.took != 4*time.Second || r.rows[0].calls != 30 || r.rows[0].delta != 20 || r.rate(r.rows[1]) != 2 || r.rows[0].latency.Count != 1 {
		t.Errorf("the second interval: %+v", r)
	}
	// The clock is set back.
	r = m.add(snap(5, time.Second, wire.StatRow{Hook: "a", Calls: 31}))
	if r.took != 0 || !math.IsInf(r.rate(r.rows[0]), 1) {
		t.Errorf("an interval whose end is before its beginning: %+v", r)
	}
	r = m.totals()
	if !r.total || r.took != time.Second || r.rows[0].delta != 31 || r.rows[0].calls != 31 {
		t.Errorf("totals: %+v", r)
	}
}
