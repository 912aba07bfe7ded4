//go:build amd64 || arm64

package record

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/gkhi/gkhi/internal/patch"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/testenv"
)

// Two points, as the root package makes them, and their only sites.
var keyA, keyB uint64

//go:noinline
func hitA(n int) (sum int) {
	for i := range n {
		atomic.LoadUint64(&keyA)
		sum += i
	}
	return sum
}

//go:noinline
func hitB(n int) (sum int) {
	for i := range n {
		atomic.LoadUint64(&keyB)
		sum += i
	}
	return sum
}

// points are the keys' numbers, once both are known to patching.
var points = sync.OnceValue(func() [2]int {
	bare := func(at *uint64) int {
		return patch.Default.Add(scan.Key{Addr: uintptr(unsafe.Pointer(at)), Size: 8, Bare: true})
	}
	return [2]int{bare(&keyA), bare(&keyB)}
})

// arm patches both points to call the trampoline of a kind, until the test ends,
// and returns the addresses of their sites.
func arm(t *testing.T, k Kind) (a, b uintptr) {
	t.Helper()
	testenv.Need(t, testenv.NoRace)
	ns := points()
	lo, hi := patch.Default.Home()
	if err := Open(lo, hi-lo); err != nil {
		t.Fatal(err)
	}
	call, err := Trampoline(k)
	if err != nil {
		t.Fatal(err)
	}
	set := func(on bool) error {
		return patch.Default.Set([]patch.Change{{Key: ns[0], On: on, Call: call}, {Key: ns[1], On: on, Call: call}})
	}
	if err := set(true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set(false); err != nil {
			t.Error(err)
		}
	})
	at := append(patch.Default.Patched(ns[0]), patch.Default.Patched(ns[1])...)
	if len(at) != 2 {
		t.Fatalf("%d sites, want one for each point", len(at))
	}
	drain(func(Event) {}) // what is left of earlier tests
	return at[0], at[1]
}

// drain passes events on one by one.
func drain(f func(Event)) (dropped uint64) {
	var b Batch
	drainAll(&b)
	for _, e := range b.Events {
		f(e)
	}
	return b.Dropped
}

// drainAll gives b all events that were noted until now.
func drainAll(b *Batch) {
	Drain(b)
	for more := *b; more.Partial; {
		more = Batch{}
		Drain(&more)
		for _, e := range more.Events {
			e.words += int32(len(b.Words))
			b.Events = append(b.Events, e)
		}
		b.Words = append(b.Words, more.Words...)
		b.Dropped, b.Until, b.Partial = more.Dropped, more.Until, more.Partial
	}
}

func TestOffsets(t *testing.T) {
	off, err := offsets()
	if err != nil {
		t.Fatal(err)
	}
	if off == 0 || off >= gLimit || off == gM {
		t.Errorf("goid is at offset %d of g", off)
	}
}

func TestTrampolineOfNothing(t *testing.T) {
	if _, err := Trampoline(0); err == nil {
		t.Error("there is one")
	}
}

// TestCount counts on many goroutines, which change threads, while stacks move.
func TestCount(t *testing.T) {
	a, b := arm(t, Count)
	beforeA, beforeB := Hits(a), Hits(b)
	const goroutines, rounds = 12, 400
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range rounds {
				hitA(100)
				hitB(g)
				if i%40 == 0 {
					runtime.Gosched()
				}
				if i == rounds/2 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()
	if got, want := Hits(a)-beforeA, uint64(goroutines*rounds*100); got != want {
		t.Errorf("A was hit %d times, counted are %d", want, got)
	}
	if got, want := Hits(b)-beforeB, uint64(rounds*goroutines*(goroutines-1)/2); got != want {
		t.Errorf("B was hit %d times, counted are %d", want, got)
	}
}

// TestKinds arms one kind after the other: each does its own and nothing else.
func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		kind           Kind
		counted, noted int
	}{{Count, 10, 0}, {Note, 0, 10}, {Count | Note, 10, 10}} {
		t.Run("", func(t *testing.T) {
			a, _ := arm(t, tt.kind)
			before := Hits(a)
			hitA(10)
			noted := 0
			drain(func(Event) { noted++ })
			if counted := int(Hits(a) - before); counted != tt.counted || noted != tt.noted {
				t.Errorf("kind %d: of 10 hits %d are counted and %d noted", tt.kind, counted, noted)
			}
		})
	}
}

// TestEvents looks at what is noted: the goroutine, the site, the time.
func TestEvents(t *testing.T) {
	a, b := arm(t, Note)
	type want struct {
		goid   uint64
		na, nb int
	}
	_ = Now() // the clock's first moment
	start := time.Now()
	wants := make(chan want, 8)
	for g := range cap(wants) {
		go func() {
			runtime.LockOSThread() // order is promised for a thread
			defer runtime.UnlockOSThread()
			w := want{Goid(), 10 * g, 7}
			hitA(w.na)
			hitB(w.nb)
			wants <- w
		}()
	}
	all := map[uint64]want{}
	for range cap(wants) {
		w := <-wants
		all[w.goid] = w
	}
	clock, end := Now(), time.Now()

	got := map[uint64]want{}
	last := map[uint64]uint64{} // ticks, by goroutine
	drain(func(e Event) {
		w := got[e.Goid]
		w.goid = e.Goid
		switch e.Site {
		case a:
			w.na++
			if w.nb > 0 {
				t.Errorf("goroutine %d: A comes after B", e.Goid)
			}
		case b:
			w.nb++
		default:
			t.Errorf("site %#x is neither %#x nor %#x", e.Site, a, b)
		}
		got[e.Goid] = w
		if e.Ticks < last[e.Goid] {
			t.Errorf("goroutine %d: time goes back by %d ticks", e.Goid, last[e.Goid]-e.Ticks)
		}
		last[e.Goid] = e.Ticks
		// How exact the clock is depends on the machine; that it is the same time does not.
		if at := clock.Time(e.Ticks); at.Before(start.Add(-time.Second)) || at.After(end.Add(time.Second)) {
			t.Errorf("noted at %v, between %v and %v", at, start, end)
		}
	})
	for id, w := range all {
		if got[id] != w {
			t.Errorf("goroutine %d: %+v, want %+v", id, got[id], w)
		}
		delete(got, id)
	}
	if len(got) > 0 {
		t.Errorf("events of other goroutines: %v", got)
	}
}

