package gobuild_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/testenv"
)

// A recorded is what the tests look at of a recording.
type recorded struct {
	*event.Reader
	entries, returns map[string]int
	counts           map[string]uint64
	values           map[string]map[string]int // of entries and, behind a minus, of returns: how often which
	callers          map[string]map[string]int
	times            map[int64]int // how many events at a time
}

func readRecording(t *testing.T, name string) recorded {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := event.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	rec := recorded{
		r, map[string]int{}, map[string]int{}, map[string]uint64{}, map[string]map[string]int{}, map[string]map[string]int{}, map[int64]int{},
	}
	add := func(m map[string]map[string]int, name, what string) {
		if m[name] == nil {
			m[name] = map[string]int{}
		}
		m[name][what]++
	}
	for {
		x, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rec
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range x.Counts {
			rec.counts[r.Funcs[c.Func].Name] = c.Calls
		}
		if x.Kind != event.KindEvent {
			continue
		}
		site := r.Sites[x.Event.Site]
		name := r.Funcs[site.Func].Name
		var values []string
		for _, v := range r.Values(x.Event) {
			values = append(values, v.Name+"="+v.Text)
		}
		rec.times[x.Time]++
		if site.Return {
			rec.returns[name]++
			add(rec.values, "-"+name, strings.Join(values, " "))
			continue
		}
		rec.entries[name]++
		add(rec.values, name, strings.Join(values, " "))
		if x.Event.Stack >= 0 {
			var stack []string
			for _, pc := range r.Stacks[x.Event.Stack] {
				stack = append(stack, r.Frames[pc][0].Func)
			}
			add(rec.callers, name, strings.Join(stack, " "))
		}
	}
}

// TestRecord records all that the program does, and compares with what that is.
func TestRecord(t *testing.T) {
	p := buildLive(t).start()
	file := filepath.Join(t.TempDir(), "live.rec")
	p.watch(func() { p.do("calls") }, "record", "-o", file, "--args", "--stack=8", "main.*")
	r := readRecording(t, file)
	if sum := r.Summary(); sum.Lost != 0 || sum.Truncated {
		t.Fatalf("%+v", sum)
	}
	for name, want := range map[string][2]int{
		"main.leaf": {8003, 8003}, "main.deep": {903, 903}, "main.many": {1, 1}, "main.catcher": {3, 0}, "main.thrower": {6, 3}, "main.leaver": {3, 0},
	} {
		if got := [2]int{r.entries[name], r.returns[name]}; got != want {
			t.Errorf("%s: %d entries and %d returns, want %v", name, got[0], got[1], want)
		}
		if got := r.counts[name]; got != uint64(want[0]) {
			t.Errorf("%s: %d calls were counted, want %d", name, got, want[0])
		}
	}
	for at, n := range r.times {
		if n > 200 { // as of events from before the clock began
			t.Errorf("%d events at %d", n, at)
		}
	}
	if left := p.armed(); len(left) > 0 {
		t.Errorf("still armed: %v", left)
	}
	if got := r.values["main.leaf"]; got["n=3"] != 8000 || got["n=1"] != 3 || len(got) != 2 {
		t.Errorf("main.leaf's arguments: %v", got)
	}
	if got := r.values["-main.leaf"]; got["sum=3"] != 8000 || got["sum=0"] != 3 || len(got) != 2 {
		t.Errorf("main.leaf's results: %v", got)
	}
	if got := r.values["main.many"]; got["goroutines=8 calls=1000"] != 1 {
		t.Errorf("main.many's arguments: %v", got)
	}
	for _, n := range []int{0, 17, 300} {
		if got := r.values["main.deep"][fmt.Sprintf("n=%d", n)]; got != 3 {
			t.Errorf("main.deep was called %d times with %d: %v", got, n, r.values["main.deep"])
		}
	}
	if got := r.callers["main.deep"]; got[strings.Repeat("main.deep ", 7)+"main.deep"] != 3*(301-8) {
		t.Errorf("main.deep's callers: %v", got)
	}
	fromMany := 0
	for stack, n := range r.callers["main.leaf"] {
		if strings.HasPrefix(stack, "main.many.func1 ") {
			fromMany += n
		}
	}
	if fromMany != 8000 {
		t.Errorf("main.leaf was called %d times by main.many's goroutines: %v", fromMany, r.callers["main.leaf"])
	}
}

// TestRecordCommand records from before main to the end.
func TestRecordCommand(t *testing.T) {
	p := buildLive(t)
	file := filepath.Join(t.TempDir(), "live.rec")
	cmd := testenv.Command(t, p.gkhi, "record", "-o", file, "main.*", "--", p.exe)
	cmd.Env = append(cmd.Environ(), "GKHI_SOCKET_DIR="+p.sockets)
	cmd.Stdin = strings.NewReader("one\ncalls\n")
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("ready\ndone\ndone\n")) {
		t.Fatalf("%v\n%s", err, out)
	}
	r := readRecording(t, file)
	// 3 of prepare, which is package initialisation, 1, and 8003.
	if got := r.entries["main.leaf"]; got != 8007 || r.counts["main.leaf"] != 8007 || r.entries["main.prepare"] != 1 {
		t.Errorf("%d calls of main.leaf, %d counted, %d of main.prepare", got, r.counts["main.leaf"], r.entries["main.prepare"])
	}
	if r.Summary().Truncated {
		t.Error("it is cut off")
	}
}

// TestRecordKilled kills gkhi: what it wrote until then can be read, and the program has nothing armed any more.
func TestRecordKilled(t *testing.T) {
	p := buildLive(t).start()
	file := filepath.Join(t.TempDir(), "live.rec")
	cmd := p.command("record", "-o", file, "main.*")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		p.do("calls")
		if info, err := os.Stat(file); err == nil && info.Size() > 20000 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("nothing is written")
		}
	}
	cmd.Process.Kill() //nolint:errcheck // it would show below
	cmd.Wait()         //nolint:errcheck // killed
	r := readRecording(t, file)
	if !r.Summary().Truncated || r.entries["main.leaf"] < 1000 {
		t.Errorf("%+v, %d calls", r.Summary(), r.entries["main.leaf"])
	}
	for end := time.Now().Add(10 * time.Second); len(p.armed()) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after ten seconds still armed: %v", p.armed())
		}
	}
}

// TestRecordSifted leaves out what is short.
func TestRecordSifted(t *testing.T) {
	p := buildLive(t).start()
	file := filepath.Join(t.TempDir(), "live.rec")
	p.watch(func() { p.do("calls") }, "record", "-o", file, "--min-duration", "15ms", "main.*")
	r := readRecording(t, file)
	if r.entries["main.sleeper"] != 1 || r.returns["main.sleeper"] != 1 || r.entries["main.leaf"] > 100 || len(r.counts) > 0 || r.Meta.MinTook != 15e6 {
		t.Errorf("%v, %v, %+v", r.entries, r.counts, r.Meta)
	}
}
