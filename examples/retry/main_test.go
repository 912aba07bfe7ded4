package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gkhi/gkhi"
)

// fail sets a failpoint until the test ends. Hooks belong to the process, so
// tests that use it don't run in parallel.
func fail(t *testing.T, name, term string) {
	t.Helper()
	if err := gkhi.Fail(name, term); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := gkhi.Fail(name, "off"); err != nil {
			t.Error(err)
		}
	})
}

// watch collects what the attempts end with.
func watch(t *testing.T) *[]string {
	t.Helper()
	var results []string
	h, err := onAttempt.Register("test", func(ev AttemptEvent) gkhi.Verdict {
		results = append(results, ev.Err)
		return gkhi.Continue
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Arm(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Deregister(context.Background()) })
	return &results
}

func TestSave(t *testing.T) {
	for _, c := range []struct {
		name, term string
		attempts   []string
		err        string
	}{
		{"all is well", "off", []string{"<nil>"}, "<nil>"},
		{"the disk is full for a while", `2*return("disk full")`, []string{"disk full", "disk full", "<nil>"}, "<nil>"},
		{"the disk stays full", `return("disk full")`, slices.Repeat([]string{"disk full"}, attempts), "after 5 attempts: disk full"},
		{"different errors", `1*return("disk full")->1*return("input/output error")`, []string{"disk full", "input/output error", "<nil>"}, "<nil>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "f")
			fail(t, "retry.write-error", c.term)
			got := watch(t)
			if err := save(t.Context(), file, []byte("data")); fmt.Sprint(err) != c.err {
				t.Errorf("error %v, want %s", err, c.err)
			}
			if !slices.Equal(*got, c.attempts) {
				t.Errorf("attempts %q, want %q", *got, c.attempts)
			}
			left, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if c.err == "<nil>" {
				want = []string{file}
			}
			if !slices.Equal(left, want) {
				t.Errorf("files left: %q, want %q", left, want)
			}
		})
	}
}

// pause holds the program at a place for as long as the test needs to do
// something meanwhile: no sleep, and nothing to get lucky with.
func TestInterruptedWhileItWrites(t *testing.T) {
	fail(t, "retry.write-error", `1*pause->return("disk full")`)
	results := watch(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- save(ctx, filepath.Join(t.TempDir(), "f"), nil) }()
	for gkhi.Failpoints()[0].Waiting == 0 { // until it is there
		runtime.Gosched()
	}
	cancel() // while it writes
	if err := gkhi.ReleaseFailpoint("retry.write-error"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the attempt that went well: %v", err)
	}

	// From here on it fails, and nobody waits any more.
	err := save(ctx, filepath.Join(t.TempDir(), "f"), nil)
	if !errors.Is(err, context.Canceled) || !errors.As(err, new(*gkhi.FailpointError)) {
		t.Errorf("error %v, want both canceled and the failpoint's", err)
	}
	if len(*results) != 2 {
		t.Errorf("attempts %q, want two", *results)
	}
}

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	t.Cleanup(func() { gkhi.Fail("retry.write-error", "off") })
	t.Setenv(gkhi.FailEnv, `retry.write-error=1*return("disk full")`)
	if err := run(t.Context(), []string{file}, strings.NewReader("hello")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(file); string(text) != "hello" {
		t.Errorf("saved %q, %v", text, err)
	}
	t.Setenv(gkhi.FailEnv, `retry.write-eror=return`)
	if err := run(t.Context(), []string{file}, nil); !errors.Is(err, gkhi.ErrUnknown) {
		t.Errorf("a wrong name in the environment: %v", err)
	}
	if err := run(t.Context(), nil, nil); err == nil {
		t.Error("no error without a file")
	}
}
