//go:build amd64 || arm64

package record

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/gkhi/gkhi/internal/patch"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/testenv"
)

// Two points, and their only sites.
var keyValues, keyFramed uint64

// hitValues is a leaf without a frame: its arguments are in registers, and on arm64 so is its return address.
//
//go:noinline
func hitValues(a, b, c int) int {
	atomic.LoadUint64(&keyValues)
	return a + b*c
}

//go:noinline
func callsHitValues(n int) int { return hitValues(n, n+1, n+2) + 1 }

// hitFramed is no leaf, so it has a frame, and a frame pointer of its own.
//
//go:noinline
func hitFramed(n int) int {
	atomic.LoadUint64(&keyFramed)
	return callsHitValues(n) + 1
}

var (
	pointValues = sync.OnceValue(func() int { return pointOf(&keyValues) })
	pointFramed = sync.OnceValue(func() int { return pointOf(&keyFramed) })
)

func pointOf(key *uint64) int {
	return patch.Default.Add(scan.Key{Addr: uintptr(unsafe.Pointer(key)), Size: 8, Bare: true})
}

// armFull arms hitValues' site, for as long as the test runs.
func armFull(t *testing.T, w Want, depth int) { armFullAt(t, pointValues, w, depth) }

func armFullAt(t *testing.T, point func() int, w Want, depth int) {
	t.Helper()
	testenv.Need(t, testenv.NoRace)
	lo, hi := patch.Default.Home()
	if err := Open(lo, hi-lo); err != nil {
		t.Fatal(err)
	}
	n := point()
	if err := patch.Default.Prepare(); err != nil {
		t.Fatal(err)
	}
	at := patch.Default.Patched(n)
	if len(at) != 1 {
		t.Fatalf("%d sites", len(at))
	}
	slot := wants + 2*(at[0]+callLen)
	*(*uintptr)(*(*unsafe.Pointer)(unsafe.Pointer(&slot))) = 0 // as if it were the first time
	if err := SetWants(map[uintptr]Want{at[0]: w}); err != nil {
		t.Fatal(err)
	}
	SetDepth(depth)
	SetValues(true)
	call, err := Trampoline(Full)
	if err != nil {
		t.Fatal(err)
	}
	set := func(on bool) {
		if err := patch.Default.Set([]patch.Change{{Key: n, On: on, Call: call}}); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	t.Cleanup(func() { set(false) })
	drain(func(Event) {})
}

// abc are the places of hitValues' arguments, and leafFrame is its frame.
var (
	abc       = map[string][]Place{"amd64": {{N: 0}, {N: 3}, {N: 1}}, "arm64": {{N: 0}, {N: 1}, {N: 2}}}[runtime.GOARCH]
	leafFrame = map[string]int32{"amd64": 8, "arm64": NoFrame}[runtime.GOARCH]
)

func TestValuesAndCallers(t *testing.T) {
	for name, frame := range map[string]int32{"the frame's size known": leafFrame, "not known": 0} {
		t.Run(name, func(t *testing.T) {
			armFull(t, Want{Frame: frame, Places: abc}, 3)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			callsHitValues(40)
			hitValues(1, 2, 3)
			var b Batch
			drainAll(&b)
			if len(b.Events) != 2 {
				t.Fatalf("%d events", len(b.Events))
			}
			if got := [3]uint64(b.Values(&b.Events[0])); got != [3]uint64{40, 41, 42} {
				t.Errorf("values %d", got)
			}
			if got := [3]uint64(b.Values(&b.Events[1])); got != [3]uint64{1, 2, 3} {
				t.Errorf("values %d", got)
			}
			// A leaf has no frame, so frame pointers alone miss its caller.
			want := "record.callsHitValues record.TestValuesAndCallers.func1 testing.tRunner"
			if frame == 0 {
				want = "record.TestValuesAndCallers.func1 testing.tRunner testing.(*T).Run.gowrap1"
			}
			if got := callers(&b); got != want {
				t.Errorf("callers %s, want %s", got, want)
			}
		})
	}
}

// callers returns the names of those of a batch's first event.
func callers(b *Batch) string {
	var names []string
	for _, pc := range b.Frames(&b.Events[0]) {
		name := runtime.FuncForPC(uintptr(pc) - 1).Name()
		names = append(names, name[strings.LastIndex(name, "/")+1:])
	}
	return strings.Join(names, " ")
}

// TestCallersOfFramed has a site whose function has a frame pointer of its own: no caller is missed, and none there twice.
func TestCallersOfFramed(t *testing.T) {
	frames := []int32{0}
	if runtime.GOARCH == "arm64" { // where the return address is doesn't depend on the size
		frames = append(frames, 32)
	}
	for _, frame := range frames {
		armFullAt(t, pointFramed, Want{Frame: frame}, 2)
		hitFramed(1)
		var b Batch
		drainAll(&b)
		if len(b.Events) != 1 {
			t.Fatalf("%d events", len(b.Events))
		}
		if got, want := callers(&b), "record.TestCallersOfFramed testing.tRunner"; got != want {
			t.Errorf("frame %d: callers %s, want %s", frame, got, want)
		}
	}
}

// TestDepth takes no more callers than asked for.
func TestDepth(t *testing.T) {
	for _, depth := range []int{0, 1, 3, 1000} {
		armFull(t, Want{Frame: leafFrame}, depth)
		var deep func(n int)
		deep = func(n int) {
			if n > 0 {
				deep(n - 1)
				return
			}
			hitValues(1, 2, 3)
		}
		deep(100)
		var b Batch
		drainAll(&b)
		if len(b.Events) != 1 || int(b.Events[0].Frames) != min(depth, MaxDepth) || b.Events[0].Values != 0 {
			t.Errorf("depth %d: %+v", depth, b.Events)
		}
	}
}

// TestNotWanted has neither values nor callers where nobody wants them.
func TestNotWanted(t *testing.T) {
	for _, tt := range []struct {
		noCallers, values bool
		want              [2]uint8
	}{{false, false, [2]uint8{0, 3}}, {true, true, [2]uint8{3, 0}}, {true, false, [2]uint8{0, 0}}} {
		armFull(t, Want{Frame: leafFrame, NoCallers: tt.noCallers, Places: abc}, 3)
		SetValues(tt.values)
		callsHitValues(7)
		var b Batch
		drainAll(&b)
		if len(b.Events) != 1 || [2]uint8{b.Events[0].Values, b.Events[0].Frames} != tt.want {
			t.Errorf("%+v: %+v", tt, b.Events)
		}
	}
}

// TestOutside has places that are not in the stack: a table that is wrong must not crash the program.
func TestOutside(t *testing.T) {
	armFull(t, Want{Frame: 1 << 30, Places: []Place{{Stack: true, N: 1 << 30}, {Stack: true, N: -1 << 30}, {Stack: true, N: -(1 << 12)}, {N: 0}}}, 5)
	callsHitValues(7)
	var b Batch
	drainAll(&b)
	if len(b.Events) != 1 {
		t.Fatalf("%d events", len(b.Events))
	}
	if got := b.Values(&b.Events[0]); got[0] != 0 || got[1] != 0 || got[2] != 0 || got[3] != 7 {
		t.Errorf("values %d", got)
	}
}

// TestLongRing goes round the ring with events of several slots.
func TestLongRing(t *testing.T) {
	armFull(t, Want{Frame: leafFrame, Places: abc}, 6)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	next, lost := 0, uint64(0)
	var before Batch
	drainAll(&before)
	calls := 0
	for round := range 8 {
		n := ringEvents/4 + ringEvents/50*round // more than there is room for in the later rounds
		for range n {
			if calls%3 == 0 { // of another length
				callsHitValues(calls)
			} else {
				hitValues(calls, calls+1, calls+2)
			}
			calls++
		}
		var b Batch
		drainAll(&b)
		gaps := 0
		for i := range b.Events {
			e := &b.Events[i]
			v := b.Values(e)
			if e.Gap {
				gaps++
				next = int(v[0])
			}
			if v[0] != uint64(next) || v[1] != uint64(next+1) || v[2] != uint64(next+2) || e.Frames < 2 {
				t.Fatalf("round %d, event %d: %d, want %d", round, i, v, next)
			}
			next++
		}
		if b.Dropped != before.Dropped+lost {
			lost = b.Dropped - before.Dropped
		}
	}
	if lost == 0 || calls < next {
		t.Errorf("%d calls, next would be %d, %d lost", calls, next, lost)
	}
}

func TestSetWantsErrors(t *testing.T) {
	armFull(t, Want{}, 0)
	lo, _ := patch.Default.Home()
	for _, tt := range []struct {
		at uintptr
		w  Want
	}{
		{lo - 1, Want{}},
		{lo, Want{Places: []Place{{N: 32}}}},
		{lo, Want{Places: []Place{{N: -1}}}},
		{lo, Want{Places: []Place{{N: map[string]int32{"amd64": 4, "arm64": 31}[runtime.GOARCH]}}}}, // the stack pointer
		{lo, Want{Places: make([]Place, MaxValues+1)}},
	} {
		if err := SetWants(map[uintptr]Want{tt.at: tt.w}); err == nil {
			t.Errorf("%+v is taken", tt)
		}
	}
}

// grow calls hitValues at the bottom of a stack that has to grow.
//
//go:noinline
func grow(depth, n int) int {
	var room [32]int
	room[n%32] = n
	if depth == 0 {
		return callsHitValues(n) + room[n%32]
	}
	return grow(depth-1, n) + room[(n+1)%32]
}

// TestFullMeanwhile arms and disarms the trampoline under goroutines that come and go with growing stacks, with garbage
// collection, profiling and drains: values and callers are always right.
func TestFullMeanwhile(t *testing.T) {
	armFull(t, Want{Frame: leafFrame, Places: abc}, 16)
	n := pointValues()
	call, err := Trampoline(Full)
	if err != nil {
		t.Fatal(err)
	}
	length := 3 * time.Second
	if testing.Short() {
		length = 300 * time.Millisecond
	}
	runtime.SetCPUProfileRate(1000)
	defer runtime.SetCPUProfileRate(0)
	var stop atomic.Bool
	defer stop.Store(true)
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			for i := g; !stop.Load(); i++ {
				var inner sync.WaitGroup
				inner.Go(func() { grow(i%300, i) }) // a new stack
				for range 50 {
					callsHitValues(i)
				}
				inner.Wait()
			}
		})
	}
	wg.Go(func() {
		for !stop.Load() {
			runtime.GC()
		}
	})
	wg.Go(func() {
		for on := false; !stop.Load(); on = !on {
			if err := patch.Default.Set([]patch.Change{{Key: n, On: on, Call: call}}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var b Batch
	events := 0
	// A machine that has other work may take its time for the first events.
	for began := time.Now(); time.Since(began) < length || events == 0 && time.Since(began) < time.Minute; {
		drainAll(&b)
		for i := range b.Events {
			e := &b.Events[i]
			v, frames := b.Values(e), b.Frames(e)
			if len(v) != 3 || v[1] != v[0]+1 || v[2] != v[0]+2 {
				t.Fatalf("values %d", v)
			}
			if len(frames) < 2 || runtime.FuncForPC(uintptr(frames[0])-1).Name() != "github.com/gkhi/gkhi/internal/record.callsHitValues" {
				t.Fatalf("callers %#x", frames)
			}
			events++
		}
		time.Sleep(time.Millisecond)
	}
	stop.Store(true)
	wg.Wait()
	if events == 0 {
		t.Error("no events")
	}
	t.Logf("%d events", events)
}
