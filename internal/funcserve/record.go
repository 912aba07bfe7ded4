package funcserve

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/record"
)

// How often a recording brings what there is, and the exact numbers of calls.
const (
	recordInterval = 100 * time.Millisecond
	countsEvery    = 10 // of these
)

// maxHitBytes bounds the hits of hooks that wait to be written.
const maxHitBytes = 8 << 20

// A Recording writes what points and hooks saw in the format of package event.
//
//  1. The drain of internal/record calls take with the events of functions, thread by thread.
//  2. Hooks' handlers, on the goroutines that fire, put their hits in with Hit.
//  3. Every recordInterval, and when a round is full, mark ends the round.
//
// Lock order: the drain's and internal/funcs' locks before mu; hitMu is taken last.
type Recording struct {
	sink control.DataSink

	mu     sync.Mutex
	enc    *event.Encoder
	until  uint64 // of the last batch
	events uint64
	lost   uint64 // for want of room at the client
	before uint64 // lost by the recorder
	gaps   map[int]bool
	room   bool           // the client took the last batch
	last   uint64         // ticks of the latest event
	counts map[int]uint64 // as they were written last
	stacks map[string]int // numbers of stacks, by their addresses
	pcs    map[uint64]bool
	key    []byte

	nextStack int

	hitMu    sync.Mutex
	hits     []event.Hit
	hitBytes int
	hitsLost uint64
	over     bool

	pointsLost func() uint64  // what hooks' recorders lose; may be nil
	funcs      *funcs.Session // nil when there are none
	done       chan struct{}  // closed to end run
	ended      chan struct{}  // closed when it has
}

// NewRecording makes one in which hooks, by name, may have hits. It begins with Start.
func NewRecording(spec wire.RecordSpec, sink control.DataSink, hooks []string) *Recording {
	r := &Recording{
		sink: sink, enc: event.NewEncoder(recordingMeta(spec)), gaps: map[int]bool{},
		counts: map[int]uint64{}, stacks: map[string]int{}, pcs: map[uint64]bool{}, done: make(chan struct{}), ended: make(chan struct{}),
	}
	r.enc.Hooks(hooks)
	return r
}

// HookArmer arms the hooks of a recording, and says what it armed, how to undo that, and, unless nil, how many hits were lost
// on their way to Recording.Hit.
type HookArmer func() (m wire.Matched, undo control.Undo, lost func() uint64, err error)

// Start arms hooks, unless that is nil, and functions, and ends with Undo.
func (r *Recording) Start(spec wire.RecordSpec, fs []int, hooks HookArmer) (wire.Matched, control.Undo, error) {
	m, undo, err := r.arm(spec, fs, hooks)
	if err != nil {
		return m, nil, err
	}
	go r.run()
	return m, func(ctx context.Context) error {
		err := undo(ctx)
		close(r.done)
		<-r.ended
		return err
	}, nil
}

// arm has the clock begin before anything is armed. It holds mu, as no event may come until the sites are defined.
func (r *Recording) arm(spec wire.RecordSpec, fs []int, hooks HookArmer) (m wire.Matched, undo control.Undo, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mark()
	m.Hooks, undo = []string{}, nothing
	if hooks != nil {
		if m, undo, r.pointsLost, err = hooks(); err != nil {
			return m, nil, err
		}
	}
	if len(fs) == 0 {
		return m, undo, nil
	}
	opt := funcs.RecordOptions{Values: spec.Values, Depth: min(max(spec.Stacks, 0), record.MaxDepth)}
	if why := funcs.NoArgs(); why != "" && opt.Values {
		m.Skipped = append(m.Skipped, wire.Skip{Name: "arguments and results", Why: why})
	}
	s, err := funcs.Record(fs, opt, r.take)
	dormant, err := begun(&m, s, err, len(fs))
	if err != nil {
		return m, nil, errors.Join(err, undo(context.Background()))
	}
	if s != nil {
		r.funcs = s
		r.define(s, opt.Values)
	}
	return m, Both(undo, dormant), nil
}

func recordingMeta(spec wire.RecordSpec) event.Meta {
	m := event.Meta{
		PID: os.Getpid(), Arch: runtime.GOARCH, Go: runtime.Version(), Version: self.Version(), Patterns: spec.Patterns,
		Started: time.Now().UnixNano(), Values: spec.Values, Stacks: spec.Stacks > 0,
	}
	// What can't be told is left out.
	m.Program, _ = os.Executable()
	m.Host, _ = os.Hostname()
	if id, err := funcs.ID(); err == nil {
		m.Build = hex.EncodeToString(id[:])
	}
	if len(os.Args) > 0 {
		m.Args = os.Args[:1]
	}
	return m
}

