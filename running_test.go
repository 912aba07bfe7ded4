package gkhi

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"
)

// inFlightOf is what Info says of the handler of that name.
func inFlightOf[T any](t *testing.T, h *Hook[T], name string) HandlerInfo {
	t.Helper()
	for _, hi := range h.Info().Handlers {
		if hi.Name == name {
			return hi
		}
	}
	t.Fatalf("no handler %s", name)
	return HandlerInfo{}
}

// A handler that blocks shows, with the time for which it has.
func TestBlockedShows(t *testing.T) {
	h := newHook[*blockedCall](t)
	armed(t, h, "blocks", block)
	after := armed(t, h, "after", func(*blockedCall) Verdict { return Continue })
	a := blockIn(h)
	first := inFlightOf(t, h, "blocks")
	if first.InFlight != 1 {
		t.Errorf("%d in flight, want 1", first.InFlight)
	}
	if hi := inFlightOf(t, h, "after"); hi.InFlight != 0 || hi.Longest != 0 {
		t.Errorf("a handler that does not run: %+v", hi)
	}
	time.Sleep(2 * time.Millisecond)
	b := blockIn(h)
	second := inFlightOf(t, h, "blocks")
	if second.InFlight != 2 || second.Longest < first.Longest+2*time.Millisecond {
		t.Errorf("then %+v, before %+v", second, first)
	}
	a.end()
	third := inFlightOf(t, h, "blocks")
	if third.InFlight != 1 || third.Longest > second.Longest {
		t.Errorf("when the older has returned: %+v, before %+v", third, second)
	}
	b.end()
	if hi := inFlightOf(t, h, "blocks"); hi.InFlight != 0 || hi.Longest != 0 || hi.Calls != 2 {
		t.Errorf("at the end: %+v", hi)
	}
	if after.Calls() != 2 {
		t.Errorf("the handler after it ran %d times", after.Calls())
	}
}

// A call that goes on after its handler was disarmed or deregistered still
// shows, as long as the handler does.
func TestBlockedAndDisarmed(t *testing.T) {
	h := newHook[*blockedCall](t)
	x := armed(t, h, "blocks", block)
	armed(t, h, "other", func(*blockedCall) Verdict { return Continue })
	c := blockIn(h)
	must(t, x.Disarm())
	if hi := inFlightOf(t, h, "blocks"); hi.InFlight != 1 || hi.Armed {
		t.Errorf("disarmed: %+v", hi)
	}
	for range 10 { // sets come and go, the blocked call's is remembered
		must(t, x.Arm())
		must(t, x.Disarm())
	}
	if hi := inFlightOf(t, h, "blocks"); hi.InFlight != 1 {
		t.Errorf("after other changes: %+v", hi)
	}
	c.end()
	if hi := inFlightOf(t, h, "blocks"); hi.InFlight != 0 {
		t.Errorf("at the end: %+v", hi)
	}
}

// One call is told from the next in the same slot: many short ones don't make a long one.
func TestShortCallsDontAge(t *testing.T) {
	h := newHook[*blockedCall](t)
	armed(t, h, "blocks", block)
	var since time.Time
	for range 3 {
		since = time.Now()
		c := blockIn(h)
		time.Sleep(time.Millisecond)
		if hi := inFlightOf(t, h, "blocks"); hi.InFlight != 1 || hi.Longest > time.Since(since) {
			t.Errorf("%+v, %v after the call began", hi, time.Since(since))
		}
		c.end()
	}
}

// A call's age is the time since somebody looked first.
func TestAges(t *testing.T) {
	keepUnwatched(t)
	h := newHook[*blockedCall](t)
	armed(t, h, "before", func(*blockedCall) Verdict { return Continue })
	x := armed(t, h, "blocks", block)
	armed(t, h, "after", func(*blockedCall) Verdict { return Continue })
	r := h.reg.Load()
	start := time.Now()
	var calls []*blockedCall
	for _, step := range []struct {
		at      time.Duration
		do      func()
		calls   int
		longest time.Duration
	}{
		{0, func() {}, 0, 0},
		{1, func() { calls = append(calls, blockIn(h)) }, 1, 0},
		{4, func() {}, 1, 3},
		{5, func() { calls = append(calls, blockIn(h)) }, 2, 4},
		{7, func() { must(t, x.Disarm()) }, 2, 6},
		{9, func() { calls[0].end() }, 1, 4},
		{11, func() { must(t, x.Arm()); calls = append(calls, blockIn(h)) }, 2, 6},
		{12, func() { calls[1].end() }, 1, 1},
		{13, func() { calls[2].end(); calls = append(calls, blockIn(h)) }, 1, 0},
		{15, func() { calls[3].end() }, 0, 0},
	} {
		step.do()
		registry.mu.Lock()
		got := r.look(start.Add(step.at * time.Second))
		registry.mu.Unlock()
		want := map[*Handler]running{x: {step.calls, step.longest * time.Second}}
		if step.calls == 0 {
			want = map[*Handler]running{}
		}
		if !maps.Equal(got, want) {
			t.Errorf("at %d s: %v, want %v", step.at, got, want)
		}
	}
}

// The watcher is there while a handler is armed or runs, and then ends.
func TestWatcher(t *testing.T) {
	h := newHook[*blockedCall](t)
	x := armed(t, h, "x", block)
	if !isWatched() {
		t.Error("nobody watches though a handler is armed")
	}
	c := blockIn(h)
	must(t, x.Disarm())
	for range 3 {
		if !lookAtAll() || !isWatched() {
			t.Error("nobody watches while a call runs")
		}
	}
	c.end()
	eventually(t, func() bool { return !isWatched() })
}

// In a bubble nobody watches: one that leaves a handler armed would never end.
func TestWatcherInBubble(t *testing.T) {
	if inBubble() {
		t.Fatal("takes this for a bubble")
	}
	eventually(t, func() bool { return !isWatched() }) // because of an earlier test
	h := newHook[int](t)
	synctest.Test(t, func(t *testing.T) {
		armed(t, h, "x", func(int) Verdict { time.Sleep(time.Hour); return Continue })
		if !inBubble() || isWatched() {
			t.Error("somebody watches")
		}
		done := make(chan bool)
		go func() { h.Fire(0); close(done) }()
		synctest.Wait()
		h.Info()
		time.Sleep(30 * time.Minute)
		if hi := inFlightOf(t, h, "x"); hi.InFlight != 1 || hi.Longest != 30*time.Minute {
			t.Errorf("half an hour after somebody looked: %+v", hi)
		}
		<-done
	})
}

// keepUnwatched keeps the watcher away, which would look at other times than the test.
func keepUnwatched(t *testing.T) {
	t.Helper()
	eventually(t, func() bool { return !isWatched() }) // because of an earlier test
	setWatched := func(yes bool) {
		registry.mu.Lock()
		defer registry.mu.Unlock()
		registry.watching = yes
	}
	setWatched(true)
	t.Cleanup(func() { setWatched(false) })
}

func isWatched() bool {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return registry.watching
}
