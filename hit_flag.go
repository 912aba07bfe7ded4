//go:build !linux || !(amd64 || arm64) || race

package gkhi

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi/internal/record"
)

// pointsPatched says that a point's handlers are called by its patched sites.
const pointsPatched = false

// Hit marks the place: a load and a branch, which calls the handlers when there
// are any. (Where points are patched it is only the load.)
func (p *Point) Hit() {
	if atomic.LoadUint64(&p.word) != 0 {
		p.hit()
	}
}

// hit runs the armed handlers.
//
//go:noinline
func (p *Point) hit() {
	set := p.set.Load()
	if set == nil {
		return
	}
	for _, n := range *set {
		if n.kind == record.Count {
			n.hits.Add(1)
			continue
		}
		pc, _, _, _ := runtime.Caller(2) // behind hit and Hit
		log.put(n, PointEvent{Point: p.Name(), Time: time.Now(), Goroutine: record.Goid(), PC: pc - 1})
	}
}

// maxDirectEvents is how many may wait for the next drain.
const maxDirectEvents = 1 << 16

// put notes a hit for n.
func (l *pointLog) put(n *native, e PointEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.direct.events) == maxDirectEvents {
		l.direct.lost++
		return
	}
	l.direct.events = append(l.direct.events, directEvent{n, e})
}
