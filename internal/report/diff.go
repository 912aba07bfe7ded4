package report

import (
	"cmp"
	"math"
	"slices"
)

// A Side is one recording of a comparison.
type Side struct {
	Funcs   []Func
	Seconds float64 // its length, or that of the part that is looked at
}

// A Change is what became of a function from one recording to another.
type Change struct {
	Name string
	A, B *Func // nil in a recording in which it was not called

	// PerSecond says that Calls, Total and Self are divided by the lengths of their recordings, since these differ.
	PerSecond   bool
	Calls       [2]float64
	Total, Self [2]float64 // ns
}

// lengthsDiffer is by how much, as a fraction, lengths may differ for sums to be compared as they are.
const lengthsDiffer = 0.05

// Compare puts the functions of two recordings side by side, by their names.
func Compare(a, b Side) []Change {
	perSecond := a.Seconds > 0 && b.Seconds > 0 && math.Abs(a.Seconds-b.Seconds) > lengthsDiffer*min(a.Seconds, b.Seconds)
	at := map[string]int{}
	var all []Change
	change := func(name string) *Change {
		i, ok := at[name]
		if !ok {
			i = len(all)
			at[name] = i
			all = append(all, Change{Name: name, PerSecond: perSecond})
		}
		return &all[i]
	}
	for i := range a.Funcs {
		c := change(a.Funcs[i].Name)
		if c.A == nil {
			c.A = &a.Funcs[i]
		}
	}
	for i := range b.Funcs {
		c := change(b.Funcs[i].Name)
		if c.B == nil {
			c.B = &b.Funcs[i]
		}
	}
	for i := range all {
		c := &all[i]
		for side, f := range []*Func{c.A, c.B} {
			if f == nil {
				continue
			}
			by := 1.0
			if perSecond {
				by = []float64{a.Seconds, b.Seconds}[side]
			}
			c.Calls[side], c.Total[side], c.Self[side] = float64(f.Calls)/by, float64(f.Total)/by, float64(f.Self)/by
		}
	}
	return all
}

// Quantile returns a quantile of both sides.
func (c *Change) Quantile(q float64) [2]float64 {
	return c.both(func(f *Func) int64 { return f.Quantile(q) })
}

// Mean returns the means of both sides, of calls that returned.
func (c *Change) Mean() [2]float64 { return c.both(func(f *Func) int64 { return f.Mean }) }

// Max returns the longest calls of both sides that returned.
func (c *Change) Max() [2]float64 { return c.both(func(f *Func) int64 { return f.Max }) }

func (c *Change) both(of func(*Func) int64) (both [2]float64) {
	for side, f := range []*Func{c.A, c.B} {
		if f != nil {
			both[side] = float64(of(f))
		}
	}
	return both
}

// ChangeOrders are the orders of changes, by name: the greatest change comes first, whether up or down.
var ChangeOrders = map[string]func(a, b *Change) int{
	"name":  func(a, b *Change) int { return cmp.Compare(a.Name, b.Name) },
	"calls": func(a, b *Change) int { return greater(a.Calls, b.Calls) },
	"total": func(a, b *Change) int { return greater(a.Total, b.Total) },
	"self":  func(a, b *Change) int { return greater(a.Self, b.Self) },
	"p50":   func(a, b *Change) int { return greater(a.Quantile(0.5), b.Quantile(0.5)) },
	"p99":   func(a, b *Change) int { return greater(a.Quantile(0.99), b.Quantile(0.99)) },
	"mean":  func(a, b *Change) int { return greater(a.Mean(), b.Mean()) },
	"max":   func(a, b *Change) int { return greater(a.Max(), b.Max()) },
}

func greater(a, b [2]float64) int {
	return cmp.Compare(math.Abs(b[1]-b[0]), math.Abs(a[1]-a[0]))
}

// ArrangeChanges sorts changes in one of the ChangeOrders, and keeps the first top of them, unless that is 0.
func ArrangeChanges(cs []Change, order string, top uint64) []Change {
	by := ChangeOrders[order]
	slices.SortStableFunc(cs, func(a, b Change) int { return cmp.Or(by(&a, &b), cmp.Compare(a.Name, b.Name)) })
	if top > 0 && uint64(len(cs)) > top {
		return cs[:top]
	}
	return cs
}
