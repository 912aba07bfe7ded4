package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newTestServer returns a server on a new file, which the test's end closes.
func newTestServer(t *testing.T) *server {
	t.Helper()
	st, err := openStore(filepath.Join(t.TempDir(), "kvd.db"), storeOptions{noSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	opts := serverOptions{maxBody: 1 << 10, timeout: time.Minute, slow: time.Minute}
	return newServer(st, slog.New(slog.DiscardHandler), opts)
}

// do sends a request and returns the status and the body.
func do(s *server, method, target, body string) (int, string) {
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(method, target, strings.NewReader(body)))
	return rec.Code, strings.TrimSpace(rec.Body.String())
}

func TestRequests(t *testing.T) {
	long := strings.Repeat("k", maxKey+1)
	// Each step sees what the ones before it stored.
	steps := []struct {
		method, target, body string
		status               int
		want                 string // "" is not compared
	}{
		{"GET", "/kv/a", "", 404, `{"error":"no such key"}`},
		{"PUT", "/kv/a", "1", 201, ""},
		{"PUT", "/kv/a", "2", 204, ""},
		{"GET", "/kv/a", "", 200, "2"},
		{"HEAD", "/kv/a", "", 200, ""},
		{"PUT", "/kv/empty", "", 201, ""},
		{"GET", "/kv/empty", "", 200, ""},
		{"PUT", "/kv/dir/b", "3", 201, ""},
		{"GET", "/kv/dir%2Fb", "", 200, "3"},
		{"PUT", "/kv/%2E%2E%2Fup", "4", 201, ""},
		{"GET", "/kv/%2E%2E%2Fup", "", 200, "4"},
		{"POST", "/kv", `{"put": {"c1": "x", "c2": "yy", "c3": "z"}, "delete": ["empty", "never"]}`, 204, ""},
		{"GET", "/kv/empty", "", 404, ""},
		{"GET", "/kv", "", 200, `{"keys":[{"key":"../up","bytes":1},{"key":"a","bytes":1},{"key":"c1","bytes":1},{"key":"c2","bytes":2},{"key":"c3","bytes":1},{"key":"dir/b","bytes":1}]}`},
		{"GET", "/kv?prefix=c&limit=2", "", 200, `{"keys":[{"key":"c1","bytes":1},{"key":"c2","bytes":2}],"next":"c2"}`},
		{"GET", "/kv?prefix=c&limit=2&after=c2", "", 200, `{"keys":[{"key":"c3","bytes":1}]}`},
		{"GET", "/kv?prefix=c&after=b", "", 200, `{"keys":[{"key":"c1","bytes":1},{"key":"c2","bytes":2},{"key":"c3","bytes":1}]}`},
		{"GET", "/kv?prefix=c&after=d", "", 200, `{"keys":[]}`},
		{"GET", "/kv?limit=0", "", 400, `{"error":"limit has to be a number from 1 to 1000"}`},
		{"DELETE", "/kv/a", "", 204, ""},
		{"DELETE", "/kv/a", "", 404, ""},
		{"POST", "/kv", `{"put": {"": "x"}}`, 400, `{"error":"the key is empty"}`},
		{"POST", "/kv", `{"set": {}}`, 400, `{"error":"json: unknown field \"set\""}`},
		{"PUT", "/kv/", "x", 400, `{"error":"the key is empty"}`},
		{"PUT", "/kv/" + long, "x", 400, `{"error":"the key is longer than 1024 bytes"}`},
		{"PUT", "/kv/big", strings.Repeat("x", 1<<10), 201, ""},
		{"PUT", "/kv/big", strings.Repeat("x", 1<<10+1), 413, `{"error":"the body is larger than 1024 bytes"}`},
		{"POST", "/kv", `{"put":{"big":"` + strings.Repeat("x", 1<<10), 413, ""},
		{"POST", "/kv/a", "", 405, ""},
		{"GET", "/elsewhere", "", 404, ""},
		{"GET", "/healthz", "", 200, "ok"},
	}
	s := newTestServer(t)
	for _, st := range steps {
		status, body := do(s, st.method, st.target, st.body)
		if status != st.status || st.want != "" && body != st.want {
			t.Errorf("%s %.60s: %d %s, want %d %s", st.method, st.target, status, body, st.status, st.want)
		}
	}
	s.draining.Store(true)
	if status, _ := do(s, "GET", "/healthz", ""); status != 503 {
		t.Errorf("healthz while shutting down: %d, want 503", status)
	}
}

func TestCompact(t *testing.T) {
	s := newTestServer(t)
	value := strings.Repeat("v", 1000)
	for i := range 600 {
		do(s, "PUT", "/kv/"+string(rune('a'+i%26))+strings.Repeat("x", i), value)
	}
	for i := range 599 {
		do(s, "DELETE", "/kv/"+string(rune('a'+i%26))+strings.Repeat("x", i), "")
	}
	status, body := do(s, "POST", "/compact", "")
	var sizes struct{ Before, After int64 }
	if err := json.Unmarshal([]byte(body), &sizes); status != 200 || err != nil {
		t.Fatalf("compact: %d %s (%v)", status, body, err)
	}
	if sizes.After >= sizes.Before || sizes.After == 0 {
		t.Errorf("compacted from %d to %d bytes", sizes.Before, sizes.After)
	}
	last := "/kv/" + string(rune('a'+599%26)) + strings.Repeat("x", 599)
	if status, got := do(s, "GET", last, ""); status != 200 || got != value {
		t.Errorf("after compacting: %d, %d bytes", status, len(got))
	}
	if status, _ := do(s, "PUT", last, "new"); status != 204 {
		t.Errorf("put after compacting: %d", status)
	}
	// What counts is what the next process finds under the name.
	s.store.Close()
	st, err := openStore(s.store.path, s.store.opts)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if v, err := st.Get(strings.TrimPrefix(last, "/kv/")); string(v) != "new" {
		t.Errorf("after opening it again: %q, %v", v, err)
	}
}

func TestWriteGivesUpWaiting(t *testing.T) {
	s := newTestServer(t)
	unlock, err := s.store.lockWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.opts.timeout = time.Millisecond
	status, body := do(s, "PUT", "/kv/a", "1")
	if status != 503 || !strings.Contains(body, "waiting to write") {
		t.Errorf("put while another writes: %d %s, want 503", status, body)
	}
	unlock()
	s.opts.timeout = time.Minute
	if status, _ := do(s, "PUT", "/kv/a", "1"); status != 201 {
		t.Errorf("put after it: %d, want 201", status)
	}
}

func TestClosedStore(t *testing.T) {
	s := newTestServer(t)
	s.store.Close()
	for _, r := range [][2]string{{"GET", "/kv/a"}, {"PUT", "/kv/a"}, {"GET", "/kv"}, {"POST", "/compact"}} {
		if status, body := do(s, r[0], r[1], ""); status != 503 {
			t.Errorf("%s %s: %d %s, want 503", r[0], r[1], status, body)
		}
	}
}

func TestOpenTwice(t *testing.T) {
	s := newTestServer(t)
	if _, err := openStore(s.store.path, s.store.opts); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("opening an open file: %v", err)
	}
}

// start runs the program as main does, and returns the address of each of its
// listeners, by the message in its log, and what ends it as a signal would.
func start(t *testing.T, args ...string) (addrs map[string]string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		args = append(args, "-addr=127.0.0.1:0", "-log-json", "-db="+filepath.Join(t.TempDir(), "kvd.db"))
		err := run(ctx, args, pw)
		pw.Close()
		done <- err
	}()
	logs := json.NewDecoder(pr)
	addrs = map[string]string{}
	for addrs["serving"] == "" {
		var line struct{ Msg, Addr string }
		if err := logs.Decode(&line); err != nil {
			t.Fatal(err)
		}
		addrs[line.Msg] = line.Addr
	}
	go io.Copy(io.Discard, io.MultiReader(logs.Buffered(), pr))
	return addrs, func() error {
		cancel()
		return <-done
	}
}

func TestRun(t *testing.T) {
	addrs, stop := start(t)
	url := "http://" + addrs["serving"] + "/healthz"
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("healthz: %s", resp.Status)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("it still answers")
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"extra"}, {"-max-body=0"}, {"-timeout=-1s"}, {"-log-level=loud"}} {
		if _, err := parseFlags(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
