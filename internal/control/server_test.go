package control_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// serve starts a server on a socket of its own and checks, at the end, that it leaves nothing.
func serve(t *testing.T, target *controltest.Target, opts control.Options) *control.Server {
	t.Helper()
	opts.Dir = filepath.Join(t.TempDir(), "s")
	if opts.Undo == 0 {
		opts.Undo = time.Second
	}
	s, err := control.Serve(target, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if left := target.Left(); left != "" {
			t.Errorf("left behind: %s", left)
		}
		if files, _ := os.ReadDir(opts.Dir); len(files) > 0 {
			t.Errorf("the socket is left: %v", files)
		}
	})
	return s
}

// dial connects without a hello.
func dial(t *testing.T, s *control.Server) *controltest.Peer {
	t.Helper()
	conn, err := net.Dial("unix", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return controltest.NewPeer(conn)
}

func greet(t *testing.T, s *control.Server) *controltest.Peer {
	t.Helper()
	p := dial(t, s)
	if _, err := p.Greet(); err != nil {
		t.Fatal(err)
	}
	return p
}

func ask(t *testing.T, p *controltest.Peer, op string, args any) wire.Message {
	t.Helper()
	m, err := p.Ask(op, args)
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	return m
}

// mustAsk is ask for what has to work.
func mustAsk(t *testing.T, p *controltest.Peer, op string, args any) wire.Message {
	t.Helper()
	m := ask(t, p, op, args)
	if m.Error != nil {
		t.Fatalf("%s: %v", op, m.Error)
	}
	return m
}

func read(t *testing.T, p *controltest.Peer) wire.Message {
	t.Helper()
	m, err := p.Read()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if err := controltest.Until(cond); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// closed checks that the connection ends with an error of this code and no more.
func closed(t *testing.T, p *controltest.Peer, code, part string) {
	t.Helper()
	m := read(t, p)
	if m.ID != 0 || m.Error == nil || m.Error.Code != code || !strings.Contains(m.Error.Message, part) {
		t.Errorf("got %+v, want an error %s with %q about the connection", m, code, part)
	}
	if m, err := p.Read(); err == nil {
		t.Errorf("after the error there is %+v", m)
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open")
	}
}

func decode[T any](t *testing.T, raw wire.Raw) (v T) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func TestSocketIsPrivate(t *testing.T) {
	s := serve(t, controltest.New(), control.Options{})
	for path, want := range map[string]os.FileMode{s.Path(): 0o600, filepath.Dir(s.Path()): 0o700} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %#o, want %#o", path, got, want)
		}
	}
}

func TestHello(t *testing.T) {
	s := serve(t, controltest.New(), control.Options{})
	h, err := dial(t, s).Greet()
	if err != nil {
		t.Fatal(err)
	}
	if h.PID != os.Getpid() || h.Proto != wire.Proto || h.Min != wire.MinProto || h.Version == "" {
		t.Errorf("hello %+v", h)
	}
}

func TestBadHello(t *testing.T) {
	newer := wire.ClientHello{Hello: &wire.Hello{Proto: wire.Proto + 5, Min: wire.Proto + 3, Version: "v9.0.0"}}
	older := wire.ClientHello{Hello: &wire.Hello{Proto: wire.MinProto - 1, Min: wire.MinProto - 1, Version: "v0.0.1"}}
	for name, tt := range map[string]struct {
		line       any
		code, part string
	}{
		"newer":     {newer, wire.CodeVersion, "the other is gkhi v9.0.0 (protocol 4 to 6); update this side"},
		"older":     {older, wire.CodeVersion, "the other is gkhi v0.0.1 (protocol 0); update the other side"},
		"no hello":  {wire.Request{ID: 1, Op: wire.OpStatus}, wire.CodeNoHello, "not a gkhi client's hello"},
		"not JSON":  {json.RawMessage(`7`), wire.CodeNoHello, "not a gkhi client's hello"},
		"very long": {strings.Repeat("x", wire.MaxRequest), wire.CodeTooLarge, "65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			p := dial(t, serve(t, controltest.New(), control.Options{}))
			if m := read(t, p); m.Hello == nil {
				t.Fatalf("no hello: %+v", m)
			}
			if err := p.Send(tt.line); err != nil {
				t.Fatal(err)
			}
			closed(t, p, tt.code, tt.part)
		})
	}
	t.Run("silence", func(t *testing.T) {
		p := dial(t, serve(t, controltest.New(), control.Options{Hello: 10 * time.Millisecond}))
		read(t, p)
		closed(t, p, wire.CodeNoHello, "no hello within 10ms")
	})
}

