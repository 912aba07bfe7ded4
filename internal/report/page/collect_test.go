package page

import (
	"slices"
	"testing"

	"github.com/gkhi/gkhi/internal/hist"
	"github.com/gkhi/gkhi/internal/report"
	"github.com/gkhi/gkhi/internal/report/reporttest"
)

// check holds what the scripts rely on.
func check(t testing.TB, d *Data) {
	t.Helper()
	s := &d.Slices
	n := len(s.Func)
	if len(s.Level) != n || len(s.Start) != n || len(s.Took) != n || len(s.Self) != n || len(s.Flags) != n {
		t.Fatalf("columns of %d %d %d %d %d %d slices", n, len(s.Level), len(s.Start), len(s.Took), len(s.Self), len(s.Flags))
	}
	i := 0
	for _, l := range d.Lanes {
		at := int64(0)
		type open struct {
			level int
			end   int64
		}
		var path []open
		for range l.Slices {
			at += s.Start[i]
			end := at + s.Took[i]
			if at < 0 || s.Took[i] < 0 || end > d.Duration || s.Func[i] >= len(d.Funcs) {
				t.Fatalf("slice %d: from %d to %d of %d, function %d of %d", i, at, end, d.Duration, s.Func[i], len(d.Funcs))
			}
			for len(path) > 0 && path[len(path)-1].level >= s.Level[i] {
				path = path[:len(path)-1]
			}
			// All that is around a call is there.
			if len(path) != s.Level[i] {
				t.Fatalf("slice %d is at level %d, and %d are around it", i, s.Level[i], len(path))
			}
			if len(path) > 0 && path[len(path)-1].end < end {
				t.Fatalf("slice %d ends after the one around it", i)
			}
			path = append(path, open{s.Level[i], end})
			i++
		}
	}
	if i != n {
		t.Fatalf("%d slices, and lanes have %d", n, i)
	}
	for i, v := range s.Values {
		if i >= n || v[0] >= len(d.Texts) || v[1] >= len(d.Texts) {
			t.Fatalf("values %v of slice %d; %d texts", v, i, len(d.Texts))
		}
	}
	for _, e := range d.Edges {
		if e[0] < -1-int64(len(d.Names)) || e[0] >= int64(len(d.Funcs)) || e[1] < 0 || e[1] >= int64(len(d.Funcs)) {
			t.Fatalf("edge %v of %d functions", e, len(d.Funcs))
		}
	}
	depth := -1
	for i, fn := range d.Tree.Func {
		if d.Tree.Depth[i] > depth+1 || i > 0 && d.Tree.Depth[i] == 0 || fn >= len(d.Funcs) || fn < -1-len(d.Names) {
			t.Fatalf("node %d: depth %d behind %d, function %d", i, d.Tree.Depth[i], depth, fn)
		}
		depth = d.Tree.Depth[i]
	}
	for _, h := range d.Hits {
		if h[1].(int) >= len(d.Hooks) {
			t.Fatalf("hit %v of %d hooks", h, len(d.Hooks))
		}
	}
}

// TestWhole has every call of a small recording in the page, as it was.
func TestWhole(t *testing.T) {
	truth := map[reporttest.Call]int{}
	returned := 0
	recording := reporttest.Make(reporttest.Options{Events: 8000, Values: true, Hits: true, Call: func(c reporttest.Call) {
		truth[c]++
		returned++
	}})
	d := build(t, recording, report.Filter{}, DefaultLimits)
	check(t, d)
	if len(d.Notes) != 0 || len(d.Warnings) != 0 {
		t.Errorf("nothing was cut, and the page says %q, %q", d.Notes, d.Warnings)
	}
	s, i, open := &d.Slices, 0, 0
	for _, l := range d.Lanes {
		at := int64(0)
		for range l.Slices {
			at += s.Start[i]
			c := reporttest.Call{G: l.G, Func: d.Funcs[s.Func[i]].Name, Start: reporttest.Began + at, Self: s.Self[i]}
			c.End = c.Start + s.Took[i]
			if s.Flags[i] == flagOpen {
				open++
			} else if truth[c]--; truth[c] < 0 {
				t.Fatalf("call %+v never was", c)
			}
			i++
		}
	}
	if i-open != returned {
		t.Errorf("%d calls returned, the page has %d", returned, i-open)
	}
	var calls, over uint64
	for _, f := range d.Funcs {
		calls += f.Calls
	}
	for _, n := range d.Activity {
		over += n
	}
	if over != calls || int(calls) != i || d.Head.Calls != calls {
		t.Errorf("%d calls in the table, %d over time, %d in the timeline, %d in the head", calls, over, i, d.Head.Calls)
	}
	if len(s.Values) == 0 || len(d.Hits) == 0 {
		t.Errorf("%d values, %d hits", len(s.Values), len(d.Hits))
	}
}

