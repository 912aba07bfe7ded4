package gkhi

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/eventjson"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// A sitePlace is what a point's event shows: where it was hit.
type sitePlace struct {
	Func string `json:"func"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// sitePlaces remembers the places that events of a trace came from, as JSON.
type sitePlaces struct {
	mu sync.Mutex
	m  map[uintptr][]byte
}

// event puts a point's event into the wire's form.
func (s *sitePlaces) event(ev PointEvent, goroutine bool) wire.Event {
	we := wire.Event{Time: ev.Time.UnixNano(), Hook: ev.Point, Fields: s.fields(ev)}
	if goroutine {
		we.G = ev.Goroutine
	}
	return we
}

func (s *sitePlaces) fields(ev PointEvent) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.m[ev.PC]; known != nil {
		return known
	}
	if s.m == nil {
		s.m = map[uintptr][]byte{}
	}
	s.m[ev.PC] = eventjson.Append(nil, placeOf(ev))
	return s.m[ev.PC]
}

// placeOf says where a point was hit: as Sites does, or from the address where the point's sites are not patched.
func placeOf(ev PointEvent) sitePlace {
	sites, _ := Sites(ev.Point) // the point has just been hit, so there is one
	for _, site := range sites {
		if site.Addr == ev.PC {
			return sitePlace{site.Func, site.File, site.Line}
		}
	}
	f, _ := runtime.CallersFrames([]uintptr{ev.PC + 1}).Next()
	return sitePlace{f.Function, f.File, f.Line}
}

// pointDrops tells a trace how many events the recorder of points lost. All points share that recorder, so each handler's
// count is the same, or behind the others'.
type pointDrops struct {
	sink   control.Sink
	points atomic.Pointer[[]*Handler]

	mu   sync.Mutex
	told uint64
}

// watch begins with the handlers of points among ws.
func (d *pointDrops) watch(ws []watcher) {
	var hs []*Handler
	for _, w := range ws {
		if w.h.native != nil {
			hs = append(hs, w.h)
		}
	}
	d.points.Store(&hs)
}

// look tells what is new.
func (d *pointDrops) look() {
	hs := d.points.Load()
	if hs == nil || len(*hs) == 0 {
		return
	}
	var lost uint64
	for _, h := range *hs {
		lost = max(lost, h.Dropped())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if lost > d.told {
		d.sink.Lost(lost - d.told)
		d.told = lost
	}
}
