package gkhi

import "testing"

type benchEvent struct{ Pages, Bytes int }

var benchHook Hook[benchEvent]
var benchDecision Decision[benchEvent, error]
var benchChain Chain[benchEvent]

func init() {
	Declare(&benchHook, "bench.hook", "fired by benchmarks")
	DeclareDecision(&benchDecision, "bench.decision", "fired by benchmarks")
}

func BenchmarkHook(b *testing.B) {
	fn := func(e benchEvent) Verdict { return Verdict(e.Pages >> 62) }
	fire := func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if benchHook.Armed() {
				benchHook.Fire(benchEvent{i, i})
			}
		}
	}
	b.Run("dormant", fire)
	for _, n := range []int{1, 8} {
		b.Run(map[int]string{1: "1 handler", 8: "8 handlers"}[n], func(b *testing.B) {
			var hs []*Handler
			for i := range n {
				h, err := benchHook.Register(string(rune('a'+i)), fn)
				if err != nil {
					b.Fatal(err)
				}
				hs = append(hs, h)
			}
			Arm(hs...)
			defer func() {
				for _, h := range hs {
					h.Deregister(b.Context())
				}
			}()
			fire(b)
		})
	}
}

func BenchmarkChain(b *testing.B) {
	fn := func(e benchEvent) Verdict { return Verdict(e.Pages >> 62) }
	l := benchChain.Register(fn, 0)
	defer l.Unregister()
	for i := 0; b.Loop(); i++ {
		benchChain.Call(benchEvent{i, i})
	}
}
