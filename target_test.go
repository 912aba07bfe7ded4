package gkhi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// The hooks of these tests. They are package-level, as hooks are.
type (
	targetEvent struct {
		Key  string
		Took time.Duration
	}
	targetColor int
)

var (
	targetHook      Hook[targetEvent]
	targetBare      Hook[int]
	targetExclusive Hook[int]
	targetDecision  Decision[targetEvent, error]
	targetPoint     Point
	targetUnused    Point // nothing hits it: it has no site
	targetChain     Chain[targetColor]
)

func init() {
	Declare(&targetHook, "target.hook", "an event with a duration")
	Declare(&targetBare, "target.bare", "an event without", LIFO())
	Declare(&targetExclusive, "target.exclusive", "takes one handler", Exclusive())
	DeclareDecision(&targetDecision, "target.decision", "may fail")
	DeclarePoint(&targetPoint, "target.point", "a bare place")
	DeclarePoint(&targetUnused, "target.unused", "a place that is nowhere")
	DeclareChain(&targetChain, "target.chain", "callbacks")
}

//go:noinline
func hitTargetPoint() { targetPoint.Hit() }

// connect serves the registry of this process and connects to it.
func connect(t *testing.T) *client.Client {
	t.Helper()
	stop, err := Serve(SocketDir(t.TempDir() + "/s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	serving.mu.Lock()
	path := serving.server.Path()
	serving.mu.Unlock()
	c, err := client.At(path).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// find returns one hook as the socket shows it.
func find(t *testing.T, c *client.Client, name string) wire.Hook {
	t.Helper()
	hooks, err := c.Hooks(t.Context(), name)
	if err != nil || len(hooks) != 1 {
		t.Fatalf("%s: %+v, %v", name, hooks, err)
	}
	return hooks[0]
}

// register registers a handler that returns v, for as long as the test runs.
func registerHandler(t *testing.T, name string, v Verdict, opts ...HandlerOption) *Handler {
	t.Helper()
	h, err := targetHook.Register(name, func(targetEvent) Verdict { return v }, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Deregister(context.Background()) })
	return h
}

func code(err error) string {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestTargetHooks(t *testing.T) {
	c := connect(t)
	registerHandler(t, "audit", Continue, First(), NoControl(), SkipHits(2), MaxHits(7))
	plain := registerHandler(t, "plain", Continue, Priority(-3))
	plain.Arm()
	targetHook.Fire(targetEvent{})
	link := targetChain.Register(func(targetColor) Verdict { return Continue }, 0)
	defer link.Unregister()

	h := find(t, c, "target.hook")
	want := wire.Hook{
		Name: "target.hook", Kind: wire.KindHook, Doc: "an event with a duration", State: wire.StateArmed, FIFO: true,
		Event: &wire.EventType{Name: "gkhi.targetEvent", Fields: []wire.Field{
			{Name: "Key", Type: "string"}, {Name: "Took", Type: "time.Duration", Duration: true},
		}},
		Handlers: []wire.Handler{
			{Name: "audit", Priority: "first", Local: true, Skip: 2, Max: 7},
			{Name: "plain", Armed: true, Priority: "-3", Calls: 1},
		},
	}
	if !strings.Contains(h.Declared, "target_test.go:") {
		t.Errorf("declared %q", h.Declared)
	}
	h.Declared, h.Sites = "", nil
	if got, want := asJSON(t, h), asJSON(t, want); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	for name, check := range map[string]func(wire.Hook) bool{
		"target.bare":      func(h wire.Hook) bool { return !h.FIFO && h.State == wire.StateDormant },
		"target.exclusive": func(h wire.Hook) bool { return h.Exclusive },
		"target.decision":  func(h wire.Hook) bool { return h.Kind == wire.KindDecision && h.Answer == "error" },
		"target.point":     func(h wire.Hook) bool { return h.Kind == wire.KindPoint && h.Event == nil },
		"target.chain": func(h wire.Hook) bool {
			return h.Kind == wire.KindChain && h.State == wire.StateArmed && len(h.Handlers) == 1 && h.Handlers[0].Local
		},
	} {
		if h := find(t, c, name); !check(h) {
			t.Errorf("%s: %+v", name, h)
		}
	}
	all, err := c.Hooks(t.Context())
	if err != nil || !slices.IsSortedFunc(all, func(a, b wire.Hook) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("the list is not sorted, or %v", err)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTargetShowsPanics(t *testing.T) {
	quiet(t)
	c := connect(t)
	h, err := targetHook.Register("panics", func(targetEvent) Verdict { panic(strings.Repeat("é", 2000)) })
	if err != nil {
		t.Fatal(err)
	}
	defer h.Deregister(t.Context())
	h.Arm()
	targetHook.Fire(targetEvent{})
	wh := find(t, c, "target.hook").Handlers[0]
	if wh.Panics != 1 || wh.Armed || !strings.HasPrefix(wh.LastPanic, "éé") || len(wh.LastPanic) > maxPanicText || wh.PanicTime == 0 {
		t.Errorf("%+v", wh)
	}
}

func TestTargetStatus(t *testing.T) {
	c := connect(t)
	registerHandler(t, "h", Continue).Arm()
	st, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if st.Hooks < 7 || st.Armed < 1 || st.Method == "" || st.Clients != 1 || len(st.Args) != 1 || st.Uptime <= 0 {
		t.Errorf("%+v", st)
	}
	if st.Method == "flag" && len(st.Why) == 0 {
		t.Error("sites are flags, and nothing says why")
	}
}

// What is prepared shows its sites, or says why there are none.
func TestTargetPrepare(t *testing.T) {
	c := connect(t)
	r, err := c.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sites := find(t, c, "target.point").Sites
	switch {
	case r.Why != "":
		t.Logf("not patched: %s", r.Why)
	case len(sites) == 0:
		t.Error("the point has no site")
	default:
		s := sites[0]
		if s.Func == "" || s.File == "" || s.Line == 0 || s.PC == 0 || s.Form == "" || s.State == "" || len(s.Bytes) == 0 {
			t.Errorf("%+v", s)
		}
	}
}

func TestTargetTrace(t *testing.T) {
	c := connect(t)
	// One that stops the event before a handler of ordinary priority would see it.
	stops := registerHandler(t, "stops", Stop)
	stops.Arm()
	tr, err := c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"target.hook", "target.decision"}, Max: 2, Goroutine: true})
	if err != nil {
		t.Fatal(err)
	}
	if h := find(t, c, "target.hook").Handlers[0]; !h.Session || !h.Local || !h.Armed {
		t.Errorf("the trace's handler is %+v", h)
	}
	if v := targetHook.Fire(targetEvent{"k", 5}); v != Stop {
		t.Errorf("with a trace, Fire returns %v", v)
	}
	if err, decided := targetDecision.Fire(targetEvent{"d", 6}); decided {
		t.Errorf("with a trace, the decision is %v", err)
	}
	var got []string
	for ev, err := range tr.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if ev.G != goroutineID() || ev.G == 0 || time.Since(time.Unix(0, ev.Time)) > controltest.Patience {
			t.Errorf("%+v", ev)
		}
		got = append(got, ev.Hook+string(ev.Fields))
	}
	if want := []string{`target.hook{"Key":"k","Took":5}`, `target.decision{"Key":"d","Took":6}`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if targetDecision.Armed() {
		t.Error("the trace has ended, and the decision is armed")
	}
}

func TestTargetTracePoints(t *testing.T) {
	c := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tr, err := c.Trace(ctx, wire.TraceSpec{Patterns: []string{"target.point", "target.hook"}, Goroutine: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.Matched.Skipped) > 0 { // patching is refused here
		t.Skip(tr.Matched.Skipped[0].Why)
	}
	const hits = 100
	for range hits {
		hitTargetPoint()
	}
	cancel()
	n := uint64(0)
	for ev, err := range tr.Events() {
		if err != nil {
			t.Fatal(err)
		}
		n++
		var at sitePlace
		if err := json.Unmarshal(ev.Fields, &at); err != nil {
			t.Fatal(err)
		}
		if ev.Hook != "target.point" || ev.G != goroutineID() || at.Func == "" || at.File == "" || at.Line == 0 {
			t.Fatalf("%+v, %s", ev, ev.Fields)
		}
	}
	if n != hits || tr.End().Dropped != 0 {
		t.Errorf("%d events of %d, end %+v", n, hits, tr.End())
	}
}

func TestTargetStat(t *testing.T) {
	c := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st, err := c.Stat(ctx, wire.StatSpec{Patterns: []string{"target.hook", "target.bare", "target.point"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{"target.hook": 20, "target.bare": 10}
	if len(st.Matched.Skipped) == 0 {
		want["target.point"] = 30
	}
	for range 10 {
		targetBare.Fire(1)
		for i := range 2 {
			targetHook.Fire(targetEvent{Took: time.Duration(1000 * (i + 1))})
		}
		for range 3 {
			hitTargetPoint()
		}
	}
	cancel()
	var last client.Snapshot
	for snap, err := range st.Snapshots() {
		if err != nil {
			t.Fatal(err)
		}
		last = snap
	}
	if len(last.Rows) != len(want) {
		t.Errorf("%d rows, want %d", len(last.Rows), len(want))
	}
	for _, r := range last.Rows {
		if r.Calls != want[r.Hook] {
			t.Errorf("%s: %d calls, want %d", r.Hook, r.Calls, want[r.Hook])
		}
		if timed := r.Hook == "target.hook"; timed != (r.Latency != nil) {
			t.Errorf("%s: latency %+v", r.Hook, r.Latency)
		} else if timed && (r.Latency.Count != 20 || r.Latency.Sum != 30000 || r.Latency.Max != 2000) {
			t.Errorf("%s: latency %+v", r.Hook, r.Latency)
		}
	}
	if targetBare.Armed() || targetPoint.Armed() {
		t.Error("the stat has ended, and hooks are armed")
	}
}

// Hooks that can't be watched are named with the reason; when there are no others that is an error.
func TestTargetSkips(t *testing.T) {
	c := connect(t)
	h, err := targetExclusive.Register("only", func(int) Verdict { return Continue })
	if err != nil {
		t.Fatal(err)
	}
	defer h.Deregister(t.Context())
	tr, err := c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"target.*"}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	why := map[string]string{}
	for _, s := range tr.Matched.Skipped {
		why[s.Name] = s.Why
	}
	for name, part := range map[string]string{"target.chain": "a chain has callbacks", "target.exclusive": "exclusive"} {
		if !strings.Contains(why[name], part) {
			t.Errorf("%s is left out because %q", name, why[name])
		}
	}
	for _, name := range []string{"target.hook", "target.bare", "target.decision"} {
		if !slices.Contains(tr.Matched.Hooks, name) {
			t.Errorf("%s is left out: %s", name, why[name])
		}
	}
	if pointsPatched && (why["target.point"] == "") != slices.Contains(tr.Matched.Hooks, "target.point") {
		t.Errorf("target.point is neither in nor out: %+v", tr.Matched)
	}
	if pointsPatched && why["target.unused"] == "" {
		t.Error("a point with no site is traced")
	}
	if _, err := c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"target.chain"}}); code(err) != wire.CodeUnsupported {
		t.Errorf("a chain alone: %v", err)
	}
}

func TestTargetErrors(t *testing.T) {
	c := connect(t)
	ctx := t.Context()
	registerHandler(t, "audit", Continue, NoControl())
	registerHandler(t, "plain", Continue)
	trace := func(patterns ...string) error {
		_, err := c.Trace(ctx, wire.TraceSpec{Patterns: patterns})
		return err
	}
	arm := func(patterns ...string) error {
		_, err := c.Arm(ctx, wire.ArmArgs{Patterns: patterns})
		return err
	}
	fail := func(name, term string) error {
		_, err := c.Fail(ctx, wire.FailArgs{Name: name, Term: term})
		return err
	}
	release := func(patterns ...string) error {
		_, err := c.Release(ctx, patterns...)
		return err
	}
	_, lsErr := c.Hooks(ctx, "target.hok")
	for name, tt := range map[string]struct {
		err  error
		code string
		near string
	}{
		"ls":                   {lsErr, wire.CodeNotFound, "target.hook"},
		"no pattern":           {trace(), wire.CodeBadRequest, ""},
		"bad pattern":          {trace("target.["), wire.CodeBadPattern, ""},
		"no hook":              {trace("target.hook", "target.hok"), wire.CodeNotFound, "target.hook"},
		"no handlers at all":   {arm(), wire.CodeBadRequest, ""},
		"bad handler pattern":  {arm("a/["), wire.CodeBadPattern, ""},
		"no handler":           {arm("target.hook/plan"), wire.CodeNotFound, "target.hook/plain"},
		"hook without handler": {arm("target.bare"), wire.CodeNotFound, ""},
		"kept handler":         {arm("target.hook/audit"), wire.CodeRefused, ""},
		"kept handlers only":   {arm("target.hook/a*"), wire.CodeRefused, ""},
		"one of several":       {arm("target.hook/plain", "target.hook/audit"), wire.CodeRefused, ""},
		"fail of nothing":      {fail("target.decisoin", "panic"), wire.CodeNotFound, "target.decision"},
		"fail of a hook":       {fail("target.hook", "panic"), wire.CodeUnsupported, ""},
		"bad term":             {fail("target.decision", "retrun"), wire.CodeBadTerm, ""},
		"release of nothing":   {release("nothing.*"), wire.CodeNotFound, ""},
		"release of no one":    {release(), wire.CodeBadRequest, ""},
	} {
		var e *wire.Error
		if !errors.As(tt.err, &e) || e.Code != tt.code {
			t.Errorf("%s: %v, want %s", name, tt.err, tt.code)
			continue
		}
		if tt.near != "" && !slices.Contains(e.Near, tt.near) {
			t.Errorf("%s: near %q, want %s", name, e.Near, tt.near)
		}
	}
	if targetHook.Armed() {
		t.Error("an error has armed a handler")
	}
}

func TestTargetRelease(t *testing.T) {
	c := connect(t)
	if _, err := c.Fail(t.Context(), wire.FailArgs{Name: "target.decision", Term: "pause", Hold: true}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { targetDecision.Fire(targetEvent{}) })
	}
	if err := controltest.Until(func() bool {
		h := find(t, c, "target.decision").Handlers
		return len(h) == 1 && h[0].Paused == 3 && h[0].Term == "pause"
	}); err != nil {
		t.Fatal(err)
	}
	r, err := c.Release(t.Context(), "target.*")
	if err != nil || r.Released != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	wg.Wait() // hangs if they are not released
}
