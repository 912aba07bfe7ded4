package report

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/report/reporttest"
)

func globs(t testing.TB, patterns ...string) glob.Set {
	t.Helper()
	set, err := glob.CompileSet(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// A lived call is one as the slow way of comparing keeps it. Entered and left are its places in the order of events.
type lived struct {
	g             uint64
	fn            int
	start, end    int64
	entered, left int
	recursive     bool
}

// everyCall returns all calls of a recording, those under way at its end up to that.
func everyCall(t *testing.T, recording []byte) (*event.Reader, []lived, Outcome) {
	t.Helper()
	r := open(t, recording)
	var all []lived
	at := map[*Call]int{}
	n := 0
	out, err := Walk(r, Filter{}, Visitor{
		Enter: func(c *Call) {
			n++
			at[c] = len(all)
			all = append(all, lived{g: c.G, fn: c.Func, start: c.Start, entered: n, recursive: c.Recursive})
		},
		Leave: func(c *Call) { n++; all[at[c]].end, all[at[c]].left = c.End, n },
		Drop:  func(c *Call, now int64, _ bool) { all[at[c]].end, all[at[c]].left = now, 1<<62 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, all, out
}

// slowly compares each call with every other one.
func slowly(r *event.Reader, all []lived, out Outcome, s DuringSpec) DuringResult {
	var of []lived
	for _, c := range all {
		from, to := out.Start+int64(s.From), out.Start+int64(s.To)
		if s.Of.Match(r.Funcs[c.fn].Name) && !c.recursive && (s.G == 0 || c.g == s.G) && c.start >= from && (s.To == 0 || c.start < to) {
			of = append(of, c)
		}
	}
	slices.SortStableFunc(of, func(a, b lived) int { return int(b.end - b.start - (a.end - a.start)) })
	n := s.Slowest
	if s.SlowerThan > 0 {
		n = 0
		for n < len(of) && of[n].end-of[n].start >= int64(s.SlowerThan) {
			n++
		}
	} else if n == 0 {
		n = min(max(len(of)/100, 1), 100)
	}
	d := During{r: r, spec: s}
	for i, f := range of {
		cells := map[int32]cell{}
		for _, o := range all {
			if o.end-o.start < int64(s.Least) || len(s.Names) > 0 && !s.Names.Match(r.Funcs[o.fn].Name) {
				continue
			}
			key := int32(2 * o.fn)
			if o.g != f.g {
				key++
			} else if o.entered <= f.entered {
				continue
			}
			if o.entered < f.left && o.left > f.entered {
				c := cells[key]
				cells[key] = cell{key, c.number + 1, c.time + min(o.end, f.end) - max(o.start, f.start)}
			}
		}
		side := &d.rest
		if i < n {
			side = &d.slow
		}
		side.add(f.end-f.start, slices.Collect(func(yield func(cell) bool) {
			for _, c := range cells {
				if !yield(c) {
					return
				}
			}
		}))
	}
	return d.result()
}

// TestDuring compares what the one pass finds with what comparing all pairs does.
func TestDuring(t *testing.T) {
	for name, o := range map[string]reporttest.Options{
		"plain":  {Events: 6000, Turnover: 0.1},
		"panics": {Events: 6000, Panics: 0.02, Goroutines: 12, Threads: 5},
	} {
		recording := reporttest.Make(o)
		r, all, out := everyCall(t, recording)
		put, commit := globs(t, "*Put"), globs(t, "*handle", "*commit")
		g := all[0].g
		for i, s := range []DuringSpec{
			{Of: put},
			{Of: put, SlowerThan: 150 * time.Microsecond},
			{Of: put, Slowest: 5, Least: time.Microsecond},
			{Of: commit, Slowest: 5, Least: 100 * time.Microsecond},
			{Of: commit, SlowerThan: 100 * time.Microsecond, Least: 400 * time.Microsecond},
			{Of: put, SlowerThan: 150 * time.Microsecond, Least: 20 * time.Microsecond, Names: globs(t, "*Sync", "*handle", "*walk")},
			{Of: commit, SlowerThan: time.Microsecond, From: time.Millisecond, To: 3 * time.Millisecond},
			{Of: globs(t, "*walk"), SlowerThan: time.Microsecond, G: g},
			{Of: put, SlowerThan: time.Hour},
			{Of: put, Slowest: 1000},
		} {
			reader := open(t, recording)
			d := NewDuring(reader, s)
			if _, err := Walk(reader, Filter{}, d.Visitor()); err != nil {
				t.Fatal(err)
			}
			got, want := d.Finish(), slowly(r, all, out, s)
			if got.Slow != want.Slow || got.Rest != want.Rest || d.Skipped > 0 {
				t.Errorf("%s, %d: slow %+v, rest %+v, want %+v, %+v", name, i, got.Slow, got.Rest, want.Slow, want.Rest)
			}
			if !slices.Equal(got.Rows, want.Rows) {
				t.Errorf("%s, %d:\n%+v, want\n%+v", name, i, got.Rows, want.Rows)
			}
			if len(got.Rows) == 0 && s.SlowerThan < time.Hour {
				t.Errorf("%s, %d: nothing ran", name, i)
			}
		}
	}
}

// TestDuringBounds has more calls at a time than are compared, and events that are lost.
func TestDuringBounds(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 20000, Goroutines: 30, Lost: 0.001, Panics: 0.01})
	r := open(t, recording)
	d := NewDuring(r, DuringSpec{Of: globs(t, "*handle"), Least: time.Millisecond})
	d.most = 3
	if _, err := Walk(r, Filter{}, d.Visitor()); err != nil {
		t.Fatal(err)
	}
	got := d.Finish()
	if d.Skipped == 0 || got.Slow.Calls == 0 || got.Rest.Calls == 0 || len(d.open)+len(d.ended) > 0 || len(d.free) > 3 {
		t.Errorf("%d skipped, %+v", d.Skipped, got)
	}
	for _, row := range got.Rows {
		if row.Slow.NS < 0 || row.Rest.NS < 0 || row.Slow.With > got.Slow.Calls || row.Rest.With > got.Rest.Calls || row.Slow.With > row.Slow.Calls {
			t.Errorf("%+v", row)
		}
	}
}

// TestContrast orders by time, and what always runs is no cause.
func TestContrast(t *testing.T) {
	res := DuringResult{Slow: DuringCalls{Calls: 10, NS: 1000}, Rest: DuringCalls{Calls: 90, NS: 900}}
	for want, row := range map[float64]DuringRow{
		0.5:  {Slow: Overlap{With: 10, NS: 900}, Rest: Overlap{With: 90, NS: 360}},
		0.01: {Slow: Overlap{With: 9, NS: 10}, Rest: Overlap{}},
		0:    {Slow: Overlap{With: 10, NS: 5000}, Rest: Overlap{With: 90, NS: 4500}},
	} {
		if got := res.contrast(&row); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("%+v: %v, want %v", row, got, want)
		}
	}
}

// FuzzDuring reads whatever there is: it must not crash, and no sum may be out of range.
func FuzzDuring(f *testing.F) {
	f.Add(reporttest.Make(reporttest.Options{Events: 300, Lost: 0.01, Panics: 0.05, Stacks: true}), uint16(1000))
	f.Fuzz(func(t *testing.T, b []byte, least uint16) {
		r, err := event.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		d, gs := NewDuring(r, DuringSpec{Of: globs(t, "*e*"), Least: time.Duration(least), Slowest: 3}), NewGoroutines(r)
		d.most = 5
		Walk(r, Filter{}, Join(gs.Visitor(), d.Visitor())) //nolint:errcheck // damaged, as a rule
		res := d.Finish()
		for _, row := range res.Rows {
			if row.Slow.NS < 0 || row.Rest.NS < 0 || row.Slow.With > res.Slow.Calls || row.Rest.With > res.Rest.Calls {
				t.Errorf("%+v of %+v, %+v", row, res.Slow, res.Rest)
			}
		}
		Kinds(gs.All())
	})
}

func BenchmarkDuring(b *testing.B) {
	recording := reporttest.Make(reporttest.Options{Events: 400_000, Threads: 8, Goroutines: 200})
	for b.Loop() {
		r := open(b, recording)
		d := NewDuring(r, DuringSpec{Of: globs(b, "*handle")})
		if _, err := Walk(r, Filter{}, d.Visitor()); err != nil {
			b.Fatal(err)
		}
		d.Finish()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400_000, "ns/event")
}
