package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

func sample(i int) row {
	return row{
		what: subjects[i].title(), runs: "16 × 2 × 3", benchmarks: 3 + i, time: ratio{1.01, 0.995, 1.025},
		worst: "A/b=1", worstTime: ratio{1.2, 1.1, 1.3}, moves: 3.5, size: 1.07,
	}
}

func TestRow(t *testing.T) {
	for i := range subjects {
		if got, err := parseRow(sample(i).String()); err != nil || got != sample(i) {
			t.Errorf("%v\n%+v\n%+v", err, got, sample(i))
		}
	}
	for _, bad := range []string{"", "| a | b |", strings.Replace(sample(0).String(), "1.010", "x", 1)} {
		if _, err := parseRow(bad); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func FuzzRow(f *testing.F) {
	f.Add(sample(0).String())
	f.Fuzz(func(t *testing.T, line string) {
		if r, err := parseRow(line); err == nil {
			if _, err := parseRow(r.String()); err != nil {
				t.Errorf("%q is read, and %q not: %v", line, r, err)
			}
		}
	})
}

// TestWriteRows writes a table row by row.
func TestWriteRows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doc.md")
	begin := "text\n<!-- begin: bench/overhead -->\n| an | older | table |\n<!-- end: bench/overhead -->\nmore\n"
	if err := os.WriteFile(file, []byte(begin), 0o644); err != nil {
		t.Fatal(err)
	}
	m := measure.Machine{OS: "linux", Arch: "amd64", CPUs: 2, Go: "go1.26"}
	write := func(m measure.Machine, rows ...row) []row {
		t.Helper()
		if err := writeRows(file, rows, m, io.Discard); err != nil {
			t.Fatal(err)
		}
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if s := string(doc); !strings.HasPrefix(s, "text\n") || !strings.HasSuffix(s, "\nmore\n") {
			t.Errorf("what was around is gone:\n%s", doc)
		}
		got, err := rowsOf(string(doc), m)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	equal := func(got []row, want ...row) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%v\nwant %v", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%v\nwant %v", got[i], want[i])
			}
		}
	}
	equal(write(m, sample(3)), sample(3))
	equal(write(m, sample(1)), sample(1), sample(3))
	again := sample(3)
	again.time = ratio{0.99, 0.98, 1}
	equal(write(m, again), sample(1), again)
	other := m
	other.CPU = "another"
	equal(write(other, sample(2)), sample(2))
}
