package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write measured/generated.go")

// The generated file that is in the repository is what generate makes. Only its size differs from what is measured.
func TestGenerated(t *testing.T) {
	const path = "measured/generated.go"
	want, err := generate(small)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what is generated (%v): run go test -update", path, err)
	}
}

// The whole way: generate, build, run, print.
func TestQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	var out, errs bytes.Buffer
	status, err := run([]string{"-quick", "-markdown"}, &out, &errs)
	if status != 0 || err != nil {
		t.Fatalf("status %d, %v: %s", status, err, &errs)
	}
	for _, want := range []string{"\n### Targets\n", "\n### A dense loop", "\n| dormant point: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &out)
		}
	}
	if status, _ := run([]string{"-quick", "-nosuch"}, &out, &errs); status != 2 {
		t.Errorf("status %d for a flag that there isn't, want 2", status)
	}
}
