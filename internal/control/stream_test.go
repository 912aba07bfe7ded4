package control_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// drain reads a stream to its end.
func drain(t *testing.T, p *controltest.Peer, id uint64) (events []wire.Message, end wire.End) {
	t.Helper()
	for {
		m := read(t, p)
		switch {
		case m.ID != id:
		case m.Error != nil:
			t.Fatal(m.Error)
		case m.End != nil:
			return events, *m.End
		default:
			events = append(events, m)
		}
	}
}

func TestTrace(t *testing.T) {
	target := controltest.New("a", "b", "c")
	p := greet(t, serve(t, target, control.Options{}))
	m := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"[ab]"}})
	if got := decode[wire.Matched](t, m.Result); !slices.Equal(got.Hooks, []string{"a", "b"}) {
		t.Errorf("matched %+v", got)
	}
	target.Fire("a", `{"N":1}`)
	target.Fire("c", `{"N":2}`)
	target.Fire("b", `{"N":3}`)
	for _, want := range []string{"a", "b"} {
		if ev := decode[wire.Event](t, read(t, p).Event); ev.Hook != want {
			t.Errorf("got %+v, want hook %s", ev, want)
		}
	}
	target.Fire("a", `{"N":4}`)
	mustCancel(t, p, m.ID)
	events, end := drain(t, p, m.ID)
	if want := (wire.End{Reason: wire.EndCanceled, Events: 3}); end != want || len(events) != 1 {
		t.Errorf("%d events, end %+v, want 1 and %+v", len(events), end, want)
	}
	if left := target.Left(); left != "" {
		t.Errorf("after the end there are %s", left)
	}
}

// mustCancel sends a cancel without waiting for the answer, which may come after the end.
func mustCancel(t *testing.T, p *controltest.Peer, id uint64) {
	t.Helper()
	if _, err := p.Request(wire.OpCancel, wire.CancelArgs{ID: id}); err != nil {
		t.Fatal(err)
	}
}

func TestTraceLimit(t *testing.T) {
	target := controltest.New("a")
	p := greet(t, serve(t, target, control.Options{}))
	m := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}, Max: 5, Sample: 2})
	for range 100 {
		target.Fire("a", "1")
	}
	events, end := drain(t, p, m.ID)
	if want := (wire.End{Reason: wire.EndMax, Events: 5}); end != want || len(events) != 5 {
		t.Errorf("%d events, end %+v, want 5 and %+v", len(events), end, want)
	}
	until(t, "the handler goes", func() bool { return target.Left() == "" })
}

// What the target itself lost is in the counts, also when no event comes after it.
func TestLost(t *testing.T) {
	target := controltest.New("a")
	p := greet(t, serve(t, target, control.Options{}))
	m := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	target.Lose("a", 5)
	target.Fire("a", "1")
	if ev := read(t, p); ev.Dropped != 5 {
		t.Errorf("%+v", ev)
	}
	target.Lose("a", 2)
	mustCancel(t, p, m.ID)
	if _, end := drain(t, p, m.ID); end.Dropped != 7 {
		t.Errorf("end %+v", end)
	}
}

// An event that can't be sent is counted, and the trace goes on.
func TestTraceUnsendable(t *testing.T) {
	target := controltest.New("a")
	p := greet(t, serve(t, target, control.Options{}))
	m := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}, Max: 2})
	target.Fire("a", "not JSON")
	target.Fire("a", `"`+strings.Repeat("x", wire.MaxLine)+`"`)
	until(t, "the trace is done", func() bool {
		target.Fire("a", "2")
		return target.Left() == ""
	})
	events, end := drain(t, p, m.ID)
	if want := (wire.End{Reason: wire.EndMax, Events: 2, Dropped: 2}); end != want || len(events) != 2 {
		t.Errorf("%d events, end %+v, want 2 and %+v", len(events), end, want)
	}
	if events[1].Dropped != 2 {
		t.Errorf("the last event carries %d drops", events[1].Dropped)
	}
}

// A client that reads nothing for a while gets what fits into the buffers; the rest is counted, and no call of Fire waits for it.
func TestSlowReader(t *testing.T) {
	const fired = 20000
	target := controltest.New("a")
	p := greet(t, serve(t, target, control.Options{BufferEvents: 100}))
	m := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	fields := `"` + strings.Repeat("x", 1000) + `"`
	for range fired {
		target.Fire("a", fields) // would hang here if it blocked: nobody reads
	}
	mustCancel(t, p, m.ID)
	events, end := drain(t, p, m.ID)
	if end.Dropped == 0 {
		t.Fatal("20 MB went through buffers of 100 events; the test does not test")
	}
	if uint64(len(events)) != end.Events || end.Events+end.Dropped != fired {
		t.Errorf("%d events read, %d sent, %d dropped, of %d", len(events), end.Events, end.Dropped, fired)
	}
	var last uint64
	for _, ev := range events {
		if ev.Dropped < last {
			t.Fatalf("the count of drops fell from %d to %d", last, ev.Dropped)
		}
		last = ev.Dropped
	}
	if last > end.Dropped {
		t.Errorf("the last event says %d drops, the end %d", last, end.Dropped)
	}
}

