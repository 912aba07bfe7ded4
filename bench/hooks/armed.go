package main

import (
	"fmt"
	"sync/atomic"

	"github.com/gkhi/gkhi"
	"github.com/gookit/event"
	pingcap "github.com/pingcap/failpoint"
	gofail "go.etcd.io/gofail/runtime"
)

// One handler listens to the first of each, and eight to the second. Loops name the variables, not elements of
// an array: a site tests a fixed address.
var (
	onePointer                 atomic.Pointer[func(commit) gkhi.Verdict]
	eightPointer               atomic.Pointer[[]func(commit) gkhi.Verdict]
	oneHook, eightHook         gkhi.Hook[commit]
	oneDecision, eightDecision gkhi.Decision[commit, error]
	oneChain, eightChain       gkhi.Chain[commit]
	oneLocked, eightLocked     locked
	oneMapped, eightMapped     mapped
	oneEvents, eightEvents     = event.NewManager("one"), event.NewManager("eight")

	failing       gkhi.Decision[commit, int]
	failingGofail = gofail.NewFailpoint("bench/failing")
)

func init() {
	gkhi.Declare(&oneHook, "bench.one", "has one handler")
	gkhi.Declare(&eightHook, "bench.eight", "has eight handlers")
	gkhi.DeclareDecision(&oneDecision, "bench.one-decision", "has one handler")
	gkhi.DeclareDecision(&eightDecision, "bench.eight-decision", "has eight handlers")
	gkhi.DeclareDecision(&failing, "bench.failing", "has a failpoint")
}

// register puts the handlers on everything that listens.
func register() error {
	fn := onCommit
	onePointer.Store(&fn)
	var eight []func(commit) gkhi.Verdict
	listen := event.ListenerFunc(func(e event.Event) error {
		m := e.Data()
		onCommit(commit{Pages: m["pages"].(int)})
		return nil
	})
	for i := range 8 {
		eight = append(eight, fn)
		eightChain.Register(fn, 0)
		eightLocked.add(fn)
		eightEvents.On("commit", listen)
		h, err := eightHook.Register(fmt.Sprint("h", i), fn)
		if err == nil {
			err = h.Arm()
		}
		if err != nil {
			return err
		}
		if h, err = eightDecision.Register(fmt.Sprint("h", i), onDecision); err == nil {
			err = h.Arm()
		}
		if err != nil {
			return err
		}
	}
	eightPointer.Store(&eight)
	eightMapped.set("commit", eight...)

	oneChain.Register(fn, 0)
	oneLocked.add(fn)
	oneMapped.set("commit", fn)
	oneEvents.On("commit", listen)
	h, err := oneHook.Register("h", fn)
	if err != nil {
		return err
	}
	d, err := oneDecision.Register("h", onDecision)
	if err != nil {
		return err
	}
	if err := gkhi.Arm(h, d); err != nil {
		return err
	}

	const term = "return(3)"
	if err := gkhi.Fail("bench.failing", term); err != nil {
		return err
	}
	if err := gofail.Enable("bench/failing", term); err != nil {
		return err
	}
	return pingcap.Enable(curpkg("failing"), term)
}

const gookitEvent = "gookit/event's event alone"

// constructions is the cases that only build events.
func constructions() []benchCase {
	return []benchCase{
		{name: "the event alone", event: built, run: buildOnly},
		{name: gookitEvent, event: "map of 3 values", run: func(n int) {
			var m event.M
			for i := range n {
				m = newParams(i)
			}
			escaped.Store(&m)
		}},
	}
}

var escaped atomic.Pointer[event.M]

