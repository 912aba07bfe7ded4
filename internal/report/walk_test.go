package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/report/reporttest"
)

func open(t testing.TB, recording []byte) *event.Reader {
	t.Helper()
	r, err := event.NewReader(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWalkTruth holds what a walk tells against what the recorded program did.
func TestWalkTruth(t *testing.T) {
	for seed := range uint64(12) {
		for round := range 3 {
			lost, panics := float64(round%2)*0.002, float64(round/2)*0.01
			truth := map[string]reporttest.Call{}
			lostCalls := 0
			key := func(c reporttest.Call) string { return fmt.Sprint(c.G, c.Func, c.Start, c.End) }
			recording := reporttest.Make(reporttest.Options{
				Events: 20000, Seed: seed, Lost: lost, Panics: panics, Turnover: 0.2, Values: true, Stacks: true, Hits: true,
				Call: func(c reporttest.Call) {
					if c.Lost {
						lostCalls++
					} else {
						truth[key(c)] = c
					}
				},
			})
			r := open(t, recording)
			// A goroutine that moves to a thread that loses events, and back before that thread's loss is over, may return from
			// another call than the one that it was seen to enter.
			never := 0
			seen, hits, unwound := 0, 0, 0
			out, err := Walk(r, Filter{}, Visitor{
				Leave: func(c *Call) {
					if c.Unwound {
						unwound++
						return
					}
					got := reporttest.Call{G: c.G, Func: r.Funcs[c.Func].Name, Start: c.Start, End: c.End, Self: c.Self}
					want, ok := truth[key(got)]
					if panics > 0 { // a call that panicked seems to last until its caller goes on
						want.Self, got.Self = 0, 0
					}
					switch {
					case !ok && lost > 0:
						never++
					case !ok || lost == 0 && want != got:
						t.Fatalf("seed %d: %+v, want %+v", seed, got, want)
					}
					if c.Own != c.Self {
						t.Fatalf("seed %d: own time %d, self %d, and nothing is filtered", seed, c.Own, c.Self)
					}
					if len(c.Args) != len(r.Sites[c.Entry].Words) || len(c.Results) != len(r.Sites[c.Exit].Words) {
						t.Fatalf("seed %d: words %v and %v", seed, c.Args, c.Results)
					}
					if c.Parent == nil && strings.HasSuffix(got.Func, "handle") != (c.Stack >= 0) {
						t.Fatalf("seed %d: %s has stack %d", seed, got.Func, c.Stack)
					}
					seen++
				},
				Hit: func(*Hit) { hits++ },
			})
			if err != nil || out.Truncated {
				t.Fatalf("seed %d: %v, %+v", seed, err, out)
			}
			if lost == 0 && seen != len(truth) || lost > 0 && seen < len(truth)/2 || hits == 0 || panics > 0 && unwound == 0 {
				t.Fatalf("seed %d: %d calls of %d, %d hits, %d unwound", seed, seen, len(truth), hits, unwound)
			}
			if never*300 > seen {
				t.Fatalf("seed %d: %d calls of %d never were", seed, never, seen)
			}
			if (lost > 0) != (out.Lost > 0) || (lost > 0) != (out.Gaps > 0) || (lost > 0) != (lostCalls > 0) {
				t.Fatalf("seed %d: %+v", seed, out)
			}
			if out.Calls != uint64(seen+unwound) || out.Events < 20000 {
				t.Fatalf("seed %d: %+v", seed, out)
			}
		}
	}
}

// told writes down what a visitor is told.
func told(t *testing.T, recording []byte, f Filter) (lines []string, out Outcome) {
	t.Helper()
	r := open(t, recording)
	short := func(c *Call) string {
		name := r.Funcs[c.Func].Name
		return fmt.Sprintf("%*s%s", 2*c.Level, "", name[strings.LastIndexAny(name, "/")+1:])
	}
	depth := map[uint64][]*Call{}
	out, err := Walk(r, f, Visitor{
		Enter: func(c *Call) {
			if len(depth[c.G]) != c.Level {
				t.Fatalf("%s is entered at depth %d", short(c), len(depth[c.G]))
			}
			if n := len(depth[c.G]); n > 0 && depth[c.G][n-1] != c.Parent {
				t.Fatalf("%s has another parent than the call around it", short(c))
			}
			depth[c.G] = append(depth[c.G], c)
			lines = append(lines, fmt.Sprintf("%d enter %s", c.G, short(c)))
		},
		Leave: func(c *Call) {
			n := len(depth[c.G])
			if depth[c.G][n-1] != c {
				t.Fatalf("%s is left, and is not innermost", short(c))
			}
			depth[c.G] = depth[c.G][:n-1]
			if c.Own < c.Self || c.Own > c.Took() {
				t.Fatalf("%s: own %d, self %d, took %d", short(c), c.Own, c.Self, c.Took())
			}
			if f.Least > 0 && c.Took() < int64(f.Least) {
				t.Fatalf("%s took %d", short(c), c.Took())
			}
			lines = append(lines, fmt.Sprintf("%d leave %s", c.G, short(c)))
		},
		Drop: func(c *Call, _ int64, lost bool) {
			if n := len(depth[c.G]); n == 0 || depth[c.G][n-1] != c {
				t.Fatalf("%s is dropped, and is not innermost", short(c))
			} else {
				depth[c.G] = depth[c.G][:n-1]
			}
			lines = append(lines, fmt.Sprintf("%d drop %s %v", c.G, short(c), lost))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, out
}

func TestFilter(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 4000, Panics: 0.02})
	all, whole := told(t, recording, Filter{})
	names, err := glob.CompileSet([]string{"*Put", "*walk"})
	if err != nil {
		t.Fatal(err)
	}
	named, _ := told(t, recording, Filter{Names: names})
	if len(named) == 0 || slices.ContainsFunc(named, func(l string) bool { return !strings.Contains(l, "Put") && !strings.Contains(l, "walk") }) {
		t.Errorf("named: %q", named)
	}
	if !slices.ContainsFunc(named, func(l string) bool { return strings.HasSuffix(l, "enter   store.(*node).walk") }) {
		t.Errorf("no walk is right in Put: %q", named)
	}
	long, _ := told(t, recording, Filter{Least: 20 * time.Microsecond})
	if len(long) == 0 || len(long) >= len(all) {
		t.Errorf("%d lines of %d are of long calls", len(long), len(all))
	}
	half := time.Duration(whole.End-whole.Start) / 2
	first, early := told(t, recording, Filter{To: half})
	second, _ := told(t, recording, Filter{From: half})
	enters := func(lines []string) (n int) {
		for _, l := range lines {
			if strings.Contains(l, " enter ") {
				n++
			}
		}
		return n
	}
	if a, b, c := enters(first), enters(second), enters(all); a == 0 || b == 0 || a+b != c {
		t.Errorf("%d calls began in the first half, %d in the second, of %d", a, b, c)
	}
	if early.Exact != nil || whole.Exact == nil {
		t.Errorf("exact numbers of a part: %v, of all: %v", early.Exact, whole.Exact)
	}
	g := all[0][:strings.Index(all[0], " ")]
	var id uint64
	fmt.Sscan(g, &id)
	one, _ := told(t, recording, Filter{G: id})
	if len(one) == 0 || slices.ContainsFunc(one, func(l string) bool { return !strings.HasPrefix(l, g+" ") }) {
		t.Errorf("of goroutine %s: %q", g, one)
	}
}

// TestStopEarly reads no more of a recording than the filter needs.
func TestStopEarly(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 400_000, Goroutines: 1, Threads: 1})
	in := &counting{r: bytes.NewReader(recording)}
	r, err := event.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Walk(r, Filter{To: time.Millisecond}, Visitor{})
	if err != nil || !out.Stopped || in.n > len(recording)*2/3 {
		t.Errorf("%v, %+v, %d bytes of %d were read", err, out, in.n, len(recording))
	}
}

type counting struct {
	r io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// TestOpen ends with calls under way, and with some whose entries are behind a gap.
func TestOpen(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 3000, Lost: 0.01})
	lines, out := told(t, recording, Filter{})
	open, lost := 0, 0
	for _, l := range lines {
		if strings.HasSuffix(l, "false") {
			open++
		} else if strings.HasSuffix(l, "true") {
			lost++
		}
	}
	if open == 0 || lost == 0 || uint64(open) != out.Open || out.Given < uint64(lost) {
		t.Errorf("%d open, %d lost, %+v", open, lost, out)
	}
}

