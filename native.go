package gkhi

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/patch"
	"github.com/gkhi/gkhi/internal/record"
)

// A PointEvent is one hit of a [Point].
type PointEvent struct {
	Point     string    // name of the point
	Time      time.Time // by the CPU's time stamp counter, set right against the clock
	Goroutine uint64    // id of the goroutine, as tracebacks print it
	PC        uintptr   // address of the site: runtime.CallersFrames with PC+1 finds the source
}

// A native is a point's handler: no Go code runs in a hit, but a trampoline of
// internal/record that all handlers of the point share.
type native struct {
	point *Point
	kind  record.Kind
	sink  func(PointEvent)
	hits  atomic.Uint64 // where sites aren't patched

	// Guarded by registry.mu: what was counted while armed before, and the counters' value
	// when it was armed last.
	past, since uint64
	armed       bool
	dropped     atomic.Uint64

	lostBefore uint64 // what dropped doesn't count of pointLog.lost; guarded by pointLog.mu
}

func (n *native) valid() bool { return n != nil }

// setWord sets what an unpatched site tests.
func (p *Point) setWord(on bool) {
	var w uint64
	if on {
		w = 1
	}
	atomic.StoreUint64(&p.word, w)
}

// publish tells natives whether they count, with registry.mu held.
func (p *Point) publish(_ uint64, hs []*Handler) {
	var set []*native
	for _, h := range hs {
		set = append(set, h.native)
	}
	p.set.Store(&set)
	for _, h := range p.reg.Load().handlers {
		n := h.native
		if n == nil || n.armed == h.live.Load() {
			continue
		}
		n.armed = h.live.Load()
		if n.armed {
			n.since = p.counted()
			log.route(p, n, true)
		} else {
			n.past += p.counted() - n.since
		}
	}
}

// patchedSites returns the addresses of the point's sites that can call.
func (p *Point) patchedSites() []uintptr {
	if !pointsPatched {
		return nil
	}
	return patch.Default.Patched(p.reg.Load().siteKey)
}

// counted sums the counters of the point's sites.
func (p *Point) counted() uint64 {
	return record.Hits(p.patchedSites()...)
}

// calls is Handler.Calls of a point's handler, with registry.mu held.
func (n *native) calls() uint64 {
	if !pointsPatched || n.kind != record.Count {
		return n.hits.Load()
	}
	if n.armed {
		return n.past + n.point.counted() - n.since
	}
	return n.past
}

// detach is called, without locks, when the handler was disarmed: what it noted
// is passed on, and then its route is closed.
func (n *native) detach(bool) {
	if n.kind != record.Note {
		return
	}
	if log.drain() {
		log.close(n)
		// A drain that began before that may still call the sink.
		log.draining.Lock()
		log.draining.Unlock() //lint:ignore SA2001 waiting is all
	} else { // a sink disarmed it
		log.mu.Lock()
		log.closing = append(log.closing, n)
		log.mu.Unlock()
	}
}

// pointTrampoline opens the recorder, once, and picks what the sites call, with
// registry.mu held.
func pointTrampoline(armed []*Handler) (uintptr, error) {
	lo, hi := patch.Default.Home()
	if err := record.Open(lo, hi-lo); err != nil {
		return 0, err
	}
	var kind record.Kind
	for _, h := range armed {
		kind |= h.native.kind
	}
	return record.Trampoline(kind)
}

// log passes noted hits on to the sinks.
var log = pointLog{routes: map[*Point][]*native{}}

// How often buffers are emptied while a handler records: more often while a thread's would be full before long.
const (
	drainInterval = 10 * time.Millisecond
	drainSoon     = time.Millisecond
)

type pointLog struct {
	draining sync.Mutex // one drain at a time; taken before mu; sinks run with it held
	batch    record.Batch
	busy     atomic.Bool   // the last drain found a buffer that was filling quickly
	drainer  atomic.Uint64 // id of the goroutine that drains, 0 when none does

	mu      sync.Mutex // taken after registry.mu
	routes  map[*Point][]*native
	running bool
	direct  directEvents
	closing []*native // to be closed after the next drain
	lost    uint64    // events that were dropped, ever, as of the last drain

	// bySite is routes by the addresses of sites as they were after so many
	// batches of patches; nil when routes changed.
	bySite  map[uintptr][]*native
	batches uint64
}

