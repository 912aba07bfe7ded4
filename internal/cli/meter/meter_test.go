package meter

import (
	"math"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/hist"
)

var began = time.Date(2026, time.January, 2, 15, 4, 5, 0, time.UTC)

func at(d time.Duration) int64 { return began.Add(d).UnixNano() }

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
	m := New(time.Unix(0, at(0)))
	if r := m.Totals(); len(r.Rows) != 0 || !r.Total {
		t.Errorf("before the first snapshot: %+v", r)
	}

	r := m.Add(snap(1, 2*time.Second, wire.StatRow{Hook: "a", Calls: 10, Latency: latency(100, 200)}))
	if r.Took != 2*time.Second || r.Rows[0].Calls != 10 || r.Rows[0].Delta != 10 || r.Rate(r.Rows[0]) != 5 || r.Rows[0].Latency.Count != 2 {
		t.Errorf("the first interval: %+v", r)
	}
	// The target skips snapshots when this side is slow; the interval is then longer. A hook may be new.
	r = m.Add(snap(4, 6*time.Second, wire.StatRow{Hook: "a", Calls: 30, Latency: latency(100, 200, 5000)}, wire.StatRow{Hook: "b", Calls: 8}))
	if r.Took != 4*time.Second || r.Rows[0].Calls != 30 || r.Rows[0].Delta != 20 || r.Rate(r.Rows[1]) != 2 || r.Rows[0].Latency.Count != 1 {
		t.Errorf("the second interval: %+v", r)
	}
	// The clock is set back.
	r = m.Add(snap(5, time.Second, wire.StatRow{Hook: "a", Calls: 31}))
	if r.Took != 0 || !math.IsInf(r.Rate(r.Rows[0]), 1) {
		t.Errorf("an interval whose end is before its beginning: %+v", r)
	}
	r = m.Totals()
	if !r.Total || r.Took != time.Second || r.Rows[0].Delta != 31 || r.Rows[0].Calls != 31 {
		t.Errorf("totals: %+v", r)
	}
}

// What was counted by one stat and then by another of the same hook is counted once each.
func TestSum(t *testing.T) {
	var h hist.Histogram
	h.Record(100)
	one := h.Snapshot()
	h.Record(200)
	two := h.Snapshot()
	a := wire.StatRow{Hook: "f", Function: true, Calls: 3, Timed: 1, Total: 100, Self: 50, Latency: &one}
	b := wire.StatRow{Hook: "f", Function: true, Calls: 2, Timed: 2, Total: 300, Self: 30, Latency: &two}
	s := Sum(a, b)
	if s.Calls != 5 || s.Timed != 3 || s.Total != 400 || s.Self != 80 || s.Latency.Count != 3 || two.Count != 2 || one.Count != 1 {
		t.Errorf("%+v, %+v", s, s.Latency)
	}
	if s := Sum(a, wire.StatRow{Hook: "f"}); s.Calls != 3 || s.Latency == nil || !s.Function {
		t.Errorf("with nothing after it: %+v", s)
	}
	if s := Sum(wire.StatRow{}, b); s.Calls != 2 || s.Latency != b.Latency {
		t.Errorf("with nothing before it: %+v", s)
	}
}