// TestRing fills a thread's ring, and goes round it.
func TestRing(t *testing.T) {
	a, b := arm(t, Note)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	count := func() (na, nb int, dropped uint64) {
		sawB := false
		dropped = drain(func(e Event) {
			switch e.Site {
			case a:
				na++
				if sawB {
					t.Error("events are out of order")
				}
			case b:
				nb, sawB = nb+1, true
			}
		})
		return na, nb, dropped
	}
	_, _, before := count()
	hitA(ringEvents - 1)
	hitB(500)
	na, nb, dropped := count()
	if na != ringEvents-1 || nb != 1 || dropped-before != 499 {
		t.Errorf("noted %d and %d, dropped %d of %d and 500", na, nb, dropped-before, ringEvents-1)
	}
	for range 5 { // across the end of the ring, at a different place each time
		hitA(ringEvents/3 + 11)
		hitB(ringEvents / 3)
		na, nb, now := count()
		if na != ringEvents/3+11 || nb != ringEvents/3 || now != dropped {
			t.Errorf("noted %d and %d, dropped %d of %d and %d", na, nb, now-dropped, ringEvents/3+11, ringEvents/3)
		}
	}
}

// TestDrainMeanwhile reads while threads write: every hit is noted once or dropped.
func TestDrainMeanwhile(t *testing.T) {
	arm(t, Note)
	before := drain(func(Event) {})
	const goroutines, hits = 4, 300_000
	var noted atomic.Uint64
	var dropped uint64
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for end := false; !end; {
			select {
			case <-done:
				end = true
			default:
			}
			dropped = drain(func(Event) { noted.Add(1) })
		}
	}()
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() { hitA(hits) })
	}
	wg.Wait()
	close(done)
	<-stopped
	if sum := noted.Load() + dropped - before; sum != goroutines*hits {
		t.Errorf("%d noted and %d dropped of %d", noted.Load(), dropped-before, goroutines*hits)
	}
}

// TestManyThreads has more threads at once than there are blocks. It runs in a
// process of its own, whose blocks it uses up.
func TestManyThreads(t *testing.T) {
	const env = "GKHI_TEST_MANY_THREADS"
	if os.Getenv(env) == "" {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := testenv.Command(t, exe, "-test.run=^TestManyThreads$")
		cmd.Env = append(cmd.Environ(), env+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	a, _ := arm(t, Count|Note)
	before, droppedBefore := Hits(a), drain(func(Event) {})
	const threads, hits = 280, 500
	var wg, up sync.WaitGroup
	up.Add(threads)
	for range threads {
		wg.Go(func() {
			runtime.LockOSThread() // the thread ends with the goroutine
			hitA(hits / 2)
			up.Done()
			up.Wait() // all are there at once
			hitA(hits / 2)
		})
	}
	wg.Wait()
	if got := Hits(a) - before; got != threads*hits {
		t.Errorf("counted %d of %d", got, threads*hits)
	}
	noted := uint64(0)
	dropped := drain(func(Event) { noted++ }) - droppedBefore
	if noted+dropped != threads*hits || dropped == 0 {
		t.Errorf("noted %d and dropped %d of %d", noted, dropped, threads*hits)
	}
	owners := 0
	for _, o := range slots.owner {
		if o != 0 {
			owners++
		}
	}
	if owners != maxClaims || atomic.LoadInt64(&claims) != maxClaims {
		t.Errorf("%d blocks have owners, and %d claims are counted; there may be %d", owners, claims, maxClaims)
	}
}

// TestPartial has several threads note as fast as they can, and drains in parts: none is passed on twice or lost, those of a
// thread are in order, and Until goes on.
func TestPartial(t *testing.T) {
	arm(t, Note)
	const goroutines, hits, times = 4, 3 * chunk, 8
	var wg sync.WaitGroup
	var noted, partial int
	var until uint64
	var b Batch
	Drain(&b)
	before := b.Dropped
	last := map[int32]uint64{}
	one := func() {
		Drain(&b)
		for _, e := range b.Events {
			if e.Ticks < last[e.Thread] {
				t.Fatalf("thread %d: an event of %d after one of %d", e.Thread, e.Ticks, last[e.Thread])
			}
			last[e.Thread] = e.Ticks
		}
		if noted += len(b.Events); b.Until < until {
			t.Fatalf("until %d, after %d", b.Until, until)
		}
		until = b.Until
		if b.Partial {
			partial++
		}
	}
	for range times {
		for range goroutines {
			wg.Go(func() { hitA(hits) })
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			one()
		}
	}
	for range 2 { // the round in work, and one that sees all
		for one(); b.Partial; {
			one()
		}
	}
	if total := noted + int(b.Dropped-before); total != times*goroutines*hits || b.Partial {
		t.Errorf("%d events of %d", total, times*goroutines*hits)
	}
	if partial == 0 {
		t.Error("no batch was a part")
	}
}
