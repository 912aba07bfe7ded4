package cli

import (
	"errors"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/feature"
	"github.com/gkhi/gkhi/internal/hist"
)

// began is when the tests' clock starts.
var began = time.Date(2026, time.January, 2, 15, 4, 5, 0, time.UTC)

func at(d time.Duration) int64 { return began.Add(d).UnixNano() }

// newWorld returns the processes that the scripts in testdata are about. Each call makes new ones.
func newWorld() *fakeWorld {
	evil := "evil\x1b[2J\u202eproc"
	return &fakeWorld{
		procs: []*fakeProcess{
			kvd(),
			{
				Process: client.Process{PID: 5000, Name: evil, UID: 1000, Hello: &wire.Hello{Main: "example.com/evil\x07", Version: "v0\x1b", GoVersion: "go\x1b", Platform: "p\x1b"}},
				hooks: []wire.Hook{
					{
						Name: "evil.\x1b]0;pwned\x07hook", Kind: wire.KindHook, State: wire.StateArmed, Doc: "line\nbreak",
						Event:    &wire.EventType{Name: "evil.\x1bEvent", Fields: []wire.Field{{Name: "a\nb", Type: "str\x9bing"}}},
						Declared: "x\x1b.go:1", Handlers: []wire.Handler{{Name: "h\x1b", Armed: true, Panics: 1, LastPanic: "\x1b[31mboom", Term: "pause\r"}},
						Sites: []wire.Site{{Func: "f\x1b", Why: "why\x1b"}},
					},
				},
				events: []wire.Event{{
					Time: at(0), Hook: "evil.\x1b]0;pwned\x07hook",
					Fields: wire.Raw("{\"a\\nb\":\"\u009b31m\",\"c\":[\"\u202e\",\"\\u001b\"],\"d e\":\"\"}"),
				}},
				snapshots: []client.Snapshot{{Seq: 1, Time: at(time.Second), Rows: []wire.StatRow{{Hook: "evil.\x1b]0;pwned\x07hook", Calls: 3}}}},
				sites:     wire.Status{Method: "flag\x1b", Why: []string{"why\x1b"}},
			},
			{Process: client.Process{PID: 6000, Name: "hung", UID: -1, Err: &client.TargetError{
				Target: "6000", Err: client.ErrBroken, Why: "it accepted the connection but said nothing; it may be stopped, or too busy",
			}}},
			{
				Process:   client.Process{PID: 7000, Name: "bare", UID: 1000, Start: began.Add(-26 * time.Hour), Hello: &wire.Hello{Version: "v0.1.0", GoVersion: "go1.26.0", Platform: "linux/arm64"}},
				sites:     wire.Status{Method: "/proc/self/mem", Sites: 4, Patched: 4, Text: 3 << 20, ScanTime: 2_100_000},
				preparing: wire.Errorf(wire.CodeUnknownOp, "the process does not know prepare"),
			},
			{
				Process: client.Process{PID: 7001, Name: "partial", Hello: &wire.Hello{Version: "v0.1.0", GoVersion: "go1.26.0", Platform: "linux/arm64"}},
				sites:   wire.Status{Method: "/proc/self/mem", Sites: 4, Patched: 3},
				hooks: []wire.Hook{{
					Name: "partial.wait", Kind: wire.KindHook, State: wire.StateDormant, FIFO: true,
					Event: &wire.EventType{Name: "time.Duration", Fields: []wire.Field{{Type: "time.Duration", Duration: true}}},
				}},
			},
			{
				Process: client.Process{PID: 7002, Name: "stuck", Hello: &wire.Hello{Version: "v0.1.0", GoVersion: "go1.26.0", Platform: "linux/arm64"}},
				sites: wire.Status{Method: "/proc/self/mem", Sites: 4, Patched: 4, Stuck: 1, Functions: 20000, Packages: 12,
					Laid: &wire.Laid{Sites: 90001, Loads: 2, Armed: 3, NoArgs: "the program was linked without debug information"}},
				hooks: []wire.Hook{{
					Name: "main.(*T).Sum", Kind: wire.KindFunction, State: wire.StateDormant, FIFO: true, Declared: "/src/main.go:7",
					Params:  []wire.Param{{Name: "t", Type: "*T", Size: 8}, {Name: "xs", Type: "[]int", Size: 24}},
					Results: []wire.Param{{Type: "int", Size: 8}, {Type: "error", Size: 16}},
					Sites: []wire.Site{
						{File: "/src/main.go", Line: 7, PC: 0x401010, Point: "entry", Form: "bare", State: "dormant", Frame: 64,
							Args: []wire.Arg{{Name: "t", Places: []string{"R0"}}, {Index: 1, Name: "xs", Places: []string{"R1", "?", "72(SP)"}}}},
						{File: "/src/main.go", Line: 9, PC: 0x401044, Point: "return", Form: "bare", State: "dormant", Frame: -1,
							Args: []wire.Arg{{Index: 1, Places: []string{"$0", "$0"}}}},
					},
				}},
			},
			{
				Process:   client.Process{PID: 7003, Name: "unprepared"},
				preparing: wire.Errorf(wire.CodeInternal, "prepare: the process panicked: boom"),
			},
			{
				Process: client.Process{PID: 7004, Name: "paths"},
				hooks: []wire.Hook{
					{Name: "example.com/mail/v2/queue.flush", Kind: wire.KindFunction, State: wire.StateDormant},
					{Name: "example.com/mail/v2/queue.(*Queue).Put", Kind: wire.KindFunction, State: wire.StateDormant},
					{Name: "example.com/old/queue.flush", Kind: wire.KindFunction, State: wire.StateDormant},
				},
				snapshots: []client.Snapshot{{Seq: 1, Time: at(time.Second), Rows: []wire.StatRow{
					{Hook: "example.com/mail/v2/queue.flush", Calls: 3, Function: true, Timed: 3, Total: 3e6, Self: 3e6},
					{Hook: "example.com/mail/v2/queue.(*Queue).Put", Calls: 2, Function: true, Timed: 2, Total: 2e6, Self: 1e6},
					{Hook: "example.com/old/queue.flush", Calls: 1, Function: true, Timed: 1, Total: 1e6, Self: 1e6},
				}}},
				events: []wire.Event{
					{Time: at(0), Hook: "example.com/mail/v2/queue.(*Queue).Put", G: 7, Call: &wire.Call{Entry: true}},
					{Time: at(1), Hook: "example.com/mail/v2/queue.(*Queue).Put", G: 7, Call: &wire.Call{Took: 1000}},
					{Time: at(2), Hook: "example.com/mail/v2/queue.flush", G: 7, Call: &wire.Call{Entry: true}},
					{Time: at(3), Hook: "example.com/mail/v2/queue.flush", G: 7, Call: &wire.Call{Took: 1000}},
				},
			},
			{Process: client.Process{PID: 8000, Name: "broken", UID: 1000}, failing: wire.Errorf(wire.CodeInternal, "ls: the process panicked: boom")},
			{Process: client.Process{PID: 9000, Name: "plain", Err: &client.TargetError{
				Target: "9000", Err: client.ErrNotHooked, Why: "it is a Go program (plain) without github.com/gkhi/gkhi",
				Hint: "call gkhi.Serve at the start of its main",
			}}},
		},
		files: map[string][]string{"./kvd": {"4242"}, "./twins": {"4242", "7000"}, "./idle": nil},
	}
}

