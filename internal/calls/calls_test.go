package calls

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A run simulates goroutines that call functions, and knows the truth.
type run struct {
	rnd    *rand.Rand
	now    int64
	events []Event
	truth  []Call // in order of their ends
	panics bool
}

func (r *run) tick() int64 { r.now += 1 + r.rnd.Int64N(5); return r.now }

// call calls a function from a caller whose stack pointer is at sp, and reports whether it panicked.
func (r *run) call(g uint64, stack []int32, sp uint32, budget int) (panicked bool) {
	fn := int32(r.rnd.IntN(6))
	c := Call{G: g, Func: fn, Caller: -1, Level: len(stack), Recursive: slices.Contains(stack, fn)}
	if n := len(stack); n > 0 {
		c.Caller = stack[n-1]
	}
	c.Start = r.tick()
	bp := sp + 16 // behind the return address
	sp = bp + uint32(r.rnd.IntN(5))*16
	r.events = append(r.events, Event{Time: c.Start, G: g, Func: fn, SP: sp, BP: bp})
	for range r.rnd.IntN(4) {
		if budget <= 0 {
			break
		}
		if r.call(g, append(stack, fn), sp, budget-1) && r.rnd.IntN(3) > 0 {
			return true // nobody recovers here
		}
	}
	if r.panics && r.rnd.IntN(6) == 0 {
		return true
	}
	c.End = r.tick()
	r.events = append(r.events, Event{Time: c.End, G: g, Func: fn, SP: sp, BP: bp, Return: true})
	r.truth = append(r.truth, c)
	return false
}

func pairs(events []Event, lose func(int) bool) (returned, unwound []Call, s *Stacks) {
	s = &Stacks{Left: func(c Call) {
		if c.Unwound {
			unwound = append(unwound, c)
		} else {
			returned = append(returned, c)
		}
	}}
	for i, e := range events {
		if lose != nil && lose(i) {
			s.Reset()
			continue
		}
		s.Add(e)
	}
	return returned, unwound, s
}

func simulate(seed uint64, panics bool) *run {
	r := &run{rnd: rand.New(rand.NewPCG(seed, 1)), panics: panics}
	var all []run
	for g := range uint64(5) { // one after the other, then shuffled together
		one := run{rnd: r.rnd, now: r.rnd.Int64N(50), panics: panics}
		for range 8 {
			one.call(g+1, nil, 100, 6)
		}
		all = append(all, one)
	}
	var threads [][]Event
	for _, one := range all {
		r.truth = append(r.truth, one.truth...)
		threads = append(threads, one.events)
	}
	Merge(threads, func(e *Event) int64 { return e.Time }, func(e *Event) { r.events = append(r.events, *e) })
	return r
}

func (c Call) id() [4]int64 { return [4]int64{int64(c.G), int64(c.Func), c.Start, c.End} }

// TestExact holds what comes out against what was done, calls that panicked left out.
func TestExact(t *testing.T) {
	for seed := range uint64(200) {
		for _, panics := range []bool{false, true} {
			r := simulate(seed, panics)
			got, unwound, s := pairs(r.events, nil)
			if len(got) != len(r.truth) {
				t.Fatalf("seed %d: %d calls of %d", seed, len(got), len(r.truth))
			}
			wrong := 0
			want := map[[4]int64]Call{}
			for _, c := range r.truth {
				want[c.id()] = c
			}
			for _, c := range got {
				w, ok := want[c.id()]
				if !ok {
					t.Fatalf("seed %d: %+v never was", seed, c)
				}
				if w.Caller != c.Caller {
					wrong++
				}
				if !panics && (w.Caller != c.Caller || w.Level != c.Level || w.Recursive != c.Recursive) {
					t.Fatalf("seed %d: %+v, want %+v", seed, c, w)
				}
				if c.Self < 0 || c.Self > c.End-c.Start {
					t.Fatalf("seed %d: %+v: its own time is impossible", seed, c)
				}
			}
			// After a panic that left nothing else behind, a caller may be taken for one that is over.
			if wrong*20 > len(got) {
				t.Fatalf("seed %d: of %d calls %d have the wrong caller", seed, len(got), wrong)
			}
			if !panics && (len(unwound) > 0 || s.Open() > 0 || s.Lost > 0) {
				t.Fatalf("seed %d: %d unwound, %d open, %d lost of calls that all returned", seed, len(unwound), s.Open(), s.Lost)
			}
		}
	}
}