func BenchmarkWalk(b *testing.B) {
	recording := reporttest.Make(reporttest.Options{Events: 400_000})
	for b.Loop() {
		if _, err := Walk(open(b, recording), Filter{}, Visitor{Leave: func(*Call) {}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400_000, "ns/event")
}

func BenchmarkReadOnly(b *testing.B) {
	recording := reporttest.Make(reporttest.Options{Events: 400_000})
	for b.Loop() {
		r := open(b, recording)
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400_000, "ns/event")
}

func FuzzWalk(f *testing.F) {
	f.Add(reporttest.Make(reporttest.Options{Events: 200, Lost: 0.01, Values: true, Stacks: true, Hits: true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := event.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		depth := 0
		Walk(r, Filter{Least: 5}, Visitor{
			Enter: func(*Call) { depth++ },
			Leave: func(*Call) { depth-- },
			Drop:  func(*Call, int64, bool) { depth-- },
		})
		if depth != 0 {
			t.Fatalf("%d calls were entered more often than left", depth)
		}
	})
}

// TestEnd finds the recording's end when a part was read: by the index, and where that is missing by reading on.
func TestEnd(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 400_000})
	whole, err := Walk(open(t, recording), Filter{}, Visitor{})
	if err != nil || whole.Part() {
		t.Fatal(err, whole)
	}
	for name, b := range map[string][]byte{"complete": recording, "without its index": recording[:bytes.LastIndexByte(recording, 'X')]} {
		r := open(t, b)
		out, err := Walk(r, Filter{From: 2 * time.Millisecond, To: 3 * time.Millisecond}, Visitor{})
		if err != nil || !out.Stopped || !out.Part() || out.From != whole.Start+2e6 || out.To != whole.Start+3e6 {
			t.Errorf("%s: %v, %+v", name, err, out)
		}
		if last := r.End(bytes.NewReader(b), int64(len(b))); last < out.To || last != whole.Last {
			t.Errorf("%s: it ends at %d, want %d", name, last, whole.Last)
		}
	}
}