// A client that reads nothing at all is cut off, and what it armed is undone.
func TestStuckReader(t *testing.T) {
	target := controltest.New("a", "b")
	p := greet(t, serve(t, target, control.Options{Write: 20 * time.Millisecond}))
	mustAsk(t, p, wire.OpArm, wire.ArmArgs{Patterns: []string{"b"}, Hold: true})
	mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	fields := `"` + strings.Repeat("x", 10000) + `"`
	until(t, "the trace and the hold are undone", func() bool {
		target.Fire("a", fields)
		return target.Left() == ""
	})
	if target.Armed("b") {
		t.Error("its handler is still armed")
	}
}

// What a client that was killed leaves is undone, the last change first.
func TestClientGone(t *testing.T) {
	target := controltest.New("a", "b")
	p := greet(t, serve(t, target, control.Options{}))
	mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"*"}})
	mustAsk(t, p, wire.OpStat, wire.StatSpec{Patterns: []string{"*"}})
	mustAsk(t, p, wire.OpArm, wire.ArmArgs{Patterns: []string{"a"}, Hold: true})
	mustAsk(t, p, wire.OpFail, wire.FailArgs{Name: "a", Term: "one", Hold: true})
	mustAsk(t, p, wire.OpFail, wire.FailArgs{Name: "a", Term: "two", Hold: true})
	mustAsk(t, p, wire.OpFail, wire.FailArgs{Name: "b", Term: "stays"})
	if target.Left() == "" || !target.Armed("a") || target.Term("a") != "two" {
		t.Fatal("nothing to undo")
	}
	p.Close()
	until(t, "all is undone", func() bool { return target.Left() == "" })
	if target.Armed("a") || target.Term("a") != "" {
		t.Errorf("armed %v, term %q", target.Armed("a"), target.Term("a"))
	}
	if target.Term("b") != "stays" {
		t.Error("what was set without hold is undone too")
	}
}

// The same with a client that closes only its sending side, as a pipe into it ends.
func TestClientHalfClosed(t *testing.T) {
	target := controltest.New("a")
	p := greet(t, serve(t, target, control.Options{}))
	mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	if err := p.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	until(t, "all is undone", func() bool { return target.Left() == "" })
}

func TestStat(t *testing.T) {
	names := make([]string, 100)
	for i := range names {
		names[i] = "h" + strings.Repeat("x", i)
	}
	target := controltest.New(names...)
	p := greet(t, serve(t, target, control.Options{}))
	m := mustAsk(t, p, wire.OpStat, wire.StatSpec{Patterns: []string{"*"}, Interval: wire.MinInterval})
	for range 7 {
		target.Fire("h", "")
	}
	var seq uint64
	for snapshots := 0; snapshots < 3; {
		var rows []wire.StatRow
		var part wire.StatPart
		for !part.Last {
			part = decode[wire.StatPart](t, read(t, p).Event)
			rows = append(rows, part.Rows...)
			if len(rows) > len(part.Rows) && part.Seq != seq {
				t.Fatalf("a snapshot has parts of %d and %d", seq, part.Seq)
			}
			if len(rows) == len(part.Rows) && part.Seq <= seq {
				t.Fatalf("snapshot %d after %d", part.Seq, seq)
			}
			seq = part.Seq
		}
		if len(rows) != 100 || rows[0].Hook != "h" || rows[0].Latency == nil {
			t.Fatalf("%d rows, the first %+v", len(rows), rows[0])
		}
		if rows[0].Calls == 7 {
			snapshots++
		}
	}
	mustCancel(t, p, m.ID)
	events, end := drain(t, p, m.ID)
	if end.Reason != wire.EndCanceled || end.Events < 4 {
		t.Errorf("end %+v", end)
	}
	if last := decode[wire.StatPart](t, events[len(events)-1].Event); !last.Last {
		t.Error("the last snapshot is not whole")
	}
}