// TestLost loses events: no call may come out that never was.
func TestLost(t *testing.T) {
	for seed := range uint64(300) {
		r := simulate(seed, true)
		rnd := rand.New(rand.NewPCG(seed, 2))
		from := rnd.IntN(len(r.events))
		to := from + rnd.IntN(1+len(r.events)-from)
		got, _, _ := pairs(r.events, func(i int) bool { return i >= from && i < to })
		want := map[[4]int64]bool{}
		for _, c := range r.truth {
			want[c.id()] = true
		}
		for _, c := range got {
			if !want[c.id()] {
				t.Fatalf("seed %d, without events %d to %d: %+v never was", seed, from, to, c)
			}
		}
	}
}

func TestInRange(t *testing.T) {
	got, unwound, s := pairs([]Event{
		{Time: 1, G: 1, Func: 1, SP: 100, BP: 100},
		{Time: 2, G: 1, Func: 2, SP: 200, BP: 200},                              // the iterator
		{Time: 3, G: 1, Func: 1, SP: 300, BP: 300, Return: true, InRange: true}, // return in the body
		{Time: 4, G: 1, Func: 2, SP: 200, BP: 200, Return: true},
		{Time: 5, G: 1, Func: 3, SP: 100, BP: 100},
		{Time: 6, G: 1, Func: 3, SP: 100, BP: 100, Return: true},
		{Time: 7, G: 1, Func: 4, SP: 90, BP: 90},
		{Time: 8, G: 1, Func: 4, SP: 90, BP: 90, Return: true},
	}, nil)
	if len(got) != 4 || len(unwound) != 0 || s.Open() != 0 {
		t.Fatalf("returned %+v, unwound %+v", got, unwound)
	}
	if c := got[0]; c.Func != 2 || c.Caller != 1 {
		t.Errorf("first %+v", c)
	}
	var of1 Call
	for _, c := range got {
		if c.Func == 1 {
			of1 = c
		}
	}
	if of1.Start != 1 || of1.End != 3 {
		t.Errorf("the function with the range: %+v", of1)
	}
}

// TestGoexit ends a goroutine in the midst of calls; its number is never used again.
func TestGoexit(t *testing.T) {
	s := &Stacks{}
	for g := range uint64(maxGoroutines + 10) {
		s.Add(Event{Time: int64(g), G: g, Func: 1, SP: 50, BP: 50})
	}
	if s.Open() > maxGoroutines || s.Lost == 0 {
		t.Errorf("%d goroutines are kept, and %d entries given up", s.Open(), s.Lost)
	}
	deep := &Stacks{}
	for d := range uint32(3 * maxFrames) {
		deep.Add(Event{Time: int64(d), G: 1, Func: 1, SP: d, BP: d})
	}
	if n := len(deep.gs[1].frames); n > maxFrames {
		t.Errorf("%d frames are kept", n)
	}
}

