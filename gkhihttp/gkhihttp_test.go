package gkhihttp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/gkhihttp"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
)

type event struct {
	Key  string
	Took time.Duration
}

var (
	hook     gkhi.Hook[event]
	decision gkhi.Decision[event, error]
)

func init() {
	gkhi.Declare(&hook, "web.hook", "fired by <tests> & such")
	gkhi.DeclareDecision(&decision, "web.decision", "may fail")
}

// serve starts a server on loopback.
func serve(t *testing.T, opts ...gkhihttp.Option) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(gkhihttp.Path, gkhihttp.Handler(opts...))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// do sends a request. The header's values are pairs.
func do(t *testing.T, method, address string, form url.Values, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func register(t *testing.T, name string) *gkhi.Handler {
	t.Helper()
	h, err := hook.Register(name, func(event) gkhi.Verdict { return gkhi.Continue })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Deregister(context.Background()) })
	return h
}

func TestReading(t *testing.T) {
	s := serve(t)
	register(t, "audit")
	base := s.URL + gkhihttp.Path
	for name, tt := range map[string]struct {
		address string
		header  []string
		kind    string
		parts   []string
	}{
		"page": {base, []string{"Accept", "text/html,application/xhtml+xml,application/json;q=0.1"}, "text/html; charset=utf-8",
			[]string{"<!DOCTYPE html>", "web.hook", "fired by &lt;tests&gt; &amp; such", "audit", "trace?pattern=web.hook&amp;max=10", "Nothing can be changed"}},
		"page by default": {base, nil, "text/html; charset=utf-8", []string{"<!DOCTYPE html>"}},
		"JSON by format":  {base + "?format=json", []string{"Accept", "text/html"}, "application/json", []string{`"name":"web.hook"`, `"hooks":[`, `"status":{`}},
		"JSON by Accept":  {base, []string{"Accept", "application/json, text/html"}, "application/json", []string{`"name":"web.hook"`}},
		"ls":              {base + "ls?pattern=web.*", nil, "application/x-ndjson", []string{`"name":"web.decision"`, `"name":"web.hook"`}},
		"status":          {base + "status", nil, "application/json", []string{`"hooks":`, `"pid":`, `"method":`}},
	} {
		resp, body := do(t, "GET", tt.address, nil, tt.header...)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != tt.kind {
			t.Errorf("%s: %s, %s", name, resp.Status, resp.Header.Get("Content-Type"))
		}
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", name, resp.Header)
		}
		for _, part := range tt.parts {
			if !strings.Contains(body, part) {
				t.Errorf("%s: no %q in %s", name, part, body)
			}
		}
	}
	if resp, body := do(t, "HEAD", base, nil); resp.StatusCode != http.StatusOK || body != "" {
		t.Errorf("HEAD: %s, %q", resp.Status, body)
	}
}

