package cli

import (
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/hist"
)

// A report is what was counted in an interval, or in the whole time of a stat.
type report struct {
	at    time.Time     // its end
	took  time.Duration // its length
	total bool          // of the whole time
	rows  []row
	sum   []wire.StatRow // since the beginning
}

// A row is one hook in a report.
type row struct {
	hook    string
	calls   uint64         // since the beginning
	delta   uint64         // in the report's time
	latency *hist.Snapshot // in the report's time; nil where the event has no duration
}

// rate returns calls per second; NaN or infinite where the report has no length.
func (r report) rate(w row) float64 { return float64(w.delta) / r.took.Seconds() }

// A meter turns snapshots, which are totals, into reports.
type meter struct {
	start int64 // Unix time in ns
	last  client.Snapshot
}

// add takes the next snapshot and returns the report of the interval that ends with it.
func (m *meter) add(s client.Snapshot) report {
	since := m.start
	if m.last.Seq > 0 {
		since = m.last.Time
	}
	r := m.report(s, since)
	for i, d := range s.Delta(m.last) {
		r.rows = append(r.rows, row{hook: d.Hook, calls: s.Rows[i].Calls, delta: d.Calls, latency: d.Latency})
	}
	m.last = s
	return r
}

// totals returns the report of the whole time so far.
func (m *meter) totals() report {
	r := m.report(m.last, m.start)
	r.total = true
	for _, w := range m.last.Rows {
		r.rows = append(r.rows, row{hook: w.Hook, calls: w.Calls, delta: w.Calls, latency: w.Latency})
	}
	return r
}

// report returns a report without rows. A clock that was set back makes its length 0, not less.
func (m *meter) report(s client.Snapshot, since int64) report {
	return report{at: time.Unix(0, s.Time), took: time.Duration(max(s.Time-since, 0)), sum: s.Rows}
}
