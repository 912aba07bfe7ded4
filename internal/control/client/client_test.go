package client_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/control/wirejson"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// connect serves target in this process and connects to it.
func connect(t *testing.T, target control.Target, opts control.Options) (*client.Client, *control.Server) {
	t.Helper()
	opts.Dir = filepath.Join(t.TempDir(), "s")
	s, err := control.Serve(target, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c, err := client.At(s.Path()).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, s
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestPlainCalls(t *testing.T) {
	target := controltest.New("a", "b")
	c, _ := connect(t, target, control.Options{})
	ctx := t.Context()

	hooks := must[[]wire.Hook](t)(c.Hooks(ctx))
	if len(hooks) != 2 || hooks[1].Name != "b" {
		t.Errorf("hooks %+v", hooks)
	}
	if hooks := must[[]wire.Hook](t)(c.Hooks(ctx, "a")); len(hooks) != 1 {
		t.Errorf("hooks %+v", hooks)
	}
	st := must[wire.Status](t)(c.Status(ctx))
	if st.Hooks != 2 || st.Hello.PID != os.Getpid() {
		t.Errorf("status %+v", st)
	}
	if r := must[wire.ArmResult](t)(c.Arm(ctx, wire.ArmArgs{Patterns: []string{"a"}})); !slices.Equal(r.Changed, []string{"a/audit"}) {
		t.Errorf("arm %+v", r)
	}
	if r := must[wire.ArmResult](t)(c.Disarm(ctx, wire.ArmArgs{Patterns: []string{"*"}})); !slices.Equal(r.Already, []string{"b/audit"}) {
		t.Errorf("disarm %+v", r)
	}
	if r := must[wire.FailResult](t)(c.Fail(ctx, wire.FailArgs{Name: "a", Term: "x"})); r.Now != "x" {
		t.Errorf("fail %+v", r)
	}
	if r := must[wire.ReleaseResult](t)(c.Release(ctx, "*")); r.Released != 2 {
		t.Errorf("release %+v", r)
	}
	if r := must[wire.PrepareResult](t)(c.Prepare(ctx)); r.Why != "there is nothing to patch" {
		t.Errorf("prepare %+v", r)
	}

	var werr *wire.Error
	if _, err := c.Hooks(ctx, "c"); !errors.As(err, &werr) || werr.Code != wire.CodeNotFound || !slices.Equal(werr.Near, []string{"a"}) {
		t.Errorf("no such hook: %v", err)
	}
	if _, err := c.Trace(ctx, wire.TraceSpec{Patterns: []string{"c"}}); !errors.As(err, &werr) {
		t.Errorf("no such hook: %v", err)
	}
}

func TestTrace(t *testing.T) {
	target := controltest.New("a", "b")
	c, _ := connect(t, target, control.Options{})
	tr := must[*client.Trace](t)(c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"*"}, Max: 3}))
	if !slices.Equal(tr.Matched.Hooks, []string{"a", "b"}) {
		t.Errorf("matched %+v", tr.Matched)
	}
	for range 5 {
		target.Fire("b", `{"N":1}`)
	}
	n := 0
	for ev, err := range tr.Events() {
		if err != nil || ev.Hook != "b" || string(ev.Fields) != `{"N":1}` {
			t.Fatalf("%+v, %v", ev, err)
		}
		n++
	}
	if end := tr.End(); n != 3 || end == nil || end.Reason != wire.EndMax || tr.Close() != nil {
		t.Errorf("%d events, end %+v", n, end)
	}
}

// When its context ends, a trace yields what was sent before, and has the totals.
func TestTraceCancel(t *testing.T) {
	target := controltest.New("a")
	c, _ := connect(t, target, control.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tr := must[*client.Trace](t)(c.Trace(ctx, wire.TraceSpec{Patterns: []string{"a"}}))
	for range 10 {
		target.Fire("a", "1")
	}
	cancel()
	n := 0
	for _, err := range tr.Events() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if end := tr.End(); n != 10 || end == nil || *end != (wire.End{Reason: wire.EndCanceled, Events: 10}) {
		t.Errorf("%d events, end %+v", n, end)
	}
	if left := target.Left(); left != "" {
		t.Errorf("the trace has ended, and there are %s", left)
	}
	must[wire.Status](t)(c.Status(t.Context()))
}

// To leave the loop ends the trace in the process before the loop's next statement.
func TestTraceBreak(t *testing.T) {
	target := controltest.New("a")
	c, _ := connect(t, target, control.Options{})
	tr := must[*client.Trace](t)(c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"a"}}))
	for range 1000 {
		target.Fire("a", "1")
	}
	for range tr.Events() {
		break
	}
	if left := target.Left(); left != "" {
		t.Errorf("the loop has ended, and there are %s", left)
	}
	if tr.End() == nil || tr.End().Events != 1000 {
		t.Errorf("end %+v", tr.End())
	}
	for ev, err := range tr.Events() {
		t.Errorf("after the end: %+v, %v", ev, err)
	}
}