// take writes a batch of events, or counts them as lost when the client does not keep up.
func (r *Recording) take(b funcs.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until, r.before = b.Until, b.Lost
	room, sites := r.sink.Room(), r.funcs.Sites()
	if !room && r.room {
		r.enc.Gap(r.last + 1)
	}
	r.room = room
	var out event.Event
	for ticks := range b.Cuts {
		r.enc.Gap(ticks)
	}
	for e, site := range b.Each {
		r.last = max(r.last, e.Ticks)
		thread := int(e.Thread)
		if !room {
			r.lost++
			r.gaps[thread] = true
			continue
		}
		out = event.Event{
			Ticks: e.Ticks, G: e.Goid, Site: site, CPU: int(e.CPU), Thread: thread, SP: e.SP, BP: e.BP, Gap: e.Gap,
			Words: b.Words(e, site), Stack: -1,
		}
		if e.Frames > 0 && !sites[site].Return {
			out.Stack = r.stack(b.Frames(e))
		}
		if len(r.gaps) > 0 && r.gaps[thread] {
			out.Gap = true
			delete(r.gaps, thread)
		}
		r.enc.Event(&out)
		r.events++
	}
	if r.enc.Pending() > event.RoundBytes {
		r.mark()
	}
}

// Hit keeps the hit of a hook. It is called on the goroutine that fires.
func (r *Recording) Hit(h event.Hit) {
	r.hitMu.Lock()
	defer r.hitMu.Unlock()
	switch size := len(h.Fields) + 64; {
	case r.over:
	case r.hitBytes+size > maxHitBytes:
		r.hitsLost++
	default:
		r.hits = append(r.hits, h)
		r.hitBytes += size
	}
}

// mark ends a round and hands it over, with mu held.
func (r *Recording) mark() {
	if r.funcs == nil {
		r.until = record.Ticks()
	}
	r.hitMu.Lock()
	hits, hitsLost := r.hits, r.hitsLost
	r.hits, r.hitBytes = nil, 0
	r.hitMu.Unlock()
	if len(hits) > 0 && !r.sink.Room() {
		r.lost += uint64(len(hits))
		hits = nil
	}
	for i := range hits {
		r.enc.Hit(&hits[i])
	}
	r.events += uint64(len(hits))
	lost := r.lost + r.before + hitsLost
	if r.pointsLost != nil {
		lost += r.pointsLost()
	}
	r.enc.Watermark(event.Watermark{Until: r.until, Clock: clocks(), Lost: lost})
	r.sink.Put(r.enc.Take())
	r.sink.Counted(r.events, lost)
}

// clocks reads the counter and the clocks at one moment, as nearly as it can.
func clocks() (c event.Clock) {
	best := ^uint64(0)
	for range 5 {
		before := record.Ticks()
		now := time.Now()
		after := record.Ticks()
		if d := after - before; d < best {
			best = d
			c = event.Clock{Ticks: before + d/2, Mono: int64(now.Sub(processStart)), Wall: now.UnixNano()}
		}
	}
	return c
}

// processStart is where the monotonic clock of recordings begins.
var processStart = time.Now()

// run ends rounds until done.
func (r *Recording) run() {
	defer close(r.ended)
	ticker := time.NewTicker(recordInterval)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ticker.C:
			if r.funcs != nil {
				Drain()
			}
			r.round(n%countsEvery == 0)
		case <-r.done:
			r.hitMu.Lock()
			r.over = true
			r.hitMu.Unlock()
			r.until = record.Ticks() // everything is in
			r.round(true)
			return
		}
	}
}

// round ends a round, with counts if they are due.
func (r *Recording) round(counts bool) {
	var cs []event.Count
	if counts && r.funcs != nil {
		number := make(map[int]int, len(r.funcs.Funcs()))
		for i, n := range r.funcs.Funcs() {
			number[n] = i
		}
		r.funcs.Calls(func(fn int, calls uint64) {
			if r.counts[fn] != calls {
				r.counts[fn] = calls
				cs = append(cs, event.Count{Func: number[fn], Calls: calls})
			}
		})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enc.Counts(cs)
	r.mark()
}
