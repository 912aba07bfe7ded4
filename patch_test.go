package gkhi

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/patch"
)

// What these tests patch. The later ones are declared by a test, when others
// have been patched already.
var (
	patchHook, patchLaterHook   Hook[int]
	patchPoint, patchLaterPoint Point
)

func init() {
	Declare(&patchHook, "test.patch.hook", "for tests of patching")
	DeclarePoint(&patchPoint, "test.patch.point", "for tests of patching")
}

//go:noinline
func firePatchHook(n int) (sum int) {
	for i := range n {
		if patchHook.Armed() {
			patchHook.Fire(i)
		}
		sum += i
	}
	return sum
}

//go:noinline
func firePatchLater(n int) {
	for i := range n {
		if patchLaterHook.Armed() {
			patchLaterHook.Fire(i)
		}
	}
}

//go:noinline
func hitPatchPoint(n int) (sum int) {
	for i := range n {
		patchPoint.Hit()
		sum += i
	}
	return sum
}

//go:noinline
func hitPatchLater(x int) int {
	patchLaterPoint.Hit()
	return 3 * x
}

// counting registers a handler on h that counts its calls in n.
func counting(t *testing.T, h *Hook[int], n *int) *Handler {
	t.Helper()
	hd, err := h.Register(t.Name(), func(int) Verdict { *n++; return Continue })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hd.Deregister(t.Context()) })
	return hd
}

// countingPoint registers a counter on p. The test is skipped where points can't work.
func countingPoint(t *testing.T, p *Point) *Handler {
	t.Helper()
	h, err := p.Count(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Deregister(t.Context()) })
	if err := h.Arm(); err != nil {
		t.Skipf("points don't work here: %v", err)
	}
	must(t, h.Disarm())
	return h
}

// siteStates returns the states of the patched sites of a hook, without repeats.
func siteStates(t *testing.T, name string) []string {
	t.Helper()
	sites, err := Sites(name)
	must(t, err)
	var states []string
	for _, s := range sites {
		if s.Reason == "" {
			states = append(states, s.State)
		}
	}
	slices.Sort(states)
	return slices.Compact(states)
}

// TestPatchToggles arms and disarms: the events in between are exactly those that
// are fired, and Sites tells what stands there, where sites are patched.
func TestPatchToggles(t *testing.T) {
	withLimit(t, patch.Limit{})
	calls := 0
	h := counting(t, &patchHook, &calls)
	prepared := Prepare() == nil
	for i := range 200 {
		firePatchHook(5)
		must(t, h.Arm())
		if got := siteStates(t, "test.patch.hook"); prepared && !slices.Equal(got, []string{"armed"}) {
			t.Fatalf("armed, the sites are %v", got)
		}
		if sum := firePatchHook(10); sum != 45 {
			t.Fatalf("a site changed a result to %d", sum)
		}
		must(t, h.Disarm())
		if calls != 10*(i+1) {
			t.Fatalf("after %d rounds of 10: %d calls", i+1, calls)
		}
	}
	if got := siteStates(t, "test.patch.hook"); prepared && !slices.Equal(got, []string{"dormant"}) {
		t.Errorf("disarmed, the sites are %v", got)
	}
}

// withLimit sets for a test how often sites are patched before they go back to their flag.
func withLimit(t *testing.T, l patch.Limit) {
	patch.Default.SetLimit(l)
	t.Cleanup(func() { patch.Default.SetLimit(patch.DefaultLimit) })
}

