package gkhi

import (
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

// The watcher ends when nothing is armed, and not before. In a bubble, where
// time passes by itself, a test that leaves nothing armed ends.
func TestWatcher(t *testing.T) {
	eventually(t, func() bool { return !isWatched() }) // an earlier test's
	synctest.Test(t, func(t *testing.T) {
		h := newHook[int](t)
		x := armed(t, h, "x", func(int) Verdict { time.Sleep(time.Hour); return Continue })
		go h.Fire(0)
		synctest.Wait()
		time.Sleep(30 * time.Minute)
		if hi := inFlightOf(t, h, "x"); hi.InFlight != 1 || hi.Longest < 30*time.Minute-ageInterval || hi.Longest > 30*time.Minute {
			t.Errorf("after half an hour: %+v", hi)
		}
		must(t, x.Disarm())
		time.Sleep(time.Minute)
		if !isWatched() {
			t.Error("nobody watches while a call runs")
		}
		time.Sleep(time.Hour)
		if isWatched() {
			t.Error("somebody watches though nothing is armed and nothing runs")
		}
		must(t, x.Deregister(t.Context()))
	})
}

func isWatched() bool {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return registry.watching
}
