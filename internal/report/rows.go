package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A FuncRow is a function as --json prints it. Times are in ns.
type FuncRow struct {
	Function string `json:"function"`
	Package  string `json:"package,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Calls    uint64 `json:"calls"`
	Timed    uint64 `json:"timed"` // calls that returned, of which the times are
	Unwound  uint64 `json:"unwound,omitempty"`
	Open     uint64 `json:"open,omitempty"`
	Errors   uint64 `json:"errors,omitempty"`
	TotalNS  int64  `json:"totalNs"`
	SelfNS   int64  `json:"selfNs"`
	Scaled   bool   `json:"scaled,omitempty"` // totalNs and selfNs are told from a part of the calls
	Min      int64  `json:"min"`
	Mean     int64  `json:"mean"`
	P50      int64  `json:"p50"`
	P90      int64  `json:"p90"`
	P99      int64  `json:"p99"`
	Max      int64  `json:"max"`
}

// Row returns a function as a row.
func (f *Func) Row() FuncRow {
	return FuncRow{
		Function: f.Name, Package: f.Package, File: f.File, Line: f.Line,
		Calls: f.Calls, Timed: f.Timed, Unwound: f.Unwound, Open: f.Open, Errors: f.Errors,
		TotalNS: f.Total, SelfNS: f.Self, Scaled: f.Scaled,
		Min: f.Min, Mean: f.Mean, P50: f.Quantile(0.5), P90: f.Quantile(0.9), P99: f.Quantile(0.99), Max: f.Max,
	}
}

// FuncColumns are the names of what Fields returns.
var FuncColumns = strings.Fields("function package file line calls timed unwound open errors total_ns self_ns scaled min_ns mean_ns p50_ns p90_ns p99_ns max_ns")

// Fields returns a row's values as text, for CSV.
func (r FuncRow) Fields() []string {
	u := func(v uint64) string { return strconv.FormatUint(v, 10) }
	i := func(v int64) string { return strconv.FormatInt(v, 10) }
	return []string{
		r.Function, r.Package, r.File, strconv.Itoa(r.Line), u(r.Calls), u(r.Timed), u(r.Unwound), u(r.Open), u(r.Errors),
		i(r.TotalNS), i(r.SelfNS), strconv.FormatBool(r.Scaled), i(r.Min), i(r.Mean), i(r.P50), i(r.P90), i(r.P99), i(r.Max),
	}
}

// An EdgeRow is an edge of the call graph as --json prints it.
type EdgeRow struct {
	Caller     string `json:"caller"`               // empty where it is not known
	Unrecorded bool   `json:"unrecorded,omitempty"` // the caller is told by stacks; its own calls were not recorded
	Callee     string `json:"callee"`
	Calls      uint64 `json:"calls"`
	TotalNS    int64  `json:"totalNs"`
}

// EdgeRow returns an edge as a row.
func (g *Graph) EdgeRow(e Edge) EdgeRow {
	caller, recorded := g.Caller(e)
	return EdgeRow{Caller: caller, Unrecorded: caller != "" && !recorded, Callee: g.r.Funcs[e.Callee].Name, Calls: e.Calls, TotalNS: e.Total}
}

// EdgeColumns are the names of what Fields returns.
var EdgeColumns = []string{"caller", "callee", "calls", "total_ns", "unrecorded"}

// Fields returns a row's values as text, for CSV.
func (r EdgeRow) Fields() []string {
	return []string{r.Caller, r.Callee, strconv.FormatUint(r.Calls, 10), strconv.FormatInt(r.TotalNS, 10), strconv.FormatBool(r.Unrecorded)}
}

// A GoroutineRow is a goroutine as --json prints it. Times are in ns, moments counted from the recording's start.
type GoroutineRow struct {
	G          uint64 `json:"g"`
	Others     int    `json:"others,omitempty"` // it is not one, but the rest
	Calls      uint64 `json:"calls"`
	Hits       uint64 `json:"hits,omitempty"`
	BusyNS     int64  `json:"busyNs"`
	FirstNS    int64  `json:"firstNs"`
	LastNS     int64  `json:"lastNs"`
	Function   string `json:"function,omitempty"`
	Unrecorded bool   `json:"unrecorded,omitempty"` // the function is told by a stack; its own calls were not recorded
}

// Row returns a goroutine as a row.
func (g *Goroutine) Row(start int64) GoroutineRow {
	return GoroutineRow{
		G: g.G, Others: g.Others, Calls: g.Calls, Hits: g.Hits, BusyNS: g.Busy, FirstNS: g.First - start, LastNS: max(g.Last, g.First) - start,
		Function: g.Function, Unrecorded: g.Function != "" && !g.Recorded,
	}
}

// GoroutineColumns are the names of what Fields returns.
var GoroutineColumns = []string{"g", "others", "calls", "hits", "busy_ns", "first_ns", "last_ns", "function", "unrecorded"}

// Fields returns a row's values as text, for CSV.
func (r GoroutineRow) Fields() []string {
	u := func(v uint64) string { return strconv.FormatUint(v, 10) }
	i := func(v int64) string { return strconv.FormatInt(v, 10) }
	return []string{
		u(r.G), strconv.Itoa(r.Others), u(r.Calls), u(r.Hits), i(r.BusyNS), i(r.FirstNS), i(r.LastNS), r.Function, strconv.FormatBool(r.Unrecorded),
	}
}

// A KindRow is all goroutines that run the same function, as --json prints it.
type KindRow struct {
	Goroutines int    `json:"goroutines"`
	Function   string `json:"function"`
	Unrecorded bool   `json:"unrecorded,omitempty"`
	Calls      uint64 `json:"calls"`
	Hits       uint64 `json:"hits,omitempty"`
	BusyNS     int64  `json:"busyNs"`
}

// Row returns a kind as a row.
func (k *Kind) Row() KindRow {
	return KindRow{
		Goroutines: k.Goroutines, Function: k.Function, Unrecorded: k.Function != "" && k.Function != Other && !k.Recorded,
		Calls: k.Calls, Hits: k.Hits, BusyNS: k.Busy,
	}
}

// Orders are the orders of functions, by name; what is most comes first.
var Orders = map[string]func(a, b *Func) int{
	"name":  func(a, b *Func) int { return cmp.Compare(a.Name, b.Name) },
	"calls": func(a, b *Func) int { return cmp.Compare(b.Calls, a.Calls) },
	"total": func(a, b *Func) int { return cmp.Compare(b.Total, a.Total) },
	"self":  func(a, b *Func) int { return cmp.Compare(b.Self, a.Self) },
	"mean":  func(a, b *Func) int { return cmp.Compare(b.Mean, a.Mean) },
	"p50":   func(a, b *Func) int { return cmp.Compare(b.Quantile(0.5), a.Quantile(0.5)) },
	"p99":   func(a, b *Func) int { return cmp.Compare(b.Quantile(0.99), a.Quantile(0.99)) },
	"max":   func(a, b *Func) int { return cmp.Compare(b.Max, a.Max) },
}

// Arrange sorts functions in one of the Orders, and keeps the first top of them, unless that is 0.
func Arrange(fs []Func, order string, top uint64) []Func {
	by := Orders[order]
	slices.SortStableFunc(fs, func(a, b Func) int { return cmp.Or(by(&a, &b), cmp.Compare(a.Name, b.Name)) })
	if top > 0 && uint64(len(fs)) > top {
		return fs[:top]
	}
	return fs
}
