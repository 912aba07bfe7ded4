package gkhi

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi/internal/funcserve"
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
	if funcserve.Drain() {
		log.close(n)
		funcserve.AwaitDrain() // one that began before that may still call the sink
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

func init() { funcserve.SetPoints(&log) }

// A pointLog is what drains have to do with points. It implements [funcserve.Points].
type pointLog struct {
	// Of the drain that is under way.
	closes []*native
	hits   directEvents

	mu      sync.Mutex // taken after registry.mu
	routes  map[*Point][]*native
	direct  directEvents
	closing []*native // to be closed after the next drain
	lost    uint64    // events that were dropped, ever, as of the last drain

	// bySite is routes by the addresses of sites as they were after so many
	// batches of patches; nil when routes changed.
	bySite  map[uintptr][]*native
	batches uint64
}

// route adds or removes the recorder n of p, and sees to drains while there is one.
func (l *pointLog) route(p *Point, n *native, on bool) {
	if n.kind != record.Note {
		return
	}
	if l.setRoute(p, n, on) {
		funcserve.KeepDraining()
	}
}

// setRoute reports whether p has a recorder now.
func (l *pointLog) setRoute(p *Point, n *native, on bool) bool {
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
		return false
	}
	l.routes[p] = rest
	return true
}

// Noting implements [funcserve.Points].
func (l *pointLog) Noting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.routes) > 0
}

// close ends the route of a recorder, unless it was armed anew.
func (l *pointLog) close(n *native) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if !n.armed {
		l.route(n.point, n, false)
	}
}

// Begin implements [funcserve.Points].
func (l *pointLog) Begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closes, l.hits = l.closing, l.direct
	l.closing, l.direct.events = nil, nil
}

// Take implements [funcserve.Points].
func (l *pointLog) Take(b *record.Batch, clock record.Clock) {
	sinks := l.sinks()
	if len(sinks) == 0 {
		return
	}
	for _, e := range b.Events {
		for _, n := range sinks[e.Site] {
			n.hits.Add(1)
			n.sink(PointEvent{Point: n.point.Name(), Time: clock.Time(e.Ticks), Goroutine: e.Goid, PC: e.Site})
		}
	}
}

// End implements [funcserve.Points].
func (l *pointLog) End(dropped uint64) {
	for _, d := range l.hits.events {
		d.n.hits.Add(1)
		d.n.sink(d.event)
	}
	dropped += l.hits.lost
	for _, n := range l.closes {
		l.close(n)
	}
	l.hits, l.closes = directEvents{}, nil
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = dropped
	for _, ns := range l.routes { // which point's they were is not known
		for _, n := range ns {
			n.dropped.Store(dropped - n.lostBefore)
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
