package gkhi

import "testing"

// What hooks cost beside other ways to be listened to is measured by bench/hooks. These benchmarks are for
// comparing a change with what was before.

type benchEvent struct{ Pages, Bytes int }

var (
	benchHook     Hook[benchEvent]
	benchDecision Decision[benchEvent, error]
	benchChain    Chain[benchEvent]
	parallelHook  Hook[benchEvent]
	armHook       Hook[benchEvent]
	benchPoint    Point
	benchFailing  Decision[benchEvent, error]
	dormantEvents Hook[benchEvent]
)

func init() {
	Declare(&benchHook, "bench.hook", "fired by benchmarks")
	DeclareDecision(&benchDecision, "bench.decision", "fired by benchmarks")
	Declare(&parallelHook, "bench.parallel", "fired by benchmarks")
	Declare(&armHook, "bench.arm", "armed and disarmed by benchmarks")
	Declare(&dormantEvents, "bench.dormant", "never armed")
	DeclarePoint(&benchPoint, "bench.point", "hit by benchmarks")
	DeclareDecision(&benchFailing, "bench.failing", "has failpoints in benchmarks")
}

// ignore is a handler.
func ignore(e benchEvent) Verdict { return Verdict(int64(e.Pages) >> 62) }

// registered registers a handler for the length of a benchmark.
func registered(b *testing.B, register func() (*Handler, error)) *Handler {
	b.Helper()
	h, err := register()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := h.Deregister(b.Context()); err != nil && b.Context().Err() == nil {
			b.Error(err)
		}
	})
	return h
}

func BenchmarkDormant(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		if dormantEvents.Armed() {
			dormantEvents.Fire(benchEvent{i, i})
		}
	}
}

func BenchmarkHook(b *testing.B) {
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
				h, err := benchHook.Register(string(rune('a'+i)), ignore)
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
	l := benchChain.Register(ignore, 0)
	defer l.Unregister()
	for i := 0; b.Loop(); i++ {
		benchChain.Call(benchEvent{i, i})
	}
}

func BenchmarkPoint(b *testing.B) {
	for b.Loop() {
		benchPoint.Hit()
	}
}

func BenchmarkHookParallel(b *testing.B) {
	h := registered(b, func() (*Handler, error) { return parallelHook.Register("ignore", ignore) })
	if err := h.Arm(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if parallelHook.Armed() {
				parallelHook.Fire(benchEvent{i, i})
			}
		}
	})
}

func BenchmarkDecision(b *testing.B) {
	h := registered(b, func() (*Handler, error) {
		return benchDecision.Register("watch", func(e benchEvent) (error, bool) { return nil, e.Pages < 0 })
	})
	if err := h.Arm(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if benchDecision.Armed() {
			if _, ok := benchDecision.Fire(benchEvent{i, i}); ok {
				b.Fatal("the handler decided")
			}
		}
	}
}

func BenchmarkFailpoint(b *testing.B) {
	for _, term := range []string{`return("disk full")`, "0*return->0%return", "0.1%yield"} {
		b.Run(term, func(b *testing.B) {
			if err := Fail("bench.failing", term); err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := Fail("bench.failing", "off"); err != nil {
					b.Error(err)
				}
			}()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if benchFailing.Armed() {
					benchFailing.Fire(benchEvent{i, i})
				}
			}
		})
	}
}

// BenchmarkArm arms and disarms a handler once an iteration.
func BenchmarkArm(b *testing.B) {
	h := registered(b, func() (*Handler, error) { return armHook.Register("ignore", ignore) })
	b.ReportAllocs()
	for b.Loop() {
		if err := h.Arm(); err != nil {
			b.Fatal(err)
		}
		if err := h.Disarm(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRegister has a handler live its whole life once an iteration.
func BenchmarkRegister(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		h, err := armHook.Register("short-lived", ignore)
		if err != nil {
			b.Fatal(err)
		}
		if err := h.Arm(); err != nil {
			b.Fatal(err)
		}
		if err := h.Deregister(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