// The handler also works where its prefix was stripped.
func TestStripPrefix(t *testing.T) {
	s := httptest.NewServer(http.StripPrefix("/inside/", gkhihttp.Handler()))
	defer s.Close()
	for _, path := range []string{"/inside/", "/inside/ls", "/inside/status/"} {
		if resp, _ := do(t, "GET", s.URL+path, nil); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

// A line of a stream.
type line struct {
	Matched  *wire.Matched
	Event    *wire.Event
	Snapshot *wire.StatPart
	End      *wire.End
	Dropped  uint64
}

// stream starts a trace or a stat, checks its first line, and returns what reads the others.
func stream(t *testing.T, ctx context.Context, address string) func() line {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	next := func() (l line) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the stream ends: %v", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		return l
	}
	if first := next(); first.Matched == nil || len(first.Matched.Hooks) == 0 {
		t.Fatalf("the first line is %s", lines.Text())
	}
	return next
}

func TestTrace(t *testing.T) {
	s := serve(t)
	next := stream(t, t.Context(), s.URL+gkhihttp.Path+"trace?pattern=web.hook&max=2&goroutine=1")
	for i := range 3 {
		hook.Fire(event{Key: fmt.Sprint(i)})
	}
	for i := range 2 {
		ev := next().Event
		if ev == nil || ev.Hook != "web.hook" || ev.G == 0 || string(ev.Fields) != fmt.Sprintf(`{"Key":"%d","Took":0}`, i) {
			t.Errorf("event %d: %+v", i, ev)
		}
	}
	if end := next().End; end == nil || *end != (wire.End{Reason: wire.EndMax, Events: 2}) {
		t.Errorf("end %+v", end)
	}
	if hook.Armed() {
		t.Error("the trace has ended, and the hook is armed")
	}
}

func TestTraceForATime(t *testing.T) {
	s := serve(t)
	next := stream(t, t.Context(), s.URL+gkhihttp.Path+"trace?pattern=web.*&d=20ms")
	if end := next().End; end == nil || end.Reason != wire.EndDone {
		t.Errorf("end %+v", end)
	}
}

// A client that goes away leaves nothing armed.
func TestTraceClientGone(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	stream(t, ctx, s.URL+gkhihttp.Path+"trace?pattern=web.*")
	stream(t, ctx, s.URL+gkhihttp.Path+"stat?pattern=web.*")
	if !hook.Armed() || !decision.Armed() {
		t.Error("nothing is armed")
	}
	cancel()
	if err := controltest.Until(func() bool { return !hook.Armed() && !decision.Armed() }); err != nil {
		t.Error(err)
	}
}

func TestStat(t *testing.T) {
	s := serve(t)
	next := stream(t, t.Context(), s.URL+gkhihttp.Path+"stat?pattern=web.hook&interval=10ms&d=200ms")
	hook.Fire(event{Took: 1000})
	hook.Fire(event{Took: 3000})
	var last *wire.StatPart
	for {
		l := next()
		if l.End != nil {
			if l.End.Reason != wire.EndDone || l.End.Events == 0 {
				t.Errorf("end %+v", l.End)
			}
			break
		}
		last = l.Snapshot
	}
	if last == nil || len(last.Rows) != 1 || last.Rows[0].Calls != 2 || last.Rows[0].Latency.Sum != 4000 {
		t.Errorf("the last snapshot is %+v", last)
	}
}

func TestControl(t *testing.T) {
	s := serve(t, gkhihttp.AllowControl())
	h := register(t, "audit")
	post := func(op string, form url.Values) string {
		t.Helper()
		resp, body := do(t, "POST", s.URL+gkhihttp.Path+op, form, gkhihttp.ControlHeader, "1")
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", op, resp.Status, body)
		}
		return body
	}
	if got := post("arm", url.Values{"pattern": {"web.hook/audit"}}); !strings.Contains(got, `"changed":["web.hook/audit"]`) || !h.Armed() {
		t.Errorf("arm: %s", got)
	}
	post("disarm", url.Values{"pattern": {"web.hook/audit"}})
	if h.Armed() {
		t.Error("it is armed")
	}
	if got := post("fail", url.Values{"name": {"web.decision"}, "term": {`return("full; disk & all")`}}); !strings.Contains(got, "now") {
		t.Errorf("fail: %s", got)
	}
	if err, decided := decision.Fire(event{}); !decided || err.Error() != "full; disk & all" {
		t.Errorf("%v, %v", err, decided)
	}
	if got := post("release", url.Values{"pattern": {"web.*"}}); !strings.Contains(got, `"released":0`) {
		t.Errorf("release: %s", got)
	}
	post("fail", url.Values{"name": {"web.decision"}})
	if decision.Armed() {
		t.Error("the failpoint is there")
	}
}