func TestDropsAreSeen(t *testing.T) {
	target := controltest.New("a")
	c, _ := connect(t, target, control.Options{BufferEvents: 1})
	ctx, cancel := context.WithCancel(t.Context())
	tr := must[*client.Trace](t)(c.Trace(ctx, wire.TraceSpec{Patterns: []string{"a"}}))
	const fired = 1000
	for range fired {
		target.Fire("a", "1")
	}
	cancel()
	n := uint64(0)
	for _, err := range tr.Events() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n+tr.Dropped() != fired || tr.Dropped() == 0 {
		t.Errorf("%d events and %d drops of %d", n, tr.Dropped(), fired)
	}
}

func TestStat(t *testing.T) {
	target := controltest.New("a", "b")
	c, _ := connect(t, target, control.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st := must[*client.Stat](t)(c.Stat(ctx, wire.StatSpec{Patterns: []string{"*"}, Interval: wire.MinInterval}))
	for range 5 {
		target.Fire("a", "")
	}
	var last client.Snapshot
	n := 0
	for snap, err := range st.Snapshots() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			target.Fire("b", "")
			cancel()
		}
		last = snap
	}
	if n < 3 || len(last.Rows) != 2 || last.Rows[0].Calls != 5 || last.Rows[1].Calls != 1 {
		t.Errorf("%d snapshots, the last %+v", n, last)
	}
}

func TestDelta(t *testing.T) {
	target := controltest.New("a")
	m, src, err := target.Stat(wire.StatSpec{Patterns: []string{"a"}})
	if err != nil || len(m.Hooks) != 1 {
		t.Fatal(err)
	}
	target.Fire("a", "")
	one := client.Snapshot{Rows: src.Snapshot()}
	for range 3 {
		target.Fire("a", "")
	}
	two := client.Snapshot{Rows: append(src.Snapshot(), wire.StatRow{Hook: "new", Calls: 9})}
	d := two.Delta(one)
	if d[0].Calls != 3 || d[0].Latency.Count != 3 || d[1].Calls != 9 || d[1].Latency != nil {
		t.Errorf("delta %+v", d)
	}
	if two.Rows[0].Calls != 4 || two.Rows[0].Latency.Count != 4 {
		t.Error("the snapshot has changed")
	}
	if d := two.Delta(client.Snapshot{}); d[0].Calls != 4 || d[0].Latency.Count != 4 {
		t.Errorf("since nothing %+v", d)
	}
}

func TestServerStops(t *testing.T) {
	target := controltest.New("a")
	c, s := connect(t, target, control.Options{})
	tr := must[*client.Trace](t)(c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"a"}}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for ev, err := range tr.Events() {
		t.Errorf("%+v, %v", ev, err)
	}
	if end := tr.End(); end == nil || end.Reason != wire.EndStopped {
		t.Errorf("end %+v", end)
	}
	<-c.Done()
	if err := c.Err(); !errors.Is(err, &wire.Error{Code: wire.CodeStopped}) {
		t.Errorf("the connection ended with %v", err)
	}
	if _, err := c.Status(t.Context()); !errors.Is(err, &wire.Error{Code: wire.CodeStopped}) {
		t.Errorf("a call on it: %v", err)
	}
}

func TestClosedClient(t *testing.T) {
	c, _ := connect(t, controltest.New("a"), control.Options{})
	tr := must[*client.Trace](t)(c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"a"}}))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Status(t.Context()); !errors.Is(err, client.ErrBroken) {
		t.Errorf("a call: %v", err)
	}
	n := 0
	for _, err := range tr.Events() {
		if n++; !errors.Is(err, client.ErrBroken) {
			t.Errorf("an event: %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
}

// script serves one connection with lines that are ready, each after a line of the client's, and then keeps it open.
func script(t *testing.T, lines ...any) client.Process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		t.Cleanup(func() { conn.Close() })
		r := wire.NewReader(conn, wire.MaxLine)
		for _, v := range lines {
			if _, err := r.Line(); err != nil {
				return
			}
			if raw, ok := v.(string); ok {
				conn.Write([]byte(raw))
				continue
			}
			line, _ := wirejson.Append(nil, v, wire.MaxLine)
			conn.Write(line)
		}
	}()
	return client.At(path)
}

