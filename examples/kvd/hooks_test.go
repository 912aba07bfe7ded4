//go:build !nohooks

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/internal/testenv"
)

// watch collects the events of all hooks until the test ends.
func watch(t *testing.T) (events func() []string) {
	t.Helper()
	var got []string // handlers run on the goroutine that fires: the test's own
	for in := range gkhi.Hooks() {
		if in.Kind != gkhi.KindHook || !strings.HasPrefix(in.Name, "kvd.") {
			continue
		}
		hook, err := gkhi.Lookup(in.Name)
		if err != nil {
			t.Fatal(err)
		}
		h, err := hook.RegisterAny("test", func(ev any) gkhi.Verdict {
			got = append(got, in.Name+fmt.Sprintf("%+v", withoutTimes(ev)))
			return gkhi.Continue
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Deregister(context.Background()) })
		if err := h.Arm(); err != nil {
			t.Fatal(err)
		}
	}
	return func() []string {
		out := got
		got = nil
		return out
	}
}

// withoutTimes returns ev with 1 ns for each duration that is positive.
func withoutTimes(ev any) any {
	v := reflect.New(reflect.TypeOf(ev)).Elem()
	v.Set(reflect.ValueOf(ev))
	for _, f := range v.Fields() {
		if d, ok := f.Interface().(time.Duration); ok && d > 0 {
			f.SetInt(1)
		}
	}
	return v.Interface()
}

func TestHooks(t *testing.T) {
	s := newTestServer(t)
	s.opts.slow = time.Hour
	events := watch(t)
	for _, c := range []struct {
		method, target, body string
		want                 []string // how each begins: sizes depend on the machine's pages
	}{
		{"PUT", "/kv/a", "123", []string{
			"kvd.request{Method:PUT Path:/kv/a Bytes:3}",
			"kvd.begin{Tx:3 Took:1ns}",
			"kvd.put{Key:a Bytes:3 New:true}",
			"kvd.commit{Tx:3 Puts:1 Deletes:0 Err: Took:1ns}",
			"kvd.pages{Tx:3 Pages:",
			"kvd.slow-fsync{Tx:3 Writes:", // any is slow with -slow-fsync=0
			"kvd.response{Method:PUT Path:/kv/a Status:201 Bytes:0 Took:1ns}",
		}},
		{"GET", "/kv/a", "", []string{
			"kvd.request{Method:GET Path:/kv/a Bytes:0}",
			"kvd.get{Key:a Found:true Bytes:3 Took:1ns}",
			"kvd.response{Method:GET Path:/kv/a Status:200 Bytes:3 Took:1ns}",
		}},
		{"GET", "/kv?prefix=a", "", []string{
			"kvd.request{Method:GET Path:/kv Bytes:0}",
			"kvd.scan{Prefix:a After: Keys:1 Took:1ns}",
			"kvd.response{Method:GET Path:/kv Status:200 Bytes:",
		}},
		{"DELETE", "/kv/b", "", []string{
			"kvd.request{Method:DELETE Path:/kv/b Bytes:0}",
			"kvd.begin{Tx:4 Took:1ns}",
			"kvd.delete{Key:b Found:false}",
			"kvd.rollback{Tx:4 Err:no such key Took:1ns}",
			"kvd.response{Method:DELETE Path:/kv/b Status:404 Bytes:24 Took:1ns}",
		}},
		{"PUT", "/kv/" + strings.Repeat("k", maxKey+1), "", []string{
			"kvd.request{Method:PUT Path:/kv/" + strings.Repeat("k", maxKey+1) + " Bytes:0}",
			"kvd.limit{What:key Size:1025 Max:1024}",
			"kvd.response{Method:PUT Path:/kv/" + strings.Repeat("k", maxKey+1) + " Status:400 Bytes:",
		}},
		{"POST", "/compact", "", []string{
			"kvd.request{Method:POST Path:/compact Bytes:0}",
			"kvd.compact{Before:",
			"kvd.response{Method:POST Path:/compact Status:200 Bytes:",
		}},
	} {
		do(s, c.method, c.target, c.body)
		if got := events(); !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%s %.20s fired\n%s\nwant\n%s", c.method, c.target,
				strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestFailpoints(t *testing.T) {
	s := newTestServer(t)
	do(s, "PUT", "/kv/a", "old")
	for _, c := range []struct {
		name, term           string
		method, target, body string
		status               int
		want                 string
	}{
		{"kvd.commit-error", `1*return("disk full")`, "PUT", "/kv/a", "new", 500, `{"error":"commit: disk full"}`},
		{"kvd.commit-error", "off", "GET", "/kv/a", "", 200, "old"},
		{"kvd.read-value", `return("stale")`, "GET", "/kv/a", "", 200, "stale"},
		{"kvd.read-value", `return("made up")`, "GET", "/kv/none", "", 200, "made up"},
		{"kvd.read-value", "sleep(1us)", "GET", "/kv/a", "", 200, "old"},
		{"kvd.refuse", "return(429)", "GET", "/kv/a", "", 429, `{"error":"refused"}`},
		{"kvd.refuse", "return", "GET", "/kv/a", "", 503, ""},
		{"kvd.refuse", "return(200)", "GET", "/kv/a", "", 503, ""},
		{"kvd.refuse", "0%return(503)", "GET", "/kv/a", "", 200, "old"},
	} {
		if err := gkhi.Fail(c.name, c.term); err != nil {
			t.Fatal(err)
		}
		status, body := do(s, c.method, c.target, c.body)
		if status != c.status || c.want != "" && body != c.want {
			t.Errorf("%s with %s=%s: %d %s, want %d %s", c.target, c.name, c.term, status, body, c.status, c.want)
		}
		if err := gkhi.Fail(c.name, "off"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWithoutHooks holds up what the comparison in gkhi demo claims: the build
// with the tag is the same service, and has nothing of GKHI in it.
func TestWithoutHooks(t *testing.T) {
	testenv.Need(t, testenv.GoCommand)
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags=nohooks", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if dep = strings.TrimSpace(dep); strings.HasPrefix(dep, "github.com/gkhi/gkhi") && !strings.HasSuffix(dep, "/examples/kvd") {
			t.Errorf("the build without hooks links %s", dep)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "go", "vet", "-tags=nohooks", ".").CombinedOutput(); err != nil {
		t.Errorf("the build without hooks: %v\n%s", err, out)
	}
}

func TestDebugPages(t *testing.T) {
	addrs, stop := start(t, "-debug=127.0.0.1:0")
	resp, err := http.Get("http://" + addrs["serving debug pages"] + "/debug/gkhi/ls?pattern=kvd.commit")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), `"name":"kvd.commit"`) {
		t.Errorf("%s %s (%v)", resp.Status, body, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A recorder of httptest has no connection, so this needs the whole program.
func TestConnHook(t *testing.T) {
	states := make(chan string, 16)
	h, err := onConn.Register("test", func(ev ConnEvent) gkhi.Verdict {
		states <- ev.State
		return gkhi.Continue
	})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Deregister(context.Background())
	if err := h.Arm(); err != nil {
		t.Fatal(err)
	}
	addrs, stop := start(t)
	resp, err := http.Get("http://" + addrs["serving"] + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Error(err)
	}
	var got []string
	for len(got) == 0 || got[len(got)-1] != "closed" {
		got = append(got, <-states)
	}
	if want := []string{"new", "active", "idle", "closed"}; !slices.Equal(got, want) {
		t.Errorf("states %q, want %q", got, want)
	}
}
