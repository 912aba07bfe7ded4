package top

import (
	"slices"
	"time"

	"github.com/gkhi/gkhi/internal/cli/meter"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// A Book keeps what was counted, over several stats one after the other. It is not safe for concurrent use.
type Book struct {
	interval time.Duration
	past     map[string]account // of stats that have ended
	began    time.Time          // of the stat that runs
	meter    *meter.Meter
	sums     map[string]wire.StatRow // of the stat that runs
	at       time.Time               // of the last snapshot
	armed    map[string]bool         // what the stat that runs counts

	last  map[string]meter.Row // of the last whole interval
	took  time.Duration        // its length
	ended time.Time            // its end

	untimed float64 // percent of its calls
}

// An account is what was counted of one function, and for how long.
type account struct {
	row  wire.StatRow
	time time.Duration
}

// NewBook returns an empty Book for stats with this interval.
func NewBook(interval time.Duration) *Book {
	return &Book{interval: interval, past: map[string]account{}, last: map[string]meter.Row{}}
}

// Begin says that a stat of these names began, and the one before has ended.
func (b *Book) Begin(at time.Time, names []string) {
	for name := range b.armed {
		b.past[name] = b.account(name)
	}
	b.began, b.at, b.meter, b.sums = at, at, meter.New(at), nil
	b.armed = make(map[string]bool, len(names))
	for _, n := range names {
		b.armed[n] = true
	}
	for name := range b.last {
		if !b.armed[name] {
			delete(b.last, name)
		}
	}
}

// Add takes the next snapshot of the stat that runs. It reports whether an interval ended with it: the
// last snapshot of a stat comes when that ends, and so short an interval would make wild rates.
func (b *Book) Add(s client.Snapshot) bool {
	if b.meter == nil {
		return false
	}
	since := b.at
	b.at = time.Unix(0, s.Time)
	b.sums = make(map[string]wire.StatRow, len(s.Rows))
	for _, w := range s.Rows {
		b.sums[w.Hook] = w
	}
	if b.at.Sub(since) < b.interval/2 {
		return false
	}
	r := b.meter.Add(s)
	b.took, b.ended, b.untimed = r.Took, r.At, r.Untimed()
	b.last = make(map[string]meter.Row, len(r.Rows))
	for _, w := range r.Rows {
		b.last[w.Hook] = w
	}
	return true
}

// account returns all that was counted of a function, in all stats.
func (b *Book) account(name string) account {
	a := b.past[name]
	if b.armed[name] {
		w := b.sums[name]
		w.Hook = name
		a.row = meter.Sum(a.row, w)
		a.time += max(b.at.Sub(b.began), 0)
	}
	return a
}

// Interval returns what was counted of a function in the last interval, and for how long that was.
func (b *Book) Interval(name string) (meter.Row, time.Duration) {
	w := b.last[name]
	w.Calls = b.account(name).row.Calls
	return w, b.took
}

// Total returns what was counted of a function since top began, and how long it was armed.
func (b *Book) Total(name string) (meter.Row, time.Duration) {
	a := b.account(name)
	a.row.Hook = name
	return meter.RowOf(a.row, a.row.Calls), a.time
}

// Names returns all that was ever counted, and all that is, in no order.
func (b *Book) Names() []string {
	var names []string
	for n := range b.armed {
		names = append(names, n)
	}
	for n := range b.past {
		if !b.armed[n] {
			names = append(names, n)
		}
	}
	return names
}

// Took is the length of the last interval; 0 before the first.
func (b *Book) Took() time.Duration { return b.took }

// At is the end of the last interval.
func (b *Book) At() time.Time { return b.ended }

// figures returns the rows of all that was ever counted, of the last interval or of the whole time, in the same order for both until
// the next snapshot.
func (b *Book) figures(whole bool) []Figures {
	names := b.Names()
	slices.Sort(names)
	rows := make([]meter.Row, len(names))
	spans := make([]time.Duration, len(names))
	var all time.Duration
	for i, n := range names {
		if whole {
			rows[i], spans[i] = b.Total(n)
		} else {
			rows[i], spans[i] = b.Interval(n)
		}
		rows[i].Hook = n
		if rows[i].Function {
			all += rows[i].Self
		}
	}
	fs := make([]Figures, len(names))
	for i := range rows {
		fs[i] = figures(rows[i], spans[i], all)
	}
	return fs
}
