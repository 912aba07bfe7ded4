package main

import (
	"slices"
	"testing"
)

func TestTally(t *testing.T) {
	for _, row := range []struct {
		tally *tally
		luck  bool
	}{
		{nil, false},
		{&tally{0, 0, 0}, true},
		{&tally{0, 1, 2}, true},
		{&tally{0, 4, 0}, false},
		{&tally{1, 1, 9}, false},
		{&tally{0, 0, 10}, false},
		{&tally{4, 3, 6}, true},
	} {
		if got := row.tally.luck(); got != row.luck {
			t.Errorf("%v: %v", row.tally, got)
		}
	}
	if got, want := tallies(map[string]*tally{"TestB": {1, 2, 3}, "TestA": {}}), "TestA 0, 0, 0; TestB 1, 2, 3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	runs := []testRun{{failed: []string{"A", "C"}}, {failed: []string{"A"}}, {failed: []string{"B", "A"}}}
	if got, want := uneven(runs), []string{"B", "C"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
