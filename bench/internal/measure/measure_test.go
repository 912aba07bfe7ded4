package measure

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestFigure(t *testing.T) {
	for x, want := range map[float64]string{0.123: "0.12", -0.001: "0", 0: "0", 9.999: "10.00", 12.34: "12.3", 1234.5: "1234", -0.5: "-0.50"} {
		if got := Figure(x); got != want {
			t.Errorf("Figure(%v) = %s, want %s", x, got, want)
		}
	}
}

func TestWriteInto(t *testing.T) {
	path := filepath.Join(t.TempDir(), "costs.md")
	put := func(s string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, doc := range []string{"text\n", "<!-- begin: x -->\n", "<!-- end: x --><!-- begin: x -->", "<!-- begin: y --><!-- end: y -->"} {
		put(doc)
		if err := WriteInto(path, "x", "new\n"); err == nil || !strings.Contains(err.Error(), "<!-- begin: x -->") {
			t.Errorf("%q: %v", doc, err)
		}
	}
	put("before\n<!-- begin: x -->\nold\n<!-- end: x -->\nafter\n")
	if err := WriteInto(path, "x", "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n<!-- begin: x -->\nnew\n<!-- end: x -->\nafter\n"; string(got) != want {
		t.Errorf("the document is\n%s\nwant\n%s", got, want)
	}
	if err := WriteInto(path+".not", "x", ""); err == nil {
		t.Error("no error for a document that isn't there")
	}
}

func TestTime(t *testing.T) {
	for _, threads := range []int{1, 3} {
		var runs atomic.Int64
		Time(func(n int) { runs.Add(int64(n)) }, threads, 7)
		if got := runs.Load(); got != int64(7*threads) {
			t.Errorf("%d goroutines: %d runs, want %d", threads, got, 7*threads)
		}
	}
	if n := Calibrate(func(n int) { time.Sleep(time.Duration(n) * time.Millisecond) }, 1, 20*time.Millisecond); n < 1 || n > 20 {
		t.Errorf("%d sleeps of a millisecond or more fit into 20", n)
	}
}
