package patch

import "testing"

// TestMarks looks at the NOPs that the compiler put before compares: they become prefixes once the compare is replaced, for good.
func TestMarks(t *testing.T) {
	sys := &refusing{}
	r := newRig(t, sys)
	marks := func(want byte) (n int) {
		t.Helper()
		for _, key := range []int{r.a, r.b} {
			for _, s := range r.keys[key].sites {
				for _, pc := range s.pieces {
					if got := pc.found()[0]; pc.mark && got != want {
						t.Errorf("%#x is %#x, want %#x", pc.addr, got, want)
					}
					if pc.mark {
						n++
					}
				}
			}
		}
		return n
	}
	sys.tracer = 1
	must(t, r.arm(r.a))
	must(t, r.scan())
	if n := marks(nop); n == 0 {
		t.Fatal("no site has a mark: is Armed not inlined any more, or did the compiler find something better?")
	}
	sys.tracer = 0
	must(t, r.Prepare())
	marks(0x40)
	must(t, r.arm(r.a, r.b))
	r.expect(t, r.a, true)
	r.expect(t, r.b, true)
	marks(0x40)
	must(t, r.disarm(r.a, r.b))
	r.expect(t, r.a, false)
	marks(0x40)
}
