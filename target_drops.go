package gkhi

import (
	"sync"
	"sync/atomic"

	"github.com/gkhi/gkhi/internal/control"
)

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
