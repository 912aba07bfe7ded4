package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestParseTook(t *testing.T) {
	l := load{bursts: 3, calls: 10}
	got, err := parseTook("100 250 30", l)
	if err != nil || !slices.Equal(got, []float64{10, 25, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "100 250", "100 250 30 40", "100 x 30", "100 -1 30", "what?"} {
		if got, err := parseTook(bad, l); err == nil {
			t.Errorf("%q: %v, and no error", bad, got)
		}
	}
}

func TestParseDiscarded(t *testing.T) {
	n, err := parseDiscarded("Channels:\n- c: [enabled]\n    Statistics:\n      Discarded events: 4711\n\n    Recording event rules:\n")
	if n != 4711 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := parseDiscarded("Channels:\n"); err == nil {
		t.Error("no error where nothing is told")
	}
}

func TestParseCalls(t *testing.T) {
	const report = "  Total time   Self time       Calls  Function\n  ==========  ==========  ==========  ====================\n" +
		"  114.935 ms   87.273 us          10  usleep\n    5.872 ms    5.868 ms      160000  work\n"
	if n, err := parseCalls(report, "work"); n != 160000 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := parseCalls(report, "wor"); err == nil {
		t.Error("no error for a function that is not there")
	}
}

// What an event costs, and what is said about it.
func TestReport(t *testing.T) {
	m := &mode{name: "ours", notes: "time", events: 2}
	other := &mode{name: "theirs", notes: "text", events: 1}
	p, q := &peer{name: "P", without: []float64{3, 1}, modes: []*mode{m}}, &peer{name: "Q", without: []float64{1}, modes: []*mode{other}}
	for i := range loops {
		p.dormant[i], m.active[i], m.of[i] = []float64{2, 4, 6}, []float64{26, 22, 30}, 1000
		q.dormant[i], other.active[i], other.of[i] = []float64{1}, []float64{51}, 1000
	}
	m.whole[flatOut] = []float64{26, 30} // the fastest run lost events
	m.lost[flatOut], other.lost[inBursts] = 125, untold
	text := report{rounds: 1, loads: make([]load, loops), peers: []*peer{p, q}, left: []string{"R: is not there"}}.String()
	for _, want := range []string{
		"| P | 1.00 | 2.00 | 1.00 |\n",
		"| ours | time | 2 | 10.0 | 11.0 | 1.00 | none |\n",
		"| theirs | text | 1 | 50.0 | 50.0 | 5.00 | – |\n",
		"| ours | 10.0 | none | 12.0 | 12.5 % |\n",
		"Not measured: R: is not there.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// A peer whose tools are missing is named with its packages, and the others are measured.
func TestMissing(t *testing.T) {
	m := maker{"X", []string{"no-such-tool"}, "x-tools", nil}
	if _, err := m.try(nil); err == nil || !strings.Contains(err.Error(), "no-such-tool is not installed (apt-get install x-tools)") {
		t.Error(err)
	}
}

// The C subjects do what loop.h says, and what is started is gone at the end.
func TestSubject(t *testing.T) {
	testenv.Need(t, testenv.Tool("gcc"))
	t.Setenv("TMPDIR", t.TempDir())
	w, err := newWorkshop()
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if err := w.unpack(); err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{nil, {`-DFIRST="push %rbp"`, `-DLAST="pop %rbp"`}} {
		if len(flags) > 0 {
			testenv.Need(t, testenv.Arch("amd64"))
		}
		exe, err := w.compile("function", "gcc", "function.c", flags...)
		if err != nil {
			t.Fatal(err)
		}
		s, err := w.start(exe)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []load{{bursts: 3, calls: 100}, {bursts: 1, calls: 10, spin: 100, pause: time.Millisecond}} {
			if took, err := s.run(l); err != nil || len(took) != l.bursts {
				t.Errorf("%+v: %v, %v", l, took, err)
			}
		}
		if err := s.tell("on"); err != nil {
			t.Error(err)
		}
		if err := s.tell("nonsense"); err == nil || !strings.Contains(err.Error(), "what?") {
			t.Errorf("nonsense: %v", err)
		}
		if err := s.end(); err != nil {
			t.Error(err)
		}
	}
}