func TestRefusals(t *testing.T) {
	closed, open := serve(t), serve(t, gkhihttp.AllowControl(), gkhihttp.AllowHosts("Proxied.example"))
	h := register(t, "audit")
	kept, err := hook.Register("kept", func(event) gkhi.Verdict { return gkhi.Continue }, gkhi.NoControl())
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Deregister(t.Context())
	control := []string{gkhihttp.ControlHeader, "1"}
	arm := url.Values{"pattern": {"web.hook/audit"}}
	for name, tt := range map[string]struct {
		s      *httptest.Server
		method string
		what   string
		form   url.Values
		header []string
		status int
		part   string
	}{
		"no control":         {closed, "POST", "arm", arm, control, 403, "without AllowControl"},
		"no header":          {open, "POST", "arm", arm, nil, 403, "X-Gkhi-Control"},
		"another site":       {open, "POST", "arm", arm, append(control, "Sec-Fetch-Site", "cross-site"), 403, "cross-origin"},
		"another origin":     {open, "POST", "arm", arm, append(control, "Origin", "https://evil.example"), 403, "cross-origin"},
		"by GET":             {open, "GET", "arm?pattern=web.hook/audit", nil, control, 405, "takes POST"},
		"by PUT":             {open, "PUT", "arm", arm, control, 405, "takes POST"},
		"trace by POST":      {open, "POST", "trace", arm, control, 405, "takes GET"},
		"trace by HEAD":      {open, "HEAD", "trace?pattern=*", nil, nil, 405, ""},
		"kept":               {open, "POST", "arm", url.Values{"pattern": {"web.hook/kept"}}, control, 403, "keeps this handler"},
		"no handler":         {open, "POST", "arm", url.Values{"pattern": {"web.hook/audi"}}, control, 404, "web.hook/audit"},
		"no name":            {open, "POST", "fail", url.Values{"term": {"panic"}}, control, 400, "no name"},
		"bad term":           {open, "POST", "fail", url.Values{"name": {"web.decision"}, "term": {"retrun"}}, control, 400, "retrun"},
		"not a decision":     {open, "POST", "fail", url.Values{"name": {"web.hook"}, "term": {"panic"}}, control, 409, "not a decision"},
		"large body":         {open, "POST", "arm", url.Values{"pattern": {strings.Repeat("x", 100<<10)}}, control, 400, "too large"},
		"rebound name":       {closed, "GET", "", nil, []string{"Host", "evil.example:80"}, 403, "evil.example"},
		"rebound trace":      {closed, "GET", "trace?pattern=*", nil, []string{"Host", "evil.example"}, 403, "evil.example"},
		"trace for a page":   {closed, "GET", "trace?pattern=*", nil, []string{"Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		"nowhere":            {closed, "GET", "lss", nil, nil, 404, "no lss here"},
		"trace of nothing":   {closed, "GET", "trace", nil, nil, 400, "no pattern"},
		"trace of no hook":   {closed, "GET", "trace?pattern=web.hok", nil, nil, 404, "web.hook"},
		"ls of no hook":      {closed, "GET", "ls?pattern=web.hok", nil, nil, 404, "web.hook"},
		"stat of no hook":    {closed, "GET", "stat?pattern=web.hok", nil, nil, 404, "web.hook"},
		"bad pattern":        {closed, "GET", "ls?pattern=[", nil, nil, 400, "bad pattern"},
		"bad max":            {closed, "GET", "trace?pattern=*&max=-1", nil, nil, 400, "max=-1"},
		"bad sample":         {closed, "GET", "trace?pattern=*&sample=x", nil, nil, 400, "sample=x"},
		"bad duration":       {closed, "GET", "trace?pattern=*&d=10", nil, nil, 400, "d=10"},
		"negative duration":  {closed, "GET", "stat?pattern=*&d=-1s", nil, nil, 400, "d=-1s"},
		"short interval":     {closed, "GET", "stat?pattern=*&interval=1us", nil, nil, 400, "10ms"},
		"path with dots":     {closed, "GET", "x/../../../status", nil, nil, 404, ""},
		"release of nothing": {open, "POST", "release", nil, control, 400, "no pattern"},
	} {
		resp, body := do(t, tt.method, tt.s.URL+gkhihttp.Path+tt.what, tt.form, tt.header...)
		if resp.StatusCode != tt.status || !strings.Contains(body, tt.part) {
			t.Errorf("%s: %s %s, want %d with %q", name, resp.Status, body, tt.status, tt.part)
		}
		if h.Armed() || kept.Armed() || hook.Armed() || decision.Armed() {
			t.Fatalf("%s has armed something", name)
		}
	}
	for name, host := range map[string]string{"listed": "proxied.EXAMPLE:8080", "rooted": "localhost.", "IPv6": "[::1]:80", "any IP": "10.0.0.7"} {
		if resp, body := do(t, "GET", open.URL+gkhihttp.Path+"status", nil, "Host", host); resp.StatusCode != 200 {
			t.Errorf("host %s (%s): %s %s", host, name, resp.Status, body)
		}
	}
}

func TestTooManyStreams(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 16 {
		stream(t, ctx, s.URL+gkhihttp.Path+"trace?pattern=web.hook")
	}
	if resp, body := do(t, "GET", s.URL+gkhihttp.Path+"stat?pattern=web.hook", nil); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more: %s %s", resp.Status, body)
	}
	cancel()
	if err := controltest.Until(func() bool { return !hook.Armed() }); err != nil {
		t.Error(err)
	}
}

// The server's own write timeout does not cut a stream.
func TestStreamOutlivesWriteTimeout(t *testing.T) {
	s := httptest.NewUnstartedServer(gkhihttp.Handler())
	s.Config.WriteTimeout = 50 * time.Millisecond
	s.Start()
	defer s.Close()
	next := stream(t, t.Context(), s.URL+"/trace?pattern=web.hook&d=200ms")
	if end := next().End; end == nil {
		t.Error("no end")
	}
}