// one is the cases with one handler.
func one() []benchCase {
	return append(constructions(), []benchCase{
		{name: "direct call", event: built, calls: 1, run: func(n int) {
			for i := range n {
				onCommit(newCommit(i))
			}
		}},
		{name: pointer, event: built, calls: 1, run: func(n int) {
			for i := range n {
				if fn := onePointer.Load(); fn != nil {
					(*fn)(newCommit(i))
				}
			}
		}},
		{name: chain, event: built, calls: 1, run: func(n int) {
			for i := range n {
				oneChain.Call(newCommit(i))
			}
		}},
		{name: hook, event: built, calls: 1, run: func(n int) {
			for i := range n {
				if oneHook.Armed() {
					oneHook.Fire(newCommit(i))
				}
			}
		}},
		{name: decision, event: built, calls: 1, run: func(n int) {
			for i := range n {
				if oneDecision.Armed() {
					if _, ok := oneDecision.Fire(newCommit(i)); ok {
						return
					}
				}
			}
		}},
		{name: rwmutex, event: built, calls: 1, run: func(n int) {
			for i := range n {
				oneLocked.fire(newCommit(i))
			}
		}},
		{name: syncMap, event: built, calls: 1, run: func(n int) {
			for i := range n {
				oneMapped.fire("commit", newCommit(i))
			}
		}},
		{name: gookit, event: "map of 3 values", base: gookitEvent, calls: 1, run: func(n int) {
			for i := range n {
				_, _ = oneEvents.Fire("commit", newParams(i))
			}
		}},
	}...)
}

// eight is the cases with eight handlers.
func eight() []benchCase {
	return append(constructions(), []benchCase{
		{name: "direct call", event: built, calls: 8, run: func(n int) {
			for i := range n {
				ev := newCommit(i)
				for range 8 {
					onCommit(ev)
				}
			}
		}},
		{name: pointer, event: built, calls: 8, run: func(n int) {
			for i := range n {
				if fns := eightPointer.Load(); fns != nil {
					ev := newCommit(i)
					for _, fn := range *fns {
						fn(ev)
					}
				}
			}
		}},
		{name: chain, event: built, calls: 8, run: func(n int) {
			for i := range n {
				eightChain.Call(newCommit(i))
			}
		}},
		{name: hook, event: built, calls: 8, run: func(n int) {
			for i := range n {
				if eightHook.Armed() {
					eightHook.Fire(newCommit(i))
				}
			}
		}},
		{name: decision, event: built, calls: 8, run: func(n int) {
			for i := range n {
				if eightDecision.Armed() {
					if _, ok := eightDecision.Fire(newCommit(i)); ok {
						return
					}
				}
			}
		}},
		{name: rwmutex, event: built, calls: 8, run: func(n int) {
			for i := range n {
				eightLocked.fire(newCommit(i))
			}
		}},
		{name: syncMap, event: built, calls: 8, run: func(n int) {
			for i := range n {
				eightMapped.fire("commit", newCommit(i))
			}
		}},
		{name: gookit, event: "map of 3 values", base: gookitEvent, calls: 8, run: func(n int) {
			for i := range n {
				_, _ = eightEvents.Fire("commit", newParams(i))
			}
		}},
	}...)
}

// answering is the cases of failpoints that are set to return(3).
func answering() []benchCase {
	return []benchCase{
		{name: "the loop alone", event: notBuilt, run: empty},
		{name: decision + ", failpoint", event: built, run: func(n int) {
			for i := range n {
				if failing.Armed() {
					if v, ok := failing.Fire(newCommit(i)); !ok || v != 3 {
						panic("the failpoint does not answer 3")
					}
				}
			}
		}},
		{name: gofails, event: notBuilt, run: func(n int) {
			for range n {
				if v, err := failingGofail.Acquire(); err != nil || v.(int) != 3 {
					panic("the failpoint does not answer 3")
				}
			}
		}},
		{name: pingcaps, event: notBuilt, run: func(n int) {
			for range n {
				if v, err := pingcap.Eval(curpkg("failing")); err != nil || v.(int) != 3 {
					panic("the failpoint does not answer 3")
				}
			}
		}},
	}
}
