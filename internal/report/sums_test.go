package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/report/reporttest"
)

// gathered is all sums of a recording.
type gathered struct {
	funcs      []Func
	hooks      []Hook
	edges      []Edge
	tree       *Tree
	goroutines []Goroutine
	out        Outcome
}

func gather(t testing.TB, recording []byte, f Filter) gathered {
	t.Helper()
	r := open(t, recording)
	table, graph, tree, gs := NewTable(r), NewGraph(r), NewTree(r), NewGoroutines(r)
	out, err := Walk(r, f, Join(table.Visitor(), graph.Visitor(), tree.Visitor(), gs.Visitor()))
	if err != nil {
		t.Fatal(err)
	}
	tree.Finish()
	return gathered{table.Funcs(out), table.Hooks(), graph.Edges(), tree, gs.All(), out}
}

// TestSums adds up the truth, and compares.
func TestSums(t *testing.T) {
	type truth struct {
		calls      uint64
		self, most int64
		all        []int64
	}
	want := map[string]*truth{}
	recording := reporttest.Make(reporttest.Options{Events: 60000, Turnover: 0.1, Hits: true, Values: true, Stacks: true, Call: func(c reporttest.Call) {
		s := want[c.Func]
		if s == nil {
			s = &truth{}
			want[c.Func] = s
		}
		s.calls++
		s.self += c.Self
		s.most = max(s.most, c.End-c.Start)
		s.all = append(s.all, c.End-c.Start)
	}})
	got := gather(t, recording, Filter{})
	if len(got.funcs) != len(want) {
		t.Fatalf("%d functions, want %d", len(got.funcs), len(want))
	}
	var self, own, busy int64 // self has what is open, too
	var calls, treeCalls uint64
	for _, f := range got.funcs {
		w := want[f.Name]
		if f.Timed != w.calls || f.Open == 0 && f.Self != w.self || f.Self < w.self || f.Max != w.most || f.Scaled || f.Calls != f.Timed+f.Open {
			t.Errorf("%s: %+v, want %+v", f.Name, f, w)
		}
		slices.Sort(w.all)
		p50 := w.all[(len(w.all)-1)/2]
		if q := f.Quantile(0.5); math.Abs(float64(q-p50)) > float64(p50)/8+1 {
			t.Errorf("%s: p50 %d, want %d", f.Name, q, p50)
		}
		if f.Min != w.all[0] || f.Max != w.all[len(w.all)-1] {
			t.Errorf("%s: from %d to %d, want %d to %d", f.Name, f.Min, f.Max, w.all[0], w.all[len(w.all)-1])
		}
		if fails := strings.HasSuffix(f.Name, "Sync"); fails && (f.Errors == 0 || f.Errors > f.Timed/10) {
			t.Errorf("%s: %d of %d calls failed", f.Name, f.Errors, f.Timed)
		}
		if strings.HasSuffix(f.Name, "walk") && f.Total >= int64(f.Took.Sum) && f.Open == 0 {
			t.Errorf("%s: total %d counts recursive calls twice", f.Name, f.Total)
		}
		self += f.Self
		calls += f.Calls
	}
	var edgeCalls uint64
	for _, e := range got.edges {
		edgeCalls += e.Calls
	}
	if edgeCalls != calls {
		t.Errorf("%d calls are in edges, of %d", edgeCalls, calls)
	}
	for i, n := range got.tree.Nodes {
		own += n.Own
		treeCalls += n.Calls
		if i > 0 && n.Parent >= i {
			t.Fatalf("node %d has parent %d", i, n.Parent)
		}
	}
	if own != self || got.tree.Nodes[0].Total != own || treeCalls != calls {
		t.Errorf("the tree has %d ns, total %d, in %d calls; self times are %d, calls %d", own, got.tree.Nodes[0].Total, treeCalls, self, calls)
	}
	top := got.tree.Nodes[0].Children
	if len(top) != 1 || got.tree.Nodes[top[0]].Name != "main.main" {
		t.Errorf("the tree begins with %+v", got.tree.Nodes[top[0]])
	}
	for _, g := range got.goroutines {
		busy += g.Busy
	}
	if busy != own {
		t.Errorf("goroutines are busy for %d ns, the tree has %d", busy, own)
	}
	if len(got.hooks) != 1 || got.hooks[0].Name != "kv.commit" || got.hooks[0].Hits != want["example.com/kv/store.(*Tx).commit"].calls {
		t.Errorf("hooks %+v", got.hooks)
	}
}