func hello(proto, least int, version string) wire.Message {
	return wire.Message{Hello: &wire.Hello{Proto: proto, Min: least, Version: version}}
}

func TestRefusedHello(t *testing.T) {
	for name, tt := range map[string]struct {
		first any
		is    error
		parts []string
	}{
		"newer":    {hello(9, 8, "v9.0.0"), client.ErrVersion, []string{"the process has gkhi v9.0.0 (protocols 8 to 9)", "this command is gkhi", "update the gkhi command"}},
		"older":    {hello(0, 0, "v0.0.1"), client.ErrVersion, []string{"the process has gkhi v0.0.1 (protocol 0)", "rebuild the program"}},
		"its view": {wire.Message{Error: wire.Errorf(wire.CodeVersion, "no way")}, client.ErrVersion, []string{"no way"}},
		"denied":   {wire.Message{Error: wire.Errorf(wire.CodeDenied, "not you")}, client.ErrPermission, []string{"not you", "as root"}},
		"busy":     {wire.Message{Error: wire.Errorf(wire.CodeBusy, "16 connections")}, &wire.Error{Code: wire.CodeBusy}, []string{"16 connections"}},
		"stranger": {map[string]int{"id": 7}, client.ErrNotHooked, []string{"does not speak gkhi's protocol"}},
		"noise":    {"GET / HTTP/1.1\n", client.ErrBroken, []string{"invalid character"}},
		"long":     {strings.Repeat("x", 2*wire.MaxLine), client.ErrBroken, []string{"too long"}},
	} {
		c, err := script(t, tt.first).Dial(t.Context())
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, tt.is) {
			t.Errorf("%s: %v, want %v", name, err, tt.is)
			continue
		}
		for _, part := range tt.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", name, err, part)
			}
		}
	}
}

// The mismatch is also an error that tells the two versions to programs.
func TestVersionErrorIsTyped(t *testing.T) {
	_, err := script(t, hello(9, 8, "v9.0.0")).Dial(t.Context())
	var verr *wire.VersionError
	if !errors.As(err, &verr) || verr.Peer.Proto != 9 || verr.Mine.Proto != wire.Proto {
		t.Errorf("%v", err)
	}
	var terr *client.TargetError
	if !errors.As(err, &terr) || terr.Hint == "" {
		t.Errorf("%v", err)
	}
}

// A process that accepts and says nothing, as one that was stopped does.
func TestSilentServer(t *testing.T) {
	p := script(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := p.Dial(ctx)
	if !errors.Is(err, client.ErrBroken) || !strings.Contains(err.Error(), "said nothing") {
		t.Error(err)
	}
}

func TestBrokenConversation(t *testing.T) {
	ok := hello(wire.Proto, wire.MinProto, "v1")
	for name, tt := range map[string]struct {
		lines []any
		part  string
	}{
		"noise":          {[]any{ok, "noise\n"}, "invalid character"},
		"wrong result":   {[]any{ok, wire.Message{ID: 1, Result: wire.Raw(`[]`)}}, "answer to status"},
		"about all":      {[]any{ok, wire.Message{Error: wire.Errorf(wire.CodeIdle, "too idle")}}, "too idle"},
		"other messages": {[]any{ok, wire.Message{ID: 99}, wire.Message{ID: 1}}, "deadline exceeded"},
	} {
		c, err := script(t, tt.lines...).Dial(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if name != "other messages" {
			ctx = t.Context()
		}
		if _, err := c.Status(ctx); err == nil || !strings.Contains(err.Error(), tt.part) {
			t.Errorf("%s: %v, want %q", name, err, tt.part)
		}
		cancel()
		c.Close()
	}
}

// An answer that comes when nobody waits any more is passed over, and the next call gets its own.
func TestLateAnswer(t *testing.T) {
	c, err := script(t, hello(wire.Proto, wire.MinProto, "v1"),
		"", // to the first status, nothing
		wire.Message{ID: 1, Result: wire.Raw(`{"hooks":1}`)}, // to its cancel, the answer to the first
		wire.Message{ID: 3, Result: wire.Raw(`{"hooks":3}`)},
	).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if st := must[wire.Status](t)(c.Status(t.Context())); st.Hooks != 3 {
		t.Errorf("the answer to another call: %+v", st)
	}
}

func TestUnreachable(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for name, path := range map[string]string{"absent": filepath.Join(dir, "absent"), "stale": stale} {
		if _, err := client.At(path).Dial(t.Context()); !errors.Is(err, client.ErrNotHooked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
