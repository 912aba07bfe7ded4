package top

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/cli/meter"
	"github.com/gkhi/gkhi/internal/hist"
)

// Figures are what a row shows of a function.
type Figures struct {
	Name        string
	Rate        float64 // calls per second
	Calls       uint64  // since top began
	Share       float64 // of all time measured, in percent; of a function
	Total, Self time.Duration
	Function    bool
	Guessed     bool // Total and Self are told from a part of the calls
	Latency     *hist.Snapshot
}

// figures are those of one row; all is the sum of all functions' own time.
func figures(w meter.Row, took, all time.Duration) Figures {
	f := Figures{Name: w.Hook, Calls: w.Calls, Total: w.Total, Self: w.Self, Function: w.Function, Guessed: w.Guessed(), Latency: w.Latency}
	if took > 0 {
		f.Rate = float64(w.Delta) / took.Seconds()
	}
	if all > 0 {
		f.Share = 100 * float64(w.Total) / float64(all)
	}
	return f
}

func (f *Figures) timed() bool { return f.Latency != nil && f.Latency.Count > 0 }

// quantile is -1 where there is none, which sorts last.
func (f *Figures) quantile(q float64) int64 {
	switch {
	case !f.timed():
		return -1
	case q == 1:
		return int64(min(f.Latency.Max, math.MaxInt64))
	}
	return int64(min(f.Latency.Quantile(q), math.MaxInt64))
}

// A Column is a column of the table.
type Column struct {
	Key     string // its name for --sort
	Title   string
	width   int // 0: what is left, for names
	expense int // the higher, the sooner it makes room for names; 0 never
	cell    func(*Figures) string
	compare func(a, b *Figures) int // what comes first is less
}

// Columns are all columns, in order.
var Columns = []Column{
	{"name", "FUNCTION", 0, 0, func(f *Figures) string { return f.Name },
		func(a, b *Figures) int { return cmp.Compare(a.Name, b.Name) }},
	{"rate", "CALLS/S", 8, 0, func(f *Figures) string { return Rate(f.Rate) },
		func(a, b *Figures) int { return cmp.Compare(b.Rate, a.Rate) }},
	{"calls", "CALLS", 6, 3, func(f *Figures) string { return Count(f.Calls) },
		func(a, b *Figures) int { return cmp.Compare(b.Calls, a.Calls) }},
	{"share", "TOTAL%", 7, 2, share,
		func(a, b *Figures) int { return cmp.Compare(b.Share, a.Share) }},
	{"total", "TOTAL", 7, 0, func(f *Figures) string { return f.time(f.Total) },
		func(a, b *Figures) int { return cmp.Compare(b.Total, a.Total) }},
	{"self", "SELF", 7, 1, func(f *Figures) string { return f.time(f.Self) },
		func(a, b *Figures) int { return cmp.Compare(b.Self, a.Self) }},
	quantileColumn("p50", "P50", 0.5, 4),
	quantileColumn("p99", "P99", 0.99, 1),
	quantileColumn("max", "MAX", 1, 5),
}

func quantileColumn(key, title string, q float64, expense int) Column {
	return Column{key, title, 6, expense,
		func(f *Figures) string {
			if !f.timed() {
				return "-"
			}
			return draw.Duration(f.quantile(q))
		},
		func(a, b *Figures) int { return cmp.Compare(b.quantile(q), a.quantile(q)) }}
}

// ColumnNamed returns the number of a column; -1 when there is none of that name.
func ColumnNamed(key string) int {
	for i, c := range Columns {
		if c.Key == key {
			return i
		}
	}
	return -1
}

func share(f *Figures) string {
	if !f.Function || !f.timed() {
		return "-"
	}
	return strconv.FormatFloat(f.Share, 'f', 1, 64)
}

func (f *Figures) time(d time.Duration) string {
	switch {
	case !f.Function || !f.timed():
		return "-"
	case f.Guessed:
		return "~" + draw.Duration(int64(d))
	}
	return draw.Duration(int64(d))
}

// Count writes a number in at most six columns: 99999, 123k, 1.23M.
func Count(n uint64) string {
	if n < 100_000 {
		return strconv.FormatUint(n, 10)
	}
	v, unit := float64(n), ""
	for _, u := range []string{"k", "M", "G", "T", "P", "E"} {
		if v < 999.5 {
			break
		}
		v, unit = v/1000, u
	}
	switch {
	case v >= 99.95:
		return fmt.Sprintf("%.0f%s", v, unit)
	case v >= 9.995:
		return fmt.Sprintf("%.1f%s", v, unit)
	}
	return fmt.Sprintf("%.2f%s", v, unit)
}

// Rate writes a rate in at most six columns.
func Rate(perSecond float64) string {
	if perSecond >= 99_999.5 && !math.IsInf(perSecond, 0) {
		return Count(uint64(min(perSecond, 1<<63)))
	}
	return draw.Rate(perSecond)
}

// fit returns the columns that fit beside a name of some length, and the width left for names. The column sorted by always does.
func fit(width, sorted int) (columns []int, name int) {
	dropped := map[int]bool{}
	for {
		columns, name = nil, width
		for i, c := range Columns {
			if dropped[i] {
				continue
			}
			columns = append(columns, i)
			if c.width > 0 {
				name -= c.width + 1
			}
		}
		worst := -1
		for _, i := range columns {
			if e := Columns[i].expense; e > 0 && i != sorted && (worst < 0 || e > Columns[worst].expense) {
				worst = i
			}
		}
		if name >= leastName || worst < 0 {
			return columns, max(name, 0)
		}
		dropped[worst] = true
	}
}

// leastName is the width that names should have, in columns.
const leastName = 22