// TestOneRule holds table, tree and graph against each other: calls that panicked or are under way at the end count in all of them alike,
// and of calls that events were lost of the number does.
func TestOneRule(t *testing.T) {
	for name, o := range map[string]reporttest.Options{
		"panics":   {Events: 30000, Panics: 0.02, Turnover: 0.1},
		"stacks":   {Events: 30000, Stacks: true, Turnover: 0.1},
		"a loss":   {Events: 30000, Lost: 0.0002, Panics: 0.01},
		"one call": {Events: 1},
	} {
		got := gather(t, reporttest.Make(o), Filter{To: 1 << 40}) // else the recorder's count has what was lost altogether
		type sums struct {
			calls       uint64
			total, self int64
		}
		want := map[int]sums{}
		scaled := false // then sums of the table are more than those of calls with a time
		for _, f := range got.funcs {
			want[f.Index] = sums{f.Calls, f.Total, f.Self}
			scaled = scaled || f.Scaled
		}
		tree, graph := map[int]sums{}, map[int]sums{}
		for i, n := range got.tree.Nodes {
			if n.Func < 0 {
				continue
			}
			s := tree[n.Func]
			s.calls, s.self = s.calls+n.Calls, s.self+n.Own
			around := slices.ContainsFunc(got.tree.Path(i)[:len(got.tree.Path(i))-1], func(p *Node) bool { return p.Func == n.Func })
			if !around {
				s.total += n.Total
			}
			tree[n.Func] = s
		}
		var busy, self int64
		for _, e := range got.edges {
			s := graph[e.Callee]
			graph[e.Callee] = sums{s.calls + e.Calls, s.total + e.Total, want[e.Callee].self}
		}
		for fn, w := range want {
			if g := graph[fn]; g != w && (!scaled || g.calls != w.calls) {
				t.Errorf("%s: function %d: the graph has %+v, the table %+v", name, fn, g, w)
			}
			if tr := tree[fn]; tr != w && (!scaled || tr.calls != w.calls) {
				t.Errorf("%s: function %d: the tree has %+v, the table %+v", name, fn, tr, w)
			}
			self += w.self
		}
		for _, g := range got.goroutines {
			busy += g.Busy
		}
		if o.Lost == 0 && busy != self {
			t.Errorf("%s: goroutines are busy for %d ns, functions for %d", name, busy, self)
		}
	}
}

// TestScaled loses a third of the events: calls are exact all the same, and times are near the truth.
func TestScaled(t *testing.T) {
	self := map[string]int64{}
	recording := reporttest.Make(reporttest.Options{Events: 200000, Lost: 0.004, Call: func(c reporttest.Call) { self[c.Func] += c.Self }})
	got := gather(t, recording, Filter{})
	for i, f := range got.funcs {
		if f.Calls != got.out.Exact[f.Index] {
			t.Errorf("%s: %d calls, %d are exact", f.Name, f.Calls, got.out.Exact[i])
		}
		if !f.Scaled {
			t.Errorf("%s: %d calls of %d have times, and it isn't scaled", f.Name, f.Timed, f.Calls)
		}
		// Those that are whole are the shorter ones: a call in which a goroutine waited for its turn is likely to be
		// cut by a loss. And handle's are the longest of all.
		if is := float64(f.Self) / float64(self[f.Name]); !strings.HasSuffix(f.Name, "handle") && (is < 0.5 || is > 1.5) {
			t.Errorf("%s: self is %.2f of the truth", f.Name, is)
		}
	}
}

// TestTreeOther has more paths than a tree keeps nodes for.
func TestTreeOther(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 20000})
	r := open(t, recording)
	tree := NewTree(r)
	tree.max = 8
	out, err := Walk(r, Filter{}, tree.Visitor())
	if err != nil {
		t.Fatal(err)
	}
	tree.Finish()
	whole := gather(t, recording, Filter{})
	if tree.Folded == 0 || len(tree.Nodes) > 16 || tree.Nodes[0].Total != whole.tree.Nodes[0].Total {
		t.Errorf("%d nodes, %d calls folded, %d ns, %+v; want %d ns", len(tree.Nodes), tree.Folded, tree.Nodes[0].Total, out, whole.tree.Nodes[0].Total)
	}
}

func BenchmarkTable(b *testing.B) {
	recording := reporttest.Make(reporttest.Options{Events: 400_000, Threads: 8, Goroutines: 200, Copies: 400, Turnover: 0.3})
	for b.Loop() {
		r := open(b, recording)
		if _, err := Walk(r, Filter{}, NewTable(r).Visitor()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400_000, "ns/event")
}

func BenchmarkAllSums(b *testing.B) {
	recording := reporttest.Make(reporttest.Options{Events: 400_000})
	for b.Loop() {
		gather(b, recording, Filter{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400_000, "ns/event")
}
