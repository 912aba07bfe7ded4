package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAnswer(t *testing.T) {
	if got := answer("run 3 10 5 2", work, nil); len(strings.Fields(got)) != 3 {
		t.Errorf("three bursts took %q", got)
	}
	for _, command := range []string{"on " + filepath.Join(t.TempDir(), "trace"), "off"} {
		if got := answer(command, region, nil); got != "ok" {
			t.Errorf("%s: %s", command, got)
		}
	}
	if got := answer("on "+filepath.Join(t.TempDir(), "no", "such"), region, nil); !strings.Contains(got, "no such file") {
		t.Errorf("a file that can't be: %s", got)
	}
	if got := answer("on", work, nil); got != "what?" {
		t.Errorf("nothing to arm: %s", got)
	}
	counter, err := point.Count("test")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"on", "run 2 50 0 0", "off", "run 1 50 0 0"} {
		if got := answer(command, hit, counter); got == "what?" {
			t.Errorf("%s: %s", command, got)
		}
	}
	if got := counter.Calls(); got != 100 {
		t.Errorf("%d calls were counted while it was armed, want 100", got)
	}
}