// The last snapshot comes when the target counts no more, and not at all to a client that wants none.
func TestStatEnds(t *testing.T) {
	for _, drop := range []bool{false, true} {
		target := controltest.New("a")
		p := greet(t, serve(t, target, control.Options{}))
		m := mustAsk(t, p, wire.OpStat, wire.StatSpec{Patterns: []string{"*"}, Interval: int64(time.Hour)})
		if _, err := p.Request(wire.OpCancel, wire.CancelArgs{ID: m.ID, Drop: drop}); err != nil {
			t.Fatal(err)
		}
		events, end := drain(t, p, m.ID)
		want := map[bool]int{false: 1, true: 0}[drop]
		if len(events) != want || end != (wire.End{Reason: wire.EndCanceled, Events: uint64(want)}) {
			t.Errorf("drop %v: %d events, end %+v", drop, len(events), end)
		}
		if left := target.Left(); left != "" {
			t.Errorf("drop %v: after the end there are %s", drop, left)
		}
	}
}

func TestManyStreams(t *testing.T) {
	target := controltest.New("a", "b")
	p := greet(t, serve(t, target, control.Options{MaxStreams: 2}))
	one := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	two := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"b"}, Max: 1})
	for _, op := range []string{wire.OpTrace, wire.OpStat} {
		if m := ask(t, p, op, wire.LsArgs{Patterns: []string{"a"}}); m.Error == nil || m.Error.Code != wire.CodeBusy {
			t.Errorf("third stream, %s: %+v", op, m)
		}
	}
	target.Fire("a", "1")
	target.Fire("b", "2")
	got := map[uint64]int{}
	for got[one.ID]+got[two.ID] < 3 { // an event each, and an end
		m := read(t, p)
		got[m.ID]++
	}
	if got[one.ID] != 1 || got[two.ID] != 2 {
		t.Errorf("messages by stream: %v", got)
	}
}

func TestStreamIDInUse(t *testing.T) {
	target := controltest.New("a")
	p := greet(t, serve(t, target, control.Options{}))
	m := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	if err := p.Send(wire.Request{ID: m.ID, Op: wire.OpLs}); err != nil {
		t.Fatal(err)
	}
	if m := read(t, p); m.Error == nil || m.Error.Code != wire.CodeBadRequest {
		t.Errorf("got %+v", m)
	}
}

func TestManyHolds(t *testing.T) {
	p := greet(t, serve(t, controltest.New("a"), control.Options{MaxHolds: 1}))
	mustAsk(t, p, wire.OpArm, wire.ArmArgs{Patterns: []string{"a"}, Hold: true})
	for op, args := range map[string]any{
		wire.OpDisarm: wire.ArmArgs{Patterns: []string{"a"}, Hold: true},
		wire.OpFail:   wire.FailArgs{Name: "a", Term: "x", Hold: true},
	} {
		if m := ask(t, p, op, args); m.Error == nil || m.Error.Code != wire.CodeBusy {
			t.Errorf("%s: %+v", op, m)
		}
	}
	mustAsk(t, p, wire.OpFail, wire.FailArgs{Name: "a", Term: "x"})
}

// Close tells the clients, and undoes what they hold before it returns.
func TestClose(t *testing.T) {
	target := controltest.New("a")
	s := serve(t, target, control.Options{})
	p := greet(t, s)
	m := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	mustAsk(t, p, wire.OpArm, wire.ArmArgs{Patterns: []string{"a"}, Hold: true})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left := target.Left(); left != "" {
		t.Errorf("left behind: %s", left)
	}
	if _, end := drain(t, p, m.ID); end.Reason != wire.EndStopped {
		t.Errorf("the trace ended with %+v", end)
	}
	closed(t, p, wire.CodeStopped, "stopped serving")
}

// A handler that does not return when it is deregistered can't keep the session: the client is told.
func TestBlockedUndo(t *testing.T) {
	target := controltest.New("a")
	p := greet(t, serve(t, target, control.Options{Undo: 10 * time.Millisecond}))
	m := mustAsk(t, p, wire.OpTrace, wire.TraceSpec{Patterns: []string{"a"}})
	target.BlockUndo()
	mustCancel(t, p, m.ID)
	if _, end := drain(t, p, m.ID); !strings.Contains(end.Warning, "deadline exceeded") {
		t.Errorf("end %+v", end)
	}
}

func TestFailedUndo(t *testing.T) {
	target := controltest.New("a")
	p := greet(t, serve(t, target, control.Options{}))
	target.FailUndo(errors.New("it is stuck"))
	for op, args := range map[string]any{
		wire.OpTrace: wire.TraceSpec{Patterns: []string{"a"}, Max: 1},
		wire.OpStat:  wire.StatSpec{Patterns: []string{"a"}},
	} {
		m := mustAsk(t, p, op, args)
		mustCancel(t, p, m.ID)
		if _, end := drain(t, p, m.ID); end.Warning != "it is stuck" {
			t.Errorf("%s: end %+v", op, end)
		}
	}
}