// TestPatchTogglesOften arms and disarms so often that the sites go back to their flag, and are patched again when all is quiet.
func TestPatchTogglesOften(t *testing.T) {
	withLimit(t, patch.Limit{Burst: 2, Every: time.Hour, Quiet: time.Millisecond})
	calls := 0
	h := counting(t, &patchHook, &calls)
	if err := Prepare(); err != nil {
		t.Skipf("sites are not patched here: %v", err)
	}
	returns := func() uint64 { return patch.Default.Status().Returns }
	for start := returns(); returns() < start+3; {
		calls = 0
		for range 10 {
			must(t, h.Arm())
			if sum := firePatchHook(10); sum != 45 {
				t.Fatalf("a site changed a result to %d", sum)
			}
			must(t, h.Disarm())
			firePatchHook(5)
		}
		if calls != 100 {
			t.Fatalf("after 10 rounds of 10: %d calls", calls)
		}
		if st := Status(); st.Restless > 0 {
			if want := fmt.Sprintf("(%d toggled too often)", st.Restless); !strings.Contains(st.String(), want) || st.Mode != "patched" {
				t.Errorf("the status is %v, and %v", st.Mode, st)
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	for Status().Restless > 0 {
		time.Sleep(time.Millisecond)
	}
	if got := siteStates(t, "test.patch.hook"); !slices.Equal(got, []string{"dormant"}) {
		t.Errorf("when all was quiet, the sites are %v", got)
	}
}

// TestPatchGroup arms hooks and points together.
func TestPatchGroup(t *testing.T) {
	calls := 0
	h := counting(t, &patchHook, &calls)
	p := countingPoint(t, &patchPoint)
	before := p.Calls()
	for range 50 {
		must(t, Arm(h, p))
		firePatchHook(3)
		hitPatchPoint(4)
		must(t, Disarm(h, p))
		firePatchHook(5)
		hitPatchPoint(5)
	}
	if got := p.Calls() - before; calls != 150 || got != 200 {
		t.Errorf("%d calls and %d hits, want 150 and 200", calls, got)
	}
}

// TestPatchWhileFiring toggles a hook and a point that other goroutines run through.
// A handler sees no event from before its Arm, and after its Disarm none of the
// goroutine that disarmed.
func TestPatchWhileFiring(t *testing.T) {
	patchWhileFiring(t) // and go back to the flag
	withLimit(t, patch.Limit{})
	patchWhileFiring(t)
}

func patchWhileFiring(t *testing.T) {
	const mine = -1
	seen := 0
	h, err := patchHook.Register(t.Name(), func(i int) Verdict {
		if i == mine {
			seen++
		}
		return Continue
	})
	must(t, err)
	defer h.Deregister(t.Context())
	p := countingPoint(t, &patchPoint)
	defer p.Deregister(t.Context())

	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					firePatchHook(20)
					hitPatchPoint(20)
				}
			}
		})
	}
	for range 300 {
		before := p.Calls()
		must(t, Arm(h, p))
		seen = 0
		for range 7 {
			if patchHook.Armed() {
				patchHook.Fire(mine)
			}
		}
		hitPatchPoint(7)
		must(t, Disarm(h, p))
		if patchHook.Armed() {
			patchHook.Fire(mine)
		}
		if got := p.Calls() - before; seen != 7 || got < 7 {
			t.Fatalf("%d events and %d hits of 7", seen, got)
		}
	}
	close(stop)
	wg.Wait()
}

// TestPatchDeclaredLater declares when other hooks are patched already.
func TestPatchDeclaredLater(t *testing.T) {
	_ = Prepare()
	if patchLaterHook.Name() == "" { // not so with -count=2
		Declare(&patchLaterHook, "test.patch.later.hook", "for tests of patching")
		DeclarePoint(&patchLaterPoint, "test.patch.later.point", "for tests of patching")
	}
	calls := 0
	h := counting(t, &patchLaterHook, &calls)
	must(t, h.Arm())
	firePatchLater(10)
	must(t, h.Disarm())
	firePatchLater(10)
	if calls != 10 {
		t.Errorf("%d calls, want 10", calls)
	}
	if Status().Mode == "patched" {
		if got := siteStates(t, "test.patch.later.hook"); !slices.Equal(got, []string{"dormant"}) {
			t.Errorf("the sites are %v", got)
		}
	}
	p := countingPoint(t, &patchLaterPoint)
	before := p.Calls()
	must(t, p.Arm())
	if hitPatchLater(5) != 15 {
		t.Error("a point changed a value")
	}
	must(t, p.Disarm())
	if got := p.Calls() - before; got != 1 {
		t.Errorf("%d hits, want 1", got)
	}
}

// TestPatchRecorder looks at what a recorder gets, and has its sink do what
// would lock up if a lock were held.
func TestPatchRecorder(t *testing.T) {
	p := countingPoint(t, &patchPoint)
	must(t, p.Arm())
	before := p.Calls()
	var mu sync.Mutex
	var events []PointEvent
	var self *Handler
	first := true
	self, err := patchPoint.Record(t.Name()+".record", func(e PointEvent) {
		mu.Lock()
		defer mu.Unlock()
		if events = append(events, e); first {
			first = false
			_, _, _ = p.Calls(), self.Calls(), Status()
			if err := self.Disarm(); err != nil {
				t.Error(err)
			}
		}
	})
	must(t, err)
	defer self.Deregister(t.Context())
	must(t, self.Arm())
	hitPatchPoint(50)
	must(t, self.Disarm())
	hitPatchPoint(50)
	must(t, p.Disarm())

	mu.Lock()
	defer mu.Unlock()
	if got := p.Calls() - before; got != 100 {
		t.Errorf("the counter beside it has %d hits, want 100", got)
	}
	if n := uint64(len(events)) + self.Dropped(); n == 0 || n > 50 {
		t.Errorf("%d events and %d dropped, of 50", len(events), self.Dropped())
	}
	for i, e := range events {
		if e.Point != "test.patch.point" || e.Goroutine != events[0].Goroutine || i > 0 && e.Time.Before(events[i-1].Time) {
			t.Errorf("event %d is %+v, the one before %+v", i, e, events[max(i-1, 0)])
		}
		if f, _ := runtime.CallersFrames([]uintptr{e.PC + 1}).Next(); !strings.Contains(f.Function, "Hit") && !strings.Contains(f.Function, "hitPatchPoint") {
			t.Errorf("event %d is of %s", i, f.Function)
		}
	}
}
