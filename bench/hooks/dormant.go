package main

import (
	"context"
	"io"
	"log/slog"
	"reflect"
	"runtime/trace"
	"sync/atomic"

	"github.com/gkhi/gkhi"
	"github.com/gookit/event"
	pingcap "github.com/pingcap/failpoint"
	gofail "go.etcd.io/gofail/runtime"
)

// Nobody listens to these. They are package-level variables, as they would be in a program.
var (
	dormantBool     bool
	dormantAtomic   atomic.Bool
	dormantPointer  atomic.Pointer[func(commit) gkhi.Verdict]
	dormantHook     gkhi.Hook[commit]
	dormantDecision gkhi.Decision[commit, error]
	dormantPoint    gkhi.Point
	dormantChain    gkhi.Chain[commit]
	dormantLocked   locked
	dormantMapped   mapped
	dormantEvents   = event.NewManager("dormant")
	dormantGofail   = gofail.NewFailpoint("bench/dormant")
	quietLog        = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelInfo}))
)

func init() {
	gkhi.Declare(&dormantHook, "bench.dormant", "never armed")
	gkhi.DeclareDecision(&dormantDecision, "bench.dormant-decision", "never armed")
	gkhi.DeclarePoint(&dormantPoint, "bench.dormant-point", "never armed")
}

const (
	pointer  = "atomic.Pointer to a func"
	hook     = "gkhi.Hook"
	decision = "gkhi.Decision"
	chain    = "gkhi.Chain"
	rwmutex  = "RWMutex and slice"
	syncMap  = "sync.Map by name"
	gookit   = "gookit/event"
	gofails  = "gofail"
	pingcaps = "pingcap/failpoint"
)

// dormant is the cases that nobody listens to.
func dormant() []benchCase {
	ctx := context.Background()
	return []benchCase{
		{name: "the loop alone", event: notBuilt, run: empty},
		{name: "the event alone", event: built, run: buildOnly},
		{name: "plain bool", event: skipped, run: func(n int) {
			for i := range n {
				if dormantBool {
					onCommit(newCommit(i))
				}
			}
		}},
		{name: "atomic.Bool", event: skipped, run: func(n int) {
			for i := range n {
				if dormantAtomic.Load() {
					onCommit(newCommit(i))
				}
			}
		}},
		{name: pointer, event: skipped, run: func(n int) {
			for i := range n {
				if fn := dormantPointer.Load(); fn != nil {
					(*fn)(newCommit(i))
				}
			}
		}},
		{name: hook, event: skipped, run: func(n int) {
			for i := range n {
				if dormantHook.Armed() {
					dormantHook.Fire(newCommit(i))
				}
			}
		}},
		{name: decision, event: skipped, run: func(n int) {
			for i := range n {
				if dormantDecision.Armed() {
					if _, ok := dormantDecision.Fire(newCommit(i)); ok {
						return
					}
				}
			}
		}},
		{name: "gkhi.Point", event: notBuilt, run: func(n int) {
			for range n {
				dormantPoint.Hit()
			}
		}},
		{name: chain, event: built, run: func(n int) {
			for i := range n {
				dormantChain.Call(newCommit(i))
			}
		}},
		{name: rwmutex, event: built, run: func(n int) {
			for i := range n {
				dormantLocked.fire(newCommit(i))
			}
		}},
		{name: syncMap, event: built, run: func(n int) {
			for i := range n {
				dormantMapped.fire("commit", newCommit(i))
			}
		}},
		{name: gookit, event: "map of 3 values", run: func(n int) {
			for i := range n {
				_, _ = dormantEvents.Fire("commit", newParams(i))
			}
		}},
		{name: gookit + ", event kept", event: "none; made before", run: func(n int) {
			ev := event.NewBasic("commit", newParams(n))
			for range n {
				_ = dormantEvents.FireEvent(ev)
			}
		}},
		{name: gofails, event: notBuilt, run: func(n int) {
			// What gofail makes of "// gofail: var dormant int".
			for range n {
				if v, err := dormantGofail.Acquire(); err == nil {
					if _, ok := v.(int); !ok {
						dormantGofail.BadType(v, "int")
					}
				}
			}
		}},
		{name: pingcaps, event: notBuilt, run: func(n int) {
			// What failpoint-ctl makes of failpoint.Inject("dormant", func(v failpoint.Value) { … }).
			for range n {
				if v, err := pingcap.Eval(curpkg("dormant")); err == nil {
					_ = v.(int)
				}
			}
		}},
		{name: "slog, level off", event: "3 slog.Attr", run: func(n int) {
			for i := range n {
				ev := newCommit(i)
				quietLog.LogAttrs(ctx, slog.LevelDebug, "commit",
					slog.Int("pages", ev.Pages), slog.Int64("bytes", ev.Bytes), slog.Duration("took", ev.Took))
			}
		}},
		{name: "slog, behind Enabled", event: skipped, run: func(n int) {
			for i := range n {
				if quietLog.Enabled(ctx, slog.LevelDebug) {
					ev := newCommit(i)
					quietLog.LogAttrs(ctx, slog.LevelDebug, "commit",
						slog.Int("pages", ev.Pages), slog.Int64("bytes", ev.Bytes), slog.Duration("took", ev.Took))
				}
			}
		}},
		{name: "runtime/trace region, off", event: notBuilt, run: func(n int) {
			for range n {
				trace.StartRegion(ctx, "commit").End()
			}
		}},
	}
}

// newParams is gookit/event's way to build the event.
func newParams(i int) event.M {
	ev := newCommit(i)
	return event.M{"pages": ev.Pages, "bytes": ev.Bytes, "took": ev.Took}
}

// binding is how failpoint-ctl finds the package's path; a name is put together at each evaluation.
type binding struct{ path string }

var bound = &binding{reflect.TypeFor[binding]().PkgPath()}

func curpkg(name string) string { return bound.path + "/" + name }