// kvd is a well-behaved process.
func kvd() *fakeProcess {
	const commit = "kvd.commit"
	latency := func(n int) *hist.Snapshot {
		var h hist.Histogram
		for i := range n {
			h.Record(int64(100_000 + i%4*70_000 + i%16/15*3_000_000))
		}
		s := h.Snapshot()
		return &s
	}
	return &fakeProcess{
		Process: client.Process{
			PID: 4242, Name: "kvd", Exe: "/usr/bin/kvd", UID: 1000, Start: began.Add(-192 * time.Second),
			Hello: &wire.Hello{
				Proto: 1, Min: 1, Version: "v0.1.0", PID: 4242, Main: "example.com/kvd",
				GoVersion: "go1.26.0", Platform: "linux/amd64",
			},
		},
		uptime: 192 * time.Second,
		sites:  wire.Status{Method: "flag", Sites: 0, Why: []string{"this version of gkhi doesn't patch sites on linux/amd64"}},
		hooks: []wire.Hook{
			{
				Name: commit, Kind: wire.KindHook, State: wire.StateArmed, Doc: "a transaction was committed",
				Event: &wire.EventType{Name: "kvd.CommitEvent", Fields: []wire.Field{
					{Name: "Pages", Type: "int"}, {Name: "Key", Type: "string"}, {Name: "Took", Type: "time.Duration", Duration: true},
				}},
				Declared: "kvd/hooks.go:12",
				FIFO:     true,
				Sites:    []wire.Site{{Func: "kvd.(*Tx).Commit", File: "kvd/tx.go", Line: 120, State: "as compiled", Why: "a load was merged with it"}},
				Handlers: []wire.Handler{
					{Name: "audit", Armed: true, Priority: "first", Calls: 1234},
					{Name: "slow-log", Calls: 7, InFlight: 1, Longest: 3_100_000_000, Panics: 2, LastPanic: "index out of range", Max: 10, Hits: 7, Skip: 3},
					{Name: "metrics", Armed: true, Local: true, Priority: "5", Calls: 1234},
				},
			},
			{
				Name: "kvd.commit-error", Kind: wire.KindDecision, State: wire.StateDormant, Doc: "may fail a commit",
				Event: &wire.EventType{Name: "string"}, Answer: "error", Exclusive: true,
			},
			{Name: "kvd.page", Kind: wire.KindPoint, State: wire.StateDormant, Sites: []wire.Site{{Func: "kvd.alloc", PC: 0x48f0a0, Form: "bare", State: "dormant", Bytes: []byte{0x0f, 0x1f, 0x44, 0, 0, 0x66, 0x90}}}, Cut: 12},
			{
				Name: "kvd.read-delay", Kind: wire.KindDecision, State: wire.StateArmed, Doc: "may hold up a read", FIFO: true, Answer: "error",
				Handlers: []wire.Handler{{Name: "failpoint", Armed: true, Term: "2*pause->off", Calls: 40, InFlight: 2, Longest: 12_000_000, Paused: 2}},
			},
		},
		events: []wire.Event{
			{Time: at(0), Hook: commit, G: 17, Fields: wire.Raw(`{"Pages":3,"Key":"users/17","Took":1234567}`)},
			{Time: at(1500 * time.Microsecond), Hook: "kvd.commit-error", G: 18, Fields: wire.Raw(`"a key"`)},
			{Time: at(2 * time.Second), Hook: commit, G: 17, Fields: wire.Raw(`{"Pages":1,"Key":"two words","Took":870,"Inner":{"a":[1,2]},"None":null}`)},
			{Time: at(3 * time.Second), Hook: "kvd.read-delay", G: 1},
		},
		dropped: 42,
		skipped: []wire.Skip{{Name: "kvd.page", Why: "a point has no event"}},
		snapshots: []client.Snapshot{
			{Seq: 1, Time: at(time.Second), Rows: []wire.StatRow{
				{Hook: commit, Calls: 120, Latency: latency(120)}, {Hook: "kvd.commit-error", Calls: 0}, {Hook: "kvd.read-delay", Calls: 3}}},
			{Seq: 2, Time: at(2 * time.Second), Rows: []wire.StatRow{
				{Hook: commit, Calls: 500, Latency: latency(500)}, {Hook: "kvd.commit-error", Calls: 1}, {Hook: "kvd.read-delay", Calls: 3}}},
		},
	}
}

// fakeMachine is what doctor finds.
func fakeMachine() []feature.Finding {
	return []feature.Finding{
		{Group: feature.GroupPatching, Name: "core-sync", State: feature.OK, Detail: "membarrier SYNC_CORE"},
		{Group: feature.GroupKernel, Name: "tracefs", State: feature.Missing, Detail: "not mounted", Advice: "mount -t tracefs nodev /sys/kernel/tracing"},
		{Group: feature.GroupRights, Name: "ptrace", State: feature.Limited, Detail: "only a parent may trace", Advice: "nothing for hooks"},
	}
}

func fakeAround(pid int) []feature.Finding {
	return []feature.Finding{{Group: feature.GroupProcess, Name: "owner", State: feature.OK, Detail: "uid 1000, as this user"}}
}

var errDisk = errors.New("no space left on device")
