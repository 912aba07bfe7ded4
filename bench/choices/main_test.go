package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// Every design calls its handlers, so that no table compares nothing with something.
func TestDesigns(t *testing.T) {
	for name, fire := range map[string]func(int) int{
		"unmarked": fireUnmarked, "one counter": fireOneCounter, "in and out": fireInOut,
		"places": fireInOutPlaces, "claim": fireClaim,
		"places, counted": fireInOutPlacesCounted, "claim, counted": fireClaimCounted, "rwmutex": fireRWMutex,
		"own": fireOwn, "own, counted": fireOwnCounted,
	} {
		if got := fire(41); got != 42 {
			t.Errorf("%s: %d, want 42", name, got)
		}
	}
	for name, fire := range map[string]func(event) bool{
		"plain": firePlain, "guarded": fireGuarded, "guarded, own": fireGuardedOwn, "guarded, counted": fireGuardedCounted,
		"guarded, claim": fireGuardedClaim, "copied": fireCopied,
	} {
		if fire(event{1, 2, 3}) || !fire(event{-1, 2, 3}) {
			t.Errorf("%s does not return what the handler does", name)
		}
	}
	for name, fire := range map[string]func(int) int{
		"unguarded": fireUnguarded, "each": fireGuardedEach, "once": fireGuardedOnce,
	} {
		if got := fire(34); got != 42 {
			t.Errorf("%s: %d, want 42", name, got)
		}
	}
}

func TestGuardsGoOn(t *testing.T) {
	old := eight[3]
	defer func() { eight[3] = old }()
	eight[3] = func(int) int { panic("third") }
	if got := fireGuardedOnce(35); got != 42 {
		t.Errorf("once: %d after a panic, want 42", got)
	}
}

func TestQuick(t *testing.T) {
	testenv.Need(t, testenv.NoRace) // some of the choices are data races, on purpose
	var out, errs bytes.Buffer
	if code := run([]string{"-quick"}, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if n := strings.Count(out.String(), "\n| "); n < 9 {
		t.Errorf("%d rows:\n%s", n, out.String())
	}
	if code := run([]string{"what"}, &out, &errs); code != 2 {
		t.Errorf("exit code %d for an argument", code)
	}
}