func TestBadRequests(t *testing.T) {
	for name, tt := range map[string]struct{ line, code, part string }{
		"not JSON":  {`hello?`, wire.CodeBadRequest, "a request that is not one"},
		"no id":     {`{"op":"status"}`, wire.CodeBadRequest, "without an id"},
		"wrong id":  {`{"id":"x","op":"status"}`, wire.CodeBadRequest, "a request that is not one"},
		"an array":  {`[]`, wire.CodeBadRequest, "a request that is not one"},
		"very long": {`"` + strings.Repeat("x", wire.MaxRequest) + `"`, wire.CodeTooLarge, "65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			p := greet(t, serve(t, controltest.New("a"), control.Options{}))
			mustAsk(t, p, wire.OpArm, wire.ArmArgs{Patterns: []string{"a"}, Hold: true})
			if _, err := io.WriteString(p, tt.line+"\n"); err != nil {
				t.Fatal(err)
			}
			closed(t, p, tt.code, tt.part)
		})
	}
}

// An error about one request leaves the connection as it was.
func TestErrors(t *testing.T) {
	p := greet(t, serve(t, controltest.New("a", "b", "panic"), control.Options{}))
	for name, tt := range map[string]struct {
		op         string
		args       any
		code, part string
		near       []string
	}{
		"unknown op":        {"trcae", nil, wire.CodeUnknownOp, `"trcae"`, []string{"trace"}},
		"very unknown op":   {strings.Repeat("x", 1000), nil, wire.CodeUnknownOp, "xxx…", nil},
		"unknown argument":  {wire.OpTrace, map[string]any{"patterns": []string{"a"}, "filter": "x"}, wire.CodeBadRequest, "filter", nil},
		"wrong argument":    {wire.OpTrace, map[string]any{"max": -1}, wire.CodeBadRequest, "arguments", nil},
		"status of what":    {wire.OpStatus, map[string]any{"x": 1}, wire.CodeBadRequest, "arguments", nil},
		"no such hook":      {wire.OpTrace, wire.TraceSpec{Patterns: []string{"c"}}, wire.CodeNotFound, "no hook matches", []string{"a"}},
		"ls":                {wire.OpLs, wire.LsArgs{Patterns: []string{"c"}}, wire.CodeNotFound, "no hook matches", []string{"a"}},
		"stat":              {wire.OpStat, wire.StatSpec{Patterns: []string{"c"}}, wire.CodeNotFound, "no hook matches", []string{"a"}},
		"arm":               {wire.OpArm, wire.ArmArgs{Patterns: []string{"c"}, Hold: true}, wire.CodeNotFound, "no hook matches", []string{"a"}},
		"fail":              {wire.OpFail, wire.FailArgs{Name: "a", Term: "bad", Hold: true}, wire.CodeBadTerm, "a bad term", nil},
		"release":           {wire.OpRelease, wire.ReleaseArgs{Patterns: []string{"c"}}, wire.CodeNotFound, "no hook matches", []string{"a"}},
		"short interval":    {wire.OpStat, wire.StatSpec{Patterns: []string{"a"}, Interval: 1}, wire.CodeBadRequest, "below the least, 10ms", nil},
		"negative interval": {wire.OpStat, wire.StatSpec{Patterns: []string{"a"}, Interval: -1}, wire.CodeBadRequest, "below the least", nil},
		"cancel":            {wire.OpCancel, wire.CancelArgs{ID: 99}, wire.CodeNotStream, "99", nil},
		"panic":             {wire.OpTrace, wire.TraceSpec{Patterns: []string{"panic"}}, wire.CodeInternal, "tracing panic", nil},
	} {
		m := ask(t, p, tt.op, tt.args)
		if m.Error == nil || m.Error.Code != tt.code || !strings.Contains(m.Error.Message, tt.part) || !slices.Equal(m.Error.Near, tt.near) {
			t.Errorf("%s: %+v, want %s with %q, near %q", name, m.Error, tt.code, tt.part, tt.near)
		}
	}
	mustAsk(t, p, wire.OpStatus, nil)
}

func TestPlainOps(t *testing.T) {
	target := controltest.New("a", "b")
	p := greet(t, serve(t, target, control.Options{}))

	st := decode[wire.Status](t, mustAsk(t, p, wire.OpStatus, nil).Result)
	if st.Hooks != 2 || st.Clients != 1 || st.Hello.PID != os.Getpid() || len(st.Why) != 1 {
		t.Errorf("status %+v", st)
	}
	armed := decode[wire.ArmResult](t, mustAsk(t, p, wire.OpArm, wire.ArmArgs{Patterns: []string{"*"}}).Result)
	if want := []string{"a/audit", "b/audit"}; !slices.Equal(armed.Changed, want) || !target.Armed("a") {
		t.Errorf("arm: %+v", armed)
	}
	mustAsk(t, p, wire.OpDisarm, wire.ArmArgs{Patterns: []string{"a"}})
	if target.Armed("a") || !target.Armed("b") {
		t.Error("disarm of one: wrong handlers armed")
	}
	failed := decode[wire.FailResult](t, mustAsk(t, p, wire.OpFail, wire.FailArgs{Name: "a", Term: "t"}).Result)
	if want := (wire.FailResult{Name: "a", Now: "t"}); failed != want {
		t.Errorf("fail: %+v", failed)
	}
	released := decode[wire.ReleaseResult](t, mustAsk(t, p, wire.OpRelease, wire.ReleaseArgs{Patterns: []string{"*"}}).Result)
	if released.Released != 2 {
		t.Errorf("release: %+v", released)
	}
}