// route adds or removes the recorder n of p, and keeps the drainer running
// while there is one.
func (l *pointLog) route(p *Point, n *native, on bool) {
	if n.kind != record.Note {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bySite = nil
	var rest []*native
	for _, o := range l.routes[p] {
		if o != n {
			rest = append(rest, o)
		}
	}
	if on {
		rest = append(rest, n)
		n.lostBefore = l.lost - n.dropped.Load()
	}
	if len(rest) == 0 {
		delete(l.routes, p)
		return
	}
	l.routes[p] = rest
	l.start()
}

// start sees to it that somebody drains, with l.mu held.
func (l *pointLog) start() {
	if !l.running {
		l.running = true
		go l.run()
	}
}

// keepRunning is start for those who arm functions.
func (l *pointLog) keepRunning() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.start()
}

func (l *pointLog) run() {
	wait := drainInterval
	for {
		time.Sleep(wait)
		l.drain()
		wait = drainInterval
		if l.busy.Load() {
			wait = drainSoon
		}
		l.mu.Lock()
		if len(l.routes) == 0 && !funcs.Noting() {
			l.running = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
	}
}

// close ends the route of a recorder, unless it was armed anew.
func (l *pointLog) close(n *native) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if !n.armed {
		l.route(n.point, n, false)
	}
}

// drain passes on what was noted since the last time. It reports false when it
// can't, since a sink calls it in the midst of a drain.
func (l *pointLog) drain() bool {
	self := record.Goid()
	if l.drainer.Load() == self {
		return false
	}
	l.draining.Lock()
	defer l.draining.Unlock()
	l.drainer.Store(self)
	defer l.drainer.Store(0)

	l.mu.Lock()
	closing, direct := l.closing, l.direct
	l.closing, l.direct.events = nil, nil
	l.mu.Unlock()
	for l.batch.Partial = true; l.batch.Partial; {
		record.Drain(&l.batch)
		l.pass()
	}
	l.busy.Store(l.batch.Busy)
	dropped := l.batch.Dropped
	for _, d := range direct.events {
		d.n.hits.Add(1)
		d.n.sink(d.event)
	}
	dropped += direct.lost
	if cap(l.batch.Events) > maxKeptEvents || cap(l.batch.Words) > maxKeptEvents {
		l.batch = record.Batch{}
	}
	for _, n := range closing {
		l.close(n)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = dropped
	for _, ns := range l.routes { // which point's they were is not known
		for _, n := range ns {
			n.dropped.Store(dropped - n.lostBefore)
		}
	}
	return true
}

// pass passes the batch on.
func (l *pointLog) pass() {
	clock := record.Now()
	funcs.Take(&l.batch, clock)
	if len(l.batch.Events) == 0 {
		return
	}
	sinks := l.sinks()
	if len(sinks) == 0 {
		return
	}
	for _, e := range l.batch.Events {
		for _, n := range sinks[e.Site] {
			n.hits.Add(1)
			n.sink(PointEvent{Point: n.point.Name(), Time: clock.Time(e.Ticks), Goroutine: e.Goid, PC: e.Site})
		}
	}
}

// directEvents are hits that were noted by Hit itself, where sites aren't patched.
type directEvents struct {
	events []directEvent
	lost   uint64 // ever
}

type directEvent struct {
	n     *native
	event PointEvent
}

// maxKeptEvents is how large a buffer a drain leaves for the next one.
const maxKeptEvents = 1 << 14

// sinks returns the recorders by the sites of their points. The map is not
// changed once it is made.
func (l *pointLog) sinks() map[uintptr][]*native {
	batches := patch.Default.Batches()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bySite == nil || l.batches != batches {
		l.bySite, l.batches = map[uintptr][]*native{}, batches
		for p, ns := range l.routes {
			for _, addr := range p.patchedSites() {
				l.bySite[addr] = ns
			}
		}
	}
	return l.bySite
}
