package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/gkhi/gkhi"
)

// A worker has a handler on each hook, and points that nobody else hits.
type worker struct {
	id    int
	rand  *rand.Rand
	name  string
	hooks []*workerHook
	own   []*workerPoint
	any   []*workerPoint // points that all workers hit
}

// A workerHook is the worker's handler on a hook. Other workers have theirs on
// the same hook: each counts only the events of its own worker, all of which
// are fired on the worker's goroutine, so that a plain variable will do.
type workerHook struct {
	hookSites
	h    *gkhi.Handler
	seen int
}

type workerPoint struct {
	pointSites
	count  *gkhi.Handler
	record *gkhi.Handler
	mu     sync.Mutex
	noted  int
}

func newWorker(id, workers int, seed uint64) *worker {
	w := &worker{id: id, rand: rand.New(rand.NewPCG(seed, uint64(id))), name: fmt.Sprintf("worker%d", id)}
	for _, s := range hooks {
		w.hooks = append(w.hooks, &workerHook{hookSites: s})
		w.register(w.hooks[len(w.hooks)-1])
	}
	for i, s := range points {
		p := &workerPoint{pointSites: s}
		switch own := i % (workers + 2); {
		case own == id:
			w.own = append(w.own, p)
		case own >= workers:
			w.any = append(w.any, p)
		default:
			continue
		}
		var err error
		p.count, err = s.point.Count(w.name + ".count")
		must(err)
		p.record, err = s.point.Record(w.name+".record", func(gkhi.PointEvent) {
			p.mu.Lock()
			p.noted++
			p.mu.Unlock()
		})
		must(err)
	}
	return w
}

func (w *worker) register(k *workerHook) {
	var err error
	k.h, err = k.hook.Register(w.name, func(id int) gkhi.Verdict {
		if id == w.id {
			k.seen++
		}
		return gkhi.Continue
	})
	must(err)
}

func (w *worker) run(more func() bool) {
	for more() {
		switch w.rand.IntN(10) {
		case 0:
			w.points(w.own, true)
		case 1:
			w.points(w.any, false)
		case 2:
			w.churn()
		case 3:
			w.group(w.rand.IntN(len(w.hooks)))
		default:
			w.group(1 + w.rand.IntN(3))
		}
		rounds.Add(1)
	}
}

// group arms the handlers of some hooks together and checks what they see.
func (w *worker) group(size int) {
	var ks []*workerHook
	var hs []*gkhi.Handler
	for _, i := range w.rand.Perm(len(w.hooks))[:size] {
		ks, hs = append(ks, w.hooks[i]), append(hs, w.hooks[i].h)
	}
	must(gkhi.Arm(hs...))
	for range 1 + w.rand.IntN(4) {
		for _, k := range ks {
			w.call(k, true)
		}
	}
	must(gkhi.Disarm(hs...))
	for _, k := range ks {
		w.call(k, false)
	}
}

// call runs sites of k, whose handler is armed or not.
func (w *worker) call(k *workerHook, armed bool) {
	i := w.rand.IntN(len(k.calls))
	before, want := k.seen, 0
	if n := k.calls[i](w.id, w.count()); armed {
		want = n
	}
	if got := k.seen - before; got != want {
		wrongf("%s shape %d, armed %v: %d events of %d", k.hook.Name(), i, armed, got, want)
	}
	counted.Add(uint64(want))
}

// count is mostly small, and at times so large that the goroutine is preempted
// or its stack grows far.
func (w *worker) count() int {
	if w.rand.IntN(200) == 0 {
		return 3000
	}
	return w.rand.IntN(20)
}

// points arms handlers of points. Those of exact ones count what this worker
// does and nothing else.
func (w *worker) points(ps []*workerPoint, exact bool) {
	if len(ps) == 0 {
		return
	}
	p := pick(w.rand, ps)
	hs := []*gkhi.Handler{p.count}
	if w.rand.IntN(4) == 0 {
		hs = append(hs, p.record)
	}
	before := p.count.Calls()
	must(gkhi.Arm(hs...))
	n := 0
	for range 1 + w.rand.IntN(5) {
		n += pick(w.rand, p.calls)(w.id, w.count())
	}
	// A second handler, while the point is hot: the trampoline changes.
	if len(hs) == 1 && w.rand.IntN(4) == 0 {
		must(p.record.Arm())
		n += pick(w.rand, p.calls)(w.id, w.count())
		must(p.record.Disarm())
	}
	must(gkhi.Disarm(hs...))
	pick(w.rand, p.calls)(w.id, w.count())
	if got := p.count.Calls() - before; exact && got != uint64(n) || got < uint64(n) {
		wrongf("%s: %d hits of %d, exactly: %v", p.point.Name(), got, n, exact)
	}
	p.mu.Lock()
	noted.Add(uint64(p.noted))
	p.noted = 0
	p.mu.Unlock()
	counted.Add(uint64(n))
}

// churn registers a handler and deregisters it while events come.
func (w *worker) churn() {
	k := pick(w.rand, w.hooks)
	must(k.h.Deregister(context.Background()))
	w.call(k, false)
	w.register(k)
	must(k.h.Arm())
	w.call(k, true)
	must(k.h.Disarm())
}
