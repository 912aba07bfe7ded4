package cli

import (
	"cmp"
	"slices"
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

	// Of a function, in the report's time:
	function    bool
	timed       uint64        // calls of which the times are known
	total, self time.Duration // of all calls, as far as can be told from these
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
		r.rows = append(r.rows, rowOf(d, s.Rows[i].Calls))
	}
	m.last = s
	return r
}

// totals returns the report of the whole time so far.
func (m *meter) totals() report {
	r := m.report(m.last, m.start)
	r.total = true
	for _, w := range m.last.Rows {
		r.rows = append(r.rows, rowOf(w, w.Calls))
	}
	return r
}

func rowOf(w wire.StatRow, calls uint64) row {
	r := row{hook: w.Hook, calls: calls, delta: w.Calls, latency: w.Latency, function: w.Function, timed: w.Timed}
	// Calls that began before this interval and ended in it are no reason to scale.
	scale := 1.0
	if r.guessed() {
		scale = float64(w.Calls) / float64(w.Timed)
	}
	r.total, r.self = time.Duration(float64(w.Total)*scale), time.Duration(float64(w.Self)*scale)
	return r
}

// guessed reports whether a function's times are known of a part of its calls only.
func (w row) guessed() bool { return w.timed > 0 && w.timed*100 < w.delta*99 }

// untimed returns how many percent of the calls of functions that have times have none themselves.
func (r report) untimed() float64 {
	var calls, timed uint64
	for _, w := range r.rows {
		if w.guessed() {
			calls += w.delta
			timed += w.timed
		} else if w.timed > 0 {
			calls += w.delta
			timed += w.delta
		}
	}
	if calls == 0 {
		return 0
	}
	return 100 * float64(calls-timed) / float64(calls)
}

// timed reports whether there are functions, which have times of their own.
func (r report) timed() bool {
	return slices.ContainsFunc(r.rows, func(w row) bool { return w.function })
}

// The orders of rows, by the names that --sort has for them; what is most comes first.
var rowOrders = map[string]func(a, b row) int{
	"name":  func(a, b row) int { return cmp.Compare(a.hook, b.hook) },
	"calls": func(a, b row) int { return cmp.Compare(b.delta, a.delta) },
	"total": func(a, b row) int { return cmp.Compare(b.total, a.total) },
	"self":  func(a, b row) int { return cmp.Compare(b.self, a.self) },
	"p99":   func(a, b row) int { return cmp.Compare(b.quantile(0.99), a.quantile(0.99)) },
	"max":   func(a, b row) int { return cmp.Compare(b.quantile(1), a.quantile(1)) },
}

func (w row) quantile(q float64) uint64 {
	switch {
	case w.latency == nil || w.latency.Count == 0:
		return 0
	case q == 1:
		return w.latency.Max
	}
	return w.latency.Quantile(q)
}

// arrange sorts rows, by name when nothing else is asked for and there are no functions, else
// by their total time, and keeps the first top of them, unless that is 0.
func (r *report) arrange(order string, top uint64) {
	if order == "" && r.timed() {
		order = "total"
	}
	if f := rowOrders[order]; f != nil {
		slices.SortStableFunc(r.rows, f)
	}
	if top > 0 && uint64(len(r.rows)) > top {
		r.rows = r.rows[:top]
	}
}

// report returns a report without rows. A clock that was set back makes its length 0, not less.
func (m *meter) report(s client.Snapshot, since int64) report {
	return report{at: time.Unix(0, s.Time), took: time.Duration(max(s.Time-since, 0)), sum: s.Rows}
}
