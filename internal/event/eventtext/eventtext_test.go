package eventtext_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/event/eventtext"
	"github.com/gkhi/gkhi/internal/report/reporttest"
)

var update = flag.Bool("update", false, "rewrite testdata")

func text(t *testing.T, recording []byte) string {
	t.Helper()
	var b strings.Builder
	if err := eventtext.Write(&b, bytes.NewReader(recording)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRoundTrip makes text of recordings, and recordings of the text, which are the same to the byte.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(8) {
		recording := reporttest.Make(reporttest.Options{
			Events: 20000, Seed: seed, Lost: 0.001, Values: seed%2 == 0, Stacks: seed%3 == 0, Hits: true, Panics: 0.01,
		})
		first := text(t, recording)
		back, err := eventtext.Parse(strings.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back, recording) {
			t.Fatalf("seed %d: %d bytes came back of %d", seed, len(back), len(recording))
		}
	}
}

// TestGolden shows the text of a small recording. Rewrite it with -update.
func TestGolden(t *testing.T) {
	const file = "testdata/small.txt"
	got := text(t, reporttest.Make(reporttest.Options{Events: 24, Goroutines: 2, Threads: 2, Values: true, Stacks: true, Hits: true, Lost: 0.02, Seed: 5}))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the text is now\n%s", got)
	}
}

func TestCutOff(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 2000})
	var b strings.Builder
	err := eventtext.Write(&b, bytes.NewReader(recording[:len(recording)*3/4]))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(b.String(), "# M at 8") {
		t.Errorf("%v, %.40q", err, b.String())
	}
	b.Reset()
	bad := bytes.Clone(recording)
	bad[len(bad)/2] ^= 1
	if err := eventtext.Write(&b, bytes.NewReader(bad)); !errors.Is(err, event.ErrDamaged) {
		t.Error(err)
	}
	if err := eventtext.Write(&b, strings.NewReader("no recording")); !errors.Is(err, event.ErrFormat) {
		t.Error(err)
	}
}

func TestParseErrors(t *testing.T) {
	const head = "meta {}\nfunc \"f\" \"p\" \"\" 1 () ()\nsite 0 entry 1\nhook \"h\"\n"
	for in, want := range map[string]string{
		"":                   "no line with meta",
		"event 1":            "line 1: the first line is meta",
		"meta {":             "meta:",
		head + "meta {}":     "line 5: the first line is meta",
		head + "frob":        `begins with "frob"`,
		head + "event x":     "line 5: a number expected",
		head + "event 1 g 1": "thread expected",
		head + "event 1 thread 0 g 1 site 1 sp 0 bp 0":         "a number below 1 expected",
		head + "event 1 thread 0 g 1 site 0 sp 0 bp 0":         "a watermark is missing",
		head + "event 1 thread 0 g 1 site 0 sp 0 bp 0 x":       "nothing more expected",
		head + "event 1 thread 0 g 1 site 0 sp 0 bp 0 stack 0": "a number below 0",
		head + "hit 1 g 1 hook 1 {}":                           "a number below 1",
		head + "hit 1 g 1 hook 0 {":                            "a JSON object expected",
		head + "site 1 entry 1":                                "a number below 1",
		head + "site 0 exit 1":                                 "entry or return",
		head + "site 0 entry 1 words 1":                        "numbers such as 0.1",
		head + "func f":                                        "a string in quotes",
		head + `func "f" "p" "" 1 (`:                           "a string in quotes",
		head + "watermark 1 ticks 1 mono a":                    "a number",
	} {
		if _, err := eventtext.Parse(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(text(&testing.T{}, reporttest.Make(reporttest.Options{Events: 40, Values: true, Stacks: true, Hits: true})))
	f.Add("meta {}\nfunc \"f\" \"\" \"\" 1 () ()\nsite 0 entry 1\nevent 1 thread 0 g 1 site 0 sp 0 bp 0\nwatermark 1 ticks 1 mono 1 wall 1 lost 0")
	f.Fuzz(func(t *testing.T, in string) {
		recording, err := eventtext.Parse(strings.NewReader(in))
		if err != nil {
			return
		}
		var b strings.Builder
		if err := eventtext.Write(&b, bytes.NewReader(recording)); err != nil {
			t.Fatalf("%v, of what was made of %q", err, in)
		}
		again, err := eventtext.Parse(strings.NewReader(b.String()))
		if err != nil {
			t.Fatalf("%v, in\n%s", err, b.String())
		}
		var c strings.Builder
		if err := eventtext.Write(&c, bytes.NewReader(again)); err != nil || c.String() != b.String() {
			t.Fatalf("%v,\n%s\nthen\n%s", err, b.String(), c.String())
		}
	})
}

func FuzzWrite(f *testing.F) {
	f.Add(reporttest.Make(reporttest.Options{Events: 40, Values: true, Stacks: true, Hits: true}))
	f.Fuzz(func(t *testing.T, b []byte) { eventtext.Write(io.Discard, bytes.NewReader(b)) })
}
