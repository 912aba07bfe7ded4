package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi"
)

// commit is the event: three words, built from the loop's counter.
type commit struct {
	Pages int
	Bytes int64
	Took  time.Duration
}

// newCommit is inlined: it is how the line under test builds its event. The runtime has boxes for small numbers
// ready; real events rarely consist of those.
func newCommit(i int) commit {
	i += 1 << 10
	return commit{Pages: i, Bytes: int64(i) << 12, Took: time.Duration(i)}
}

const (
	notBuilt = "none"
	skipped  = "only if armed"
	built    = "struct of 3 words"
)

// counting makes handlers count their calls. Only the test sets it: a shared counter would be most of what
// two goroutines at once measure.
var (
	counting bool
	calls    atomic.Int64
)

// onCommit is the handler, the same for all who take one.
//
//go:noinline
func onCommit(ev commit) gkhi.Verdict {
	if counting {
		calls.Add(1)
	}
	if ev.Pages < 0 {
		return gkhi.Stop
	}
	return gkhi.Continue
}

// onDecision is the handler of decisions. It doesn't decide.
//
//go:noinline
func onDecision(ev commit) (error, bool) { //nolint:revive // the error is the answer, not a failure
	onCommit(ev)
	return nil, ev.Pages < 0
}

// buildOnly has a loop build events and hand them to nobody. The event goes to memory that the loop owns,
// so that several loops don't contend.
func buildOnly(n int) {
	ev := new(commit)
	keep(ev)
	for i := range n {
		*ev = newCommit(i)
	}
}

// keep makes ev live on the heap, so that writing to it is not optimised away.
//
//go:noinline
func keep(ev *commit) { kept.Store(ev) }

var kept atomic.Pointer[commit]

// empty is the loop alone.
func empty(n int) {
	for range n {
	}
}

// locked is the listener list that people write first.
type locked struct {
	mu       sync.RWMutex
	handlers []func(commit) gkhi.Verdict
}

func (l *locked) add(fn func(commit) gkhi.Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handlers = append(l.handlers, fn)
}

func (l *locked) fire(ev commit) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, fn := range l.handlers {
		if fn(ev) != gkhi.Continue {
			return
		}
	}
}

// mapped is the listener list by event name in a sync.Map.
type mapped struct{ m sync.Map }

func (l *mapped) set(name string, fns ...func(commit) gkhi.Verdict) { l.m.Store(name, fns) }

func (l *mapped) fire(name string, ev commit) {
	v, ok := l.m.Load(name)
	if !ok {
		return
	}
	for _, fn := range v.([]func(commit) gkhi.Verdict) {
		if fn(ev) != gkhi.Continue {
			return
		}
	}
}
