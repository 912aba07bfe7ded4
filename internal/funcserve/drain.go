package funcserve

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/record"
)

// How often buffers are emptied while somebody records: more often while a thread's would be full before long.
const (
	drainInterval = 10 * time.Millisecond
	drainSoon     = time.Millisecond
)

// maxKeptEvents is how large a buffer a drain leaves for the next one.
const maxKeptEvents = 1 << 14

// Points are who takes what was noted besides functions: those of the root package.
type Points interface {
	// Noting reports whether there have to be drains for it.
	Noting() bool
	// Begin is called when a drain begins, Take with each of its batches, and End, with the number of
	// events that were dropped ever, when it has all.
	Begin()
	Take(b *record.Batch, clock record.Clock)
	End(dropped uint64)
}

// drainer passes on what internal/record noted.
var drainer struct {
	draining sync.Mutex // one drain at a time; taken before mu; those who get events run with it held
	batch    record.Batch
	busy     atomic.Bool   // the last drain found a buffer that was filling quickly
	by       atomic.Uint64 // id of the goroutine that drains, 0 when none does

	mu      sync.Mutex // taken before the points' own, and before internal/funcs'
	running bool
	points  Points // set when the program is initialised; nil without the root package
}

// SetPoints makes p the points of the process, once, when the program is initialised.
func SetPoints(p Points) { drainer.points = p }

// KeepDraining sees to it that there are drains for as long as somebody notes. It is called when somebody begins to.
func KeepDraining() {
	drainer.mu.Lock()
	defer drainer.mu.Unlock()
	if !drainer.running {
		drainer.running = true
		go keepDraining()
	}
}

func keepDraining() {
	wait := drainInterval
	for {
		time.Sleep(wait)
		Drain()
		wait = drainInterval
		if drainer.busy.Load() {
			wait = drainSoon
		}
		if !stillDraining() {
			return
		}
	}
}

func stillDraining() bool {
	drainer.mu.Lock()
	defer drainer.mu.Unlock()
	drainer.running = drainer.points != nil && drainer.points.Noting() || funcs.Noting()
	return drainer.running
}

// Drain passes on what was noted since the last time. It reports false when it
// can't, since who gets an event calls it in the midst of a drain.
func Drain() bool {
	d := &drainer
	self := record.Goid()
	if d.by.Load() == self {
		return false
	}
	d.draining.Lock()
	defer d.draining.Unlock()
	d.by.Store(self)
	defer d.by.Store(0)
	if d.points != nil {
		d.points.Begin()
	}
	for d.batch.Partial = true; d.batch.Partial; {
		record.Drain(&d.batch)
		clock := record.Now()
		funcs.Take(&d.batch, clock)
		if d.points != nil && len(d.batch.Events) > 0 {
			d.points.Take(&d.batch, clock)
		}
	}
	d.busy.Store(d.batch.Busy)
	dropped := d.batch.Dropped
	if cap(d.batch.Events) > maxKeptEvents || cap(d.batch.Words) > maxKeptEvents {
		d.batch = record.Batch{}
	}
	if d.points != nil {
		d.points.End(dropped)
	}
	return true
}

// AwaitDrain waits for a drain that is under way.
func AwaitDrain() {
	drainer.draining.Lock()
	drainer.draining.Unlock() //lint:ignore SA2001 waiting is all
}
