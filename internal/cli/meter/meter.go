// Package meter turns the snapshots of a stat, which are totals, into rates and times of
// intervals. The commands stat and top share it.
package meter

import (
	"cmp"
	"slices"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/hist"
)

// A Report is what was counted in an interval, or in the whole time of a stat.
type Report struct {
	At    time.Time     // its end
	Took  time.Duration // its length
	Total bool          // of the whole time
	Rows  []Row
	Sum   []wire.StatRow // since the beginning
}

// A Row is one hook or function in a report.
type Row struct {
	Hook    string
	Calls   uint64         // since the beginning
	Delta   uint64         // in the report's time
	Latency *hist.Snapshot // in the report's time; nil where the event has no duration

	// Of a function, in the report's time:
	Function    bool
	Timed       uint64        // calls of which the times are known
	Total, Self time.Duration // of all calls, as far as can be told from these
}

// Rate returns calls per second; NaN or infinite where the report has no length.
func (r Report) Rate(w Row) float64 { return float64(w.Delta) / r.Took.Seconds() }

// A Meter turns snapshots into reports. It is not safe for concurrent use.
type Meter struct {
	start int64 // Unix time in ns
	last  client.Snapshot
}

// New returns a Meter of a stat that began at start.
func New(start time.Time) *Meter { return &Meter{start: start.UnixNano()} }

// Add takes the next snapshot and returns the report of the interval that ends with it.
func (m *Meter) Add(s client.Snapshot) Report {
	since := m.start
	if m.last.Seq > 0 {
		since = m.last.Time
	}
	r := report(s, since)
	for i, d := range s.Delta(m.last) {
		r.Rows = append(r.Rows, RowOf(d, s.Rows[i].Calls))
	}
	m.last = s
	return r
}

// Totals returns the report of the whole time so far.
func (m *Meter) Totals() Report {
	r := report(m.last, m.start)
	r.Total = true
	for _, w := range m.last.Rows {
		r.Rows = append(r.Rows, RowOf(w, w.Calls))
	}
	return r
}

// report returns a report without rows. A clock that was set back makes its length 0, not less.
func report(s client.Snapshot, since int64) Report {
	return Report{At: time.Unix(0, s.Time), Took: time.Duration(max(s.Time-since, 0)), Sum: s.Rows}
}

// RowOf returns what w counted as a row; calls are those since the beginning.
func RowOf(w wire.StatRow, calls uint64) Row {
	r := Row{Hook: w.Hook, Calls: calls, Delta: w.Calls, Latency: w.Latency, Function: w.Function, Timed: w.Timed}
	// Calls that began before this interval and ended in it are no reason to scale.
	scale := 1.0
	if r.Guessed() {
		scale = float64(w.Calls) / float64(w.Timed)
	}
	r.Total, r.Self = time.Duration(float64(w.Total)*scale), time.Duration(float64(w.Self)*scale)
	return r
}

// Sum adds what two stats counted of one hook, one after the other.
func Sum(a, b wire.StatRow) wire.StatRow {
	b.Calls += a.Calls
	b.Timed += a.Timed
	b.Total += a.Total
	b.Self += a.Self
	b.Function = b.Function || a.Function
	switch {
	case b.Latency == nil:
		b.Latency = a.Latency
	case a.Latency != nil:
		l := a.Latency.Add(*b.Latency)
		b.Latency = &l
	}
	return b
}

// Guessed reports whether a function's times are known of a part of its calls only.
func (w Row) Guessed() bool { return w.Timed > 0 && w.Timed*100 < w.Delta*99 }

// Quantile returns a latency in ns, the highest for q = 1; 0 when there are none.
func (w Row) Quantile(q float64) uint64 {
	switch {
	case w.Latency == nil || w.Latency.Count == 0:
		return 0
	case q == 1:
		return w.Latency.Max
	}
	return w.Latency.Quantile(q)
}

// Untimed returns how many percent of the calls of functions that have times have none themselves.
func (r Report) Untimed() float64 {
	var calls, timed uint64
	for _, w := range r.Rows {
		if w.Guessed() {
			calls += w.Delta
			timed += w.Timed
		} else if w.Timed > 0 {
			calls += w.Delta
			timed += w.Delta
		}
	}
	if calls == 0 {
		return 0
	}
	return 100 * float64(calls-timed) / float64(calls)
}

// Timed reports whether there are functions, which have times of their own.
func (r Report) Timed() bool {
	return slices.ContainsFunc(r.Rows, func(w Row) bool { return w.Function })
}

// Orders are orders of rows by name; what is most comes first.
var Orders = map[string]func(a, b Row) int{
	"name":  func(a, b Row) int { return cmp.Compare(a.Hook, b.Hook) },
	"calls": func(a, b Row) int { return cmp.Compare(b.Delta, a.Delta) },
	"total": func(a, b Row) int { return cmp.Compare(b.Total, a.Total) },
	"self":  func(a, b Row) int { return cmp.Compare(b.Self, a.Self) },
	"p50":   func(a, b Row) int { return cmp.Compare(b.Quantile(0.5), a.Quantile(0.5)) },
	"p99":   func(a, b Row) int { return cmp.Compare(b.Quantile(0.99), a.Quantile(0.99)) },
	"max":   func(a, b Row) int { return cmp.Compare(b.Quantile(1), a.Quantile(1)) },
}

// Arrange sorts rows, by name when nothing else is asked for and there are no functions, else
// by their total time, and keeps the first top of them, unless that is 0.
func (r *Report) Arrange(order string, top uint64) {
	if order == "" && r.Timed() {
		order = "total"
	}
	if f := Orders[order]; f != nil {
		slices.SortStableFunc(r.Rows, f)
	}
	if top > 0 && uint64(len(r.Rows)) > top {
		r.Rows = r.Rows[:top]
	}
}