// TestTags follows what comes with an entry through every way that a call can end.
func TestTags(t *testing.T) {
	var log []string
	note := func(what string) func(Call) {
		return func(c Call) { log = append(log, fmt.Sprintf("%s %d in %d", what, c.Tag, c.CallerTag)) }
	}
	s := &Stacks{Entered: note("enter"), Returned: note("return"), Left: note("leave"), Dropped: note("drop")}
	for _, e := range []Event{
		{Time: 1, G: 1, Func: 1, SP: 100, BP: 100, Tag: 10},
		{Time: 2, G: 1, Func: 2, SP: 200, BP: 200, Tag: 20},
		{Time: 3, G: 1, Func: 1, SP: 300, BP: 300, Return: true, InRange: true},
		{Time: 4, G: 1, Func: 2, SP: 200, BP: 200, Return: true},
		{Time: 5, G: 1, Func: 3, SP: 100, BP: 100, Tag: 30}, // ends 10
		{Time: 6, G: 2, Func: 3, SP: 100, BP: 100, Tag: 40},
	} {
		s.Add(e)
	}
	var under []int32
	for _, c := range s.Under(8) {
		under = append(under, c.Tag, int32(c.Self))
	}
	if !slices.Equal(under, []int32{30, 3, 40, 2}) || s.Open() != 2 {
		t.Errorf("under way are %v", under)
	}
	s.Reset()
	want := []string{
		"enter 10 in 0", "enter 20 in 10", "return 10 in 0", "return 20 in 10", "leave 20 in 10", "leave 10 in 0",
		"enter 30 in 0", "enter 40 in 0", "drop 30 in 0", "drop 40 in 0",
	}
	if !slices.Equal(log, want) {
		t.Errorf("%q,\nwant %q", log, want)
	}
}

func FuzzStacks(f *testing.F) {
	f.Add([]byte{1, 0, 1, 10, 2, 1, 1, 10})
	f.Fuzz(func(t *testing.T, b []byte) {
		entered, left := 0, 0
		open := map[int32]bool{} // by tag, which is Start
		s := &Stacks{Entered: func(c Call) { entered++; open[c.Tag] = true }, Dropped: func(c Call) {
			if !open[c.Tag] {
				t.Fatalf("dropped, but not open: %+v", c)
			}
			delete(open, c.Tag)
		}, Left: func(c Call) {
			left++
			if !open[c.Tag] || c.Caller >= 0 && !open[c.CallerTag] {
				t.Fatalf("left, but not open: %+v", c)
			}
			delete(open, c.Tag)
			if c.End < c.Start || c.Self < 0 || c.Self > c.End-c.Start {
				t.Fatalf("%+v", c)
			}
		}}
		for i := 0; i+4 <= len(b); i += 4 {
			if b[i] == 255 {
				s.Reset()
			}
			s.Add(Event{Time: int64(i), Tag: int32(i), G: uint64(b[i] % 3), Func: int32(b[i+1] % 5), Return: b[i+2]&1 != 0, InRange: b[i+2]&2 != 0, SP: uint32(b[i+3]), BP: uint32(b[i+3] &^ 7)})
		}
		if left > entered || len(s.Under(int64(len(b)))) != len(open) {
			t.Fatalf("%d calls ended of %d, and %d are under way, where %d are open", left, entered, len(s.Under(0)), len(open))
		}
	})
}

func TestMerge(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var threads [][]int
		var all []int
		for range rnd.IntN(6) {
			var th []int
			at := 0
			for range rnd.IntN(20) {
				at += rnd.IntN(4)
				th = append(th, at)
			}
			threads = append(threads, th)
			all = append(all, th...)
		}
		slices.Sort(all)
		var got []int
		Merge(threads, func(e *int) int { return *e }, func(e *int) { got = append(got, *e) })
		if !slices.Equal(got, all) {
			t.Fatalf("%v merged is %v", threads, got)
		}
	}
}

func BenchmarkStacks(b *testing.B) {
	r := simulate(1, false)
	var calls int
	s := &Stacks{Left: func(Call) { calls++ }}
	for b.Loop() {
		for _, e := range r.events {
			s.Add(e)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(r.events)), "ns/event")
}

func TestGoroutinesAreSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		s := Stacks{gs: map[uint64]*stack{}}
		for range n {
			s.gs[r.Uint64()>>r.IntN(64)] = nil
		}
		gs := s.goroutines()
		if len(gs) != len(s.gs) || !slices.IsSorted(gs) {
			t.Fatalf("%d goroutines: %v", len(s.gs), gs)
		}
	}
}