func TestLs(t *testing.T) {
	target := controltest.New("a", "b")
	big := wire.Hook{Name: "big"}
	for range 40000 {
		big.Sites = append(big.Sites, wire.Site{Func: strings.Repeat("f", 50)})
	}
	target.Add(big)
	p := greet(t, serve(t, target, control.Options{}))
	mustAsk(t, p, wire.OpLs, nil)
	var names []string
	for {
		m := read(t, p)
		if m.End != nil {
			if want := (wire.End{Reason: wire.EndDone, Events: 3}); *m.End != want {
				t.Errorf("end %+v, want %+v", *m.End, want)
			}
			break
		}
		h := decode[wire.Hook](t, m.Event)
		names = append(names, h.Name)
		if h.Name == "big" && h.Cut+len(h.Sites) != 40000 {
			t.Errorf("%d sites and %d cut", len(h.Sites), h.Cut)
		}
	}
	if want := []string{"a", "b", "big"}; !reflect.DeepEqual(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestTooManyConnections(t *testing.T) {
	s := serve(t, controltest.New(), control.Options{MaxConns: 2})
	first := greet(t, s)
	greet(t, s)
	closed(t, dial(t, s), wire.CodeBusy, "2 connections")
	first.Close()
	until(t, "a place is free again", func() bool {
		conn, err := net.Dial("unix", s.Path())
		if err != nil {
			return false
		}
		defer conn.Close()
		_, err = controltest.NewPeer(conn).Greet()
		return err == nil
	})
}

func TestIdle(t *testing.T) {
	s := serve(t, controltest.New("a"), control.Options{Idle: 50 * time.Millisecond})
	closed(t, greet(t, s), wire.CodeIdle, "nothing was asked for 50ms")

	// One that holds something, or streams, may be silent; when its stream has ended it may not any more.
	holds, _ := askInTime(t, s, wire.OpArm, wire.ArmArgs{Patterns: []string{"a"}, Hold: true})
	streams, id := askInTime(t, s, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	closed(t, greet(t, s), wire.CodeIdle, "") // which takes longer than the idle time
	mustAsk(t, holds, wire.OpStatus, nil)
	if _, err := streams.Request(wire.OpCancel, wire.CancelArgs{ID: id}); err != nil {
		t.Fatal(err)
	}
	ended := false
	for range 2 { // the answer and the end, in either order
		m := read(t, streams)
		if m.Error != nil {
			t.Fatalf("%+v", m)
		}
		ended = ended || m.End != nil
	}
	if !ended {
		t.Fatal("no end")
	}
	closed(t, streams, wire.CodeIdle, "")
}

// askInTime connects and asks before the connection is cut for being idle, which a busy machine makes a matter of luck.
func askInTime(t *testing.T, s *control.Server, op string, args any) (p *controltest.Peer, id uint64) {
	t.Helper()
	until(t, op, func() bool {
		p = dial(t, s)
		if _, err := p.Greet(); err != nil {
			return false
		}
		m, err := p.Ask(op, args)
		id = m.ID
		return err == nil && m.Error == nil
	})
	return p, id
}

func TestServeTwiceInOneProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	var paths []string
	for copy := range 3 {
		s, err := control.Serve(controltest.New(), control.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		h, err := dial(t, s).Greet()
		if err != nil || h.Copy != copy {
			t.Errorf("copy %d says %+v, %v", copy, h, err)
		}
		paths = append(paths, s.Path())
	}
	if slices.Sort(paths); len(slices.Compact(paths)) != 3 {
		t.Errorf("the copies share a socket: %q", paths)
	}
}

func TestServeRefusesBadDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if s, err := control.Serve(controltest.New(), control.Options{Dir: dir}); err == nil {
		s.Close()
		t.Error("served in a directory that others can get into")
	}
}

func TestClosedServer(t *testing.T) {
	s := control.New(controltest.New(), control.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	mine, its := net.Pipe()
	go s.ServeConn(its)
	closed(t, controltest.NewPeer(mine), wire.CodeStopped, "stopped serving")
}
