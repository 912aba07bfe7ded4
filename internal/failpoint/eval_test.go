package failpoint

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func mustParse(t testing.TB, text string) *Program {
	t.Helper()
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// dice makes p's random numbers the given ones, in percent, over and over.
func dice(p *Program, percent ...float64) {
	i := 0
	p.Random = func() uint64 {
		v := percent[i%len(percent)]
		i++
		return uint64(v/100*certain) << 11
	}
}

func TestEval(t *testing.T) {
	for _, tt := range []struct {
		text string
		dice []float64
		want string // the terms that fire in ten evaluations, by number; - for none
	}{
		{"return", nil, "0000000000"},
		{"3*return", nil, "000-------"},
		{"0*return", nil, "----------"},
		{"3*off->return", nil, "0001111111"},
		{"2*sleep(0)->return", nil, "0011111111"},
		{"off->return", nil, "0000000000"},
		{"2*yield->3*return->off", nil, "0011122222"},
		{"0%return", []float64{0}, "----------"},
		{"100%return", []float64{99.999}, "0000000000"},
		{"50%return", []float64{49, 51}, "0-0-0-0-0-"},
		{"30%return->off", []float64{29.9, 30.1, 31, 99}, "0111011101"},
		{"50%2*return", []float64{60, 40}, "-0-0------"},
		{"2*50%return", []float64{60, 40}, "-0-0------"},
		// The second term has a random number of its own.
		{"30%return->50%yield", []float64{40, 40, 20, 40, 60}, "10-10-10-1"},
		// A used-up term takes no random number from the next.
		{"1*50%return->50%yield", []float64{40, 60}, "0-1-1-1-1-"},
	} {
		p := mustParse(t, tt.text)
		if tt.dice != nil {
			dice(p, tt.dice...)
		} else {
			p.Random = func() uint64 { t.Errorf("%s: a random number is used without a probability", tt.text); return 0 }
		}
		var got strings.Builder
		fired := make([]uint64, len(p.terms))
		for range 10 {
			out := p.Eval()
			if out.Action == None {
				got.WriteByte('-')
				continue
			}
			if want := p.terms[out.Term].action; out.Action != want {
				t.Errorf("%s: the outcome of term %d has action %v, want %v", tt.text, out.Term, out.Action, want)
			}
			fmt.Fprint(&got, out.Term)
			fired[out.Term]++
		}
		if got.String() != tt.want {
			t.Errorf("%s fires %s, want %s", tt.text, &got, tt.want)
		}
		for i, s := range p.Stats() {
			if s.Fired != fired[i] {
				t.Errorf("%s: Stats say that term %d fired %d times, it was %d", tt.text, i, s.Fired, fired[i])
			}
		}
	}
}

// A probability holds for the random numbers that are used without injection: 100,000 tries are further
// than ten standard deviations from the expectation about once in 10²³ runs.
func TestDefaultRandom(t *testing.T) {
	p := mustParse(t, "25%return->50%yield")
	for range 100_000 {
		p.Eval()
	}
	s := p.Stats()
	if got := s[0].Fired; got < 23_600 || got > 26_400 {
		t.Errorf("a term of 25%% fired %d times in 100,000", got)
	}
	if got := s[1].Fired; got < 35_900 || got > 39_100 {
		t.Errorf("a term of 50%% after one of 25%% fired %d times in 100,000", got)
	}
}

// Counts are exact when goroutines race for the last unit, with or without a probability.
func TestCountsAreExact(t *testing.T) {
	p := mustParse(t, "50%7*return->1000*yield->5*return")
	var returns, yields atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 100 {
				switch p.Eval().Action {
				case Return:
					returns.Add(1)
				case Yield:
					yields.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if returns.Load() != 12 || yields.Load() != 1000 {
		t.Errorf("%d returns and %d yields, want 12 and 1000", returns.Load(), yields.Load())
	}
	if !p.Spent() {
		t.Error("the program is not spent")
	}
}

func TestStats(t *testing.T) {
	p := mustParse(t, "3*yield->return(1)")
	for range 2 {
		p.Eval()
	}
	s := p.Stats()
	if len(s) != 2 || s[0].Text != "3*yield" || s[0].Action != "yield" || s[0].Fired != 2 || s[0].Left == nil || *s[0].Left != 1 {
		t.Errorf("the first term's state is %+v", s[0])
	}
	if s[1].Text != "return(1)" || s[1].Fired != 0 || s[1].Left != nil {
		t.Errorf("the second term's state is %+v", s[1])
	}
}

func TestPanicOutcome(t *testing.T) {
	for text, want := range map[string]string{"panic": "", `panic("boom")`: "boom"} {
		out := mustParse(t, text).Eval()
		if out.Action != Panic || out.Text != want {
			t.Errorf("%s gives %+v", text, out)
		}
	}
}

func TestPrint(t *testing.T) {
	p := mustParse(t, `1*print("a")->1*print->off`)
	var got []string
	p.Print = func(s string) { got = append(got, s) }
	for range 3 {
		p.Eval()
	}
	if want := []string{"a", ""}; !slices.Equal(got, want) {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustParse(t, "sleep(90s)")
		start := time.Now()
		if out := p.Eval(); out.Action != Sleep {
			t.Errorf("outcome %+v", out)
		}
		if d := time.Since(start); d != 90*time.Second {
			t.Errorf("slept %v, want 90s", d)
		}
	})
}

func TestReleaseAndClose(t *testing.T) {
	for _, text := range []string{"pause", "sleep(1h)"} {
		synctest.Test(t, func(t *testing.T) {
			p := mustParse(t, text)
			var done atomic.Int64
			start := time.Now()
			eval := func(n int) {
				for range n {
					go func() { p.Eval(); done.Add(1) }()
				}
				synctest.Wait()
			}
			check := func(when string, wantDone int64, wantWaiting int) {
				t.Helper()
				synctest.Wait()
				if d, w := done.Load(), p.Waiting(); d != wantDone || w != wantWaiting {
					t.Errorf("%s, %s: %d went on and %d wait, want %d and %d", text, when, d, w, wantDone, wantWaiting)
				}
			}
			eval(3)
			check("at first", 0, 3)
			p.Release()
			check("after Release", 3, 0)
			eval(2)
			check("later on", 3, 2)
			p.Close()
			check("after Close", 5, 0)
			eval(1)
			check("when it is closed", 6, 0)
			p.Close()
			p.Release()
			if d := time.Since(start); d != 0 {
				t.Errorf("%s: all of this took %v", text, d)
			}
			if !p.Spent() {
				t.Errorf("%s: a closed program is not spent", text)
			}
			if got := p.Stats()[0].Fired; got != 5 {
				t.Errorf("%s fired %d times, want 5", text, got)
			}
		})
	}
}

// Delay is a busy wait, which synctest's clock would never let pass; an hour ends by Release or not at all.
func TestDelayIsReleased(t *testing.T) {
	p := mustParse(t, "delay(1h)->off")
	done := make(chan Outcome)
	go func() { done <- p.Eval() }()
	for p.Waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	p.Release()
	if out := <-done; out.Action != Delay {
		t.Errorf("outcome %+v", out)
	}
	short := mustParse(t, "delay(1ms)")
	start := time.Now()
	short.Eval()
	if d := time.Since(start); d < time.Millisecond {
		t.Errorf("delay(1ms) took %v", d)
	}
}

func TestSpent(t *testing.T) {
	for _, tt := range []struct {
		text  string
		evals int // after which the program is spent; -1 for never
	}{
		{"off", 0},
		{"off->return", 0},
		{"0*return", 0},
		{"0%return", 0},
		{"2*return", 2},
		{"2*return->off", 2},
		{"2*return->1*yield", 3},
		{"1*return->50%off", 1},
		{"2*off->return", -1},
		{"50%off->return", -1},
		{"return", -1},
	} {
		p := mustParse(t, tt.text)
		for n := range 6 {
			if got, want := p.Spent(), tt.evals >= 0 && n >= tt.evals; got != want {
				t.Errorf("%s: after %d evaluations Spent is %v", tt.text, n, got)
			}
			p.Eval()
		}
	}
}

func TestNoAllocation(t *testing.T) {
	for _, text := range []string{"0%return(1)", "1*return(1)->0*off", "return(1)", "1%yield->50%return(2)"} {
		b, err := Bind[int](mustParse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(1000, func() { b.Eval() }); n != 0 {
			t.Errorf("%s allocates %v times an evaluation", text, n)
		}
	}
}

// An injected error costs the error, no more.
func TestErrorAllocation(t *testing.T) {
	b, err := Bind[error](mustParse(t, `return("disk full")`))
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { b.Eval() }); n != 1 {
		t.Errorf("an injected error allocates %v times", n)
	}
}

func BenchmarkEval(b *testing.B) {
	for _, text := range []string{"0*return", "0.1%return", "return"} {
		p := mustParse(b, text)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Eval()
			}
		})
	}
}