// TestSpread has calls of a cut timeline from every part of the recording, and the longest of all among them.
func TestSpread(t *testing.T) {
	longest := reporttest.Call{}
	recording := reporttest.Make(reporttest.Options{Events: 100_000, Goroutines: 3, Call: func(c reporttest.Call) {
		if c.End-c.Start > longest.End-longest.Start {
			longest = c
		}
	}})
	limits := DefaultLimits
	limits.Slices = 1500
	d := build(t, recording, report.Filter{}, limits)
	check(t, d)
	const parts = 20
	var in [parts]int
	found := false
	i := 0
	for _, l := range d.Lanes {
		at := int64(0)
		for range l.Slices {
			at += d.Slices.Start[i]
			in[min(at*parts/d.Duration, parts-1)]++
			found = found || d.Slices.Took[i] == longest.End-longest.Start && at == longest.Start-reporttest.Began
			i++
		}
	}
	if i > limits.Slices || i < limits.Slices*9/10 {
		t.Errorf("%d calls, where %d fit", i, limits.Slices)
	}
	if !found {
		t.Error("the longest call is not in the page")
	}
	for p, n := range in {
		if n < i/parts/4 {
			t.Errorf("part %d of %d has %d calls of %d: %v", p, parts, n, i, in)
		}
	}
}

// TestFiltered has a page of a part.
func TestFiltered(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 20_000})
	d := build(t, recording, report.Filter{Least: 20_000}, DefaultLimits)
	check(t, d)
	for i, took := range d.Slices.Took {
		if took < 20_000 && d.Slices.Flags[i] == 0 {
			t.Fatalf("a call of %d ns", took)
		}
	}
	if len(d.Slices.Took) == 0 || len(d.Notes) != 1 {
		t.Errorf("%d calls, notes %q", len(d.Slices.Took), d.Notes)
	}
}

func TestBuckets(t *testing.T) {
	s := hist.Snapshot{Buckets: []hist.Bucket{{Low: 0, Count: 1}, {Low: 7, Count: 2}, {Low: 8, Count: 3}, {Low: 15, Count: 4}, {Low: 16, Count: 5}, {Low: 18, Count: 6}, {Low: 1 << 20, Count: 7}}}
	want := []uint64{0, 1, 7, 2, 1, 3, 7, 4, 1, 5, 1, 6, 127, 7}
	if got := buckets(s); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAxis(t *testing.T) {
	a := newAxis(8)
	var s series
	a.join = append(a.join, func(int) { s = s.halve() })
	for i := range int64(1000) {
		s.add(a.at(i * 500))
	}
	sum := uint32(0)
	for _, n := range s {
		sum += n
	}
	if sum != 1000 || len(s) < 4 || len(s) > 8 || a.width*int64(len(s)) < 999*500 {
		t.Errorf("%d counts in %d stretches of %d", sum, len(s), a.width)
	}
	if got := (series{0, 1, 100, 50}).digits(5); got != "01950" {
		t.Errorf("digits %q", got)
	}
}

// TestManyGoroutines keeps a bounded number of them, the busiest among those.
func TestManyGoroutines(t *testing.T) {
	c := newCollector(nil, Limits{Slices: 256, Lanes: 5})
	for g := range uint64(3 * maxLanes) {
		took := int64(10)
		if g == 17 {
			took = 5000
		}
		call := &report.Call{G: g, Start: int64(g) * 20, Exit: -1}
		c.enter(call)
		call.End = call.Start + took
		c.leave(call)
	}
	if len(c.lanes) > maxLanes || c.lanes[17] == nil || uint64(len(c.lanes))+c.orphan != 3*maxLanes {
		t.Errorf("%d lanes, %d given up, the busiest is there: %v", len(c.lanes), c.orphan, c.lanes[17] != nil)
	}
}
