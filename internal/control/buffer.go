package control

import (
	"sync"
	"sync/atomic"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// The defaults of Options and of package gkhihttp.
const (
	DefaultBufferEvents = 65536
	DefaultBufferBytes  = 16 << 20
)

// eventOverhead is what an event takes in memory besides its fields, in bytes, roughly.
const eventOverhead = 128

// Buffer is the [Sink] between the goroutines that fire hooks and the one that writes to a client. It never blocks the
// former: they hold its lock for an append at most, and its writer never holds it while it does anything else.
type Buffer struct {
	maxEvents int
	maxBytes  int
	limit     uint64 // events to take in all; 0: no limit
	sample    uint64

	wake    chan struct{} // has one element when the queue went from empty to not empty, or the trace is over
	over    atomic.Bool   // nothing more is wanted
	seen    atomic.Uint64 // by the sample
	taken   atomic.Uint64 // by the limit
	dropped atomic.Uint64
	length  atomic.Int64 // of queue; for Want, which takes no lock

	mu    sync.Mutex
	queue []wire.Event
	bytes int
}

// NewBuffer makes a buffer with the limit and the sample of spec and at most so many waiting events and bytes.
func NewBuffer(spec wire.TraceSpec, maxEvents, maxBytes int) *Buffer {
	return &Buffer{
		maxEvents: maxEvents,
		maxBytes:  maxBytes,
		limit:     spec.Max,
		sample:    spec.Sample,
		wake:      make(chan struct{}, 1),
	}
}

// Want implements [Sink].
func (b *Buffer) Want() bool {
	if b.over.Load() {
		return false
	}
	if b.sample > 1 && (b.seen.Add(1)-1)%b.sample != 0 {
		return false
	}
	if b.limit > 0 && b.taken.Load() >= b.limit {
		return false
	}
	if b.length.Load() >= int64(b.maxEvents) {
		b.dropped.Add(1)
		return false
	}
	return true
}

// Put implements [Sink].
func (b *Buffer) Put(ev wire.Event) {
	if b.over.Load() {
		return
	}
	if b.limit > 0 {
		n := b.taken.Add(1)
		if n > b.limit {
			b.taken.Add(^uint64(0)) // so that a drop below leaves room for another
			return
		}
	}
	size := len(ev.Fields) + eventOverhead
	b.mu.Lock()
	full := len(b.queue) >= b.maxEvents || b.bytes+size > b.maxBytes
	first := len(b.queue) == 0
	if !full {
		b.queue = append(b.queue, ev)
		b.bytes += size
		b.length.Store(int64(len(b.queue)))
	}
	b.mu.Unlock()
	switch {
	case full:
		b.Drop()
	case first:
		b.signal()
	}
}

// Lost implements [Sink].
func (b *Buffer) Lost(n uint64) { b.dropped.Add(n) }

// Dropped returns how many events were dropped or lost since the trace began.
func (b *Buffer) Dropped() uint64 { return b.dropped.Load() }

func (b *Buffer) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Wake returns a channel that has an element when there is something to take.
func (b *Buffer) Wake() <-chan struct{} { return b.wake }

// Take returns what waits, and how many events were dropped since the trace began. Only one goroutine takes. It may give back the slice of
// the last time for reuse.
func (b *Buffer) Take(reuse []wire.Event) (events []wire.Event, dropped uint64) {
	clear(reuse)
	b.mu.Lock()
	events, b.queue = b.queue, reuse[:0]
	b.bytes = 0
	b.length.Store(0)
	b.mu.Unlock()
	return events, b.dropped.Load()
}

// Drop counts an event that was taken but could not be sent. It does not count for the limit then.
func (b *Buffer) Drop() {
	b.dropped.Add(1)
	if b.limit > 0 {
		b.taken.Add(^uint64(0))
	}
}

// Limit returns the number of events after which the trace is done; 0: no limit.
func (b *Buffer) Limit() uint64 { return b.limit }

// Over makes the buffer want nothing more.
func (b *Buffer) Over() {
	b.over.Store(true)
	b.signal()
}
