package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/event"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int{"64MiB": 64 << 20, "512K": 512 << 10, "1G": 1 << 30, "100": 100, "7B": 7} {
		var n int
		if err := (sizeValue{&n}).Set(text); err != nil || n != want {
			t.Errorf("%s is %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "0", "1X", "1KK", "9999999999999G", "1.5M"} {
		var n int
		if err := (sizeValue{&n}).Set(text); err == nil {
			t.Errorf("%q is taken for %d", text, n)
		}
	}
}

func TestTrigger(t *testing.T) {
	for _, text := range []string{"a>", "a>x", "a>-1s", "a>0s", "[", ">1s"} {
		if _, err := parseTrigger(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	types := durations{"kvd.commit": {"Took": true}, "kvd.wait": {"": true}}
	for _, tt := range []struct {
		text, hook, fields string
		want               bool
	}{
		{"kvd.*", "kvd.get", `{}`, true},
		{"kvd.*", "other", `{}`, false},
		{"kvd.commit>1ms", "kvd.commit", `{"Took":1000000,"Bytes":5}`, true},
		{"kvd.commit > 1ms", "kvd.commit", `{"Took":999999,"Bytes":5000000}`, false},
		{"kvd.wait>1µs", "kvd.wait", `1000`, true},
		{"kvd.wait>1µs", "kvd.wait", `999`, false},
		{"kvd.get>1ms", "kvd.get", `{"Bytes":5000000}`, false},
	} {
		tr, err := parseTrigger(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		w := watch{triggers: []trigger{tr}, types: types}
		if got := w.hit(tt.hook, []byte(tt.fields)); got != tt.want {
			t.Errorf("%s with %s %s: %v", tt.text, tt.hook, tt.fields, got)
		}
	}
	tr, err := parseTrigger("main.Get>100ms")
	if err != nil {
		t.Fatal(err)
	}
	w := watch{triggers: []trigger{tr}}
	if w.call("main.Get", 99*time.Millisecond) || !w.call("main.Get", 100*time.Millisecond) || w.call("main.Put", time.Second) {
		t.Error("a call is taken for what it isn't")
	}
}

func TestFlight(t *testing.T) {
	name := filepath.Join(t.TempDir(), "kvd.rec")
	code, out, errOut := runRecord(t, "record", "kvd", "kvd.*", "--flight", "1MiB", "-o", name)
	if code != 0 || out != "" || !strings.Contains(errOut, name+": 4 events, for the end") {
		t.Fatalf("exit code %d, %q, %q", code, out, errOut)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := event.NewReader(f); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{
		{"--when", "kvd.commit"}, {"--dumps", "2"}, {"--flight", "1M", "--min-duration", "1ms"}, {"--flight", "1M", "--json"}, {"--flight", "1M", "--when", "a>b"},
	} {
		if code, _, errOut := runRecord(t, append([]string{"record", "kvd", "kvd.*", "-o", name}, args...)...); code != 2 {
			t.Errorf("%q: exit code %d, %q", args, code, errOut)
		}
	}
}
