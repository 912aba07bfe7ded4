package top

import (
	"bytes"
	"context"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/hist"
)

var began = time.Date(2026, time.January, 2, 15, 4, 5, 0, time.UTC)

// A fakeProcess has functions and hooks that are called when the test says so.
type fakeProcess struct {
	hooks []wire.Hook // functions are not listed unless a pattern names them

	mu      sync.Mutex
	stats   []*fakeStat // that run
	begun   []wire.StatSpec
	records []wire.RecordSpec
	refuse  error // of Stat
	data    []byte
}

func newFake() *fakeProcess {
	p := &fakeProcess{}
	for _, n := range []string{"kvd.commit", "kvd.conn"} {
		p.hooks = append(p.hooks, wire.Hook{Name: n, Kind: wire.KindHook, Doc: "something happened", Declared: "kvd/hooks.go:7"})
	}
	p.hooks = append(p.hooks, wire.Hook{Name: "kvd.chain", Kind: wire.KindChain})
	for _, n := range []string{
		"main.(*server).handle", "main.(*store).Put", "main.main",
		"go.etcd.io/bbolt.(*DB).Update", "go.etcd.io/bbolt.(*Tx).Commit", "net/http.(*conn).serve", "net/http.(Aconn).serve",
	} {
		p.hooks = append(p.hooks, wire.Hook{Name: n, Kind: wire.KindFunction, Declared: "/src/file.go:12"})
	}
	return p
}

func (p *fakeProcess) match(patterns []string) ([]wire.Hook, error) {
	set, err := glob.CompileSet(patterns)
	if err != nil {
		return nil, wire.Errorf(wire.CodeBadPattern, "%v", err)
	}
	var names []string
	for _, h := range p.hooks {
		names = append(names, h.Name)
	}
	if _, without := set.Select(names); without != nil {
		return nil, wire.Errorf(wire.CodeNotFound, "no hook matches %q", without)
	}
	return slices.DeleteFunc(slices.Clone(p.hooks), func(h wire.Hook) bool { return !set.Match(h.Name) }), nil
}

func (p *fakeProcess) Hooks(_ context.Context, patterns ...string) ([]wire.Hook, error) {
	if len(patterns) == 0 {
		return slices.DeleteFunc(slices.Clone(p.hooks), func(h wire.Hook) bool { return h.Kind == wire.KindFunction }), nil
	}
	return p.match(patterns)
}

func (p *fakeProcess) Status(context.Context) (wire.Status, error) { return wire.Status{}, nil }

func (p *fakeProcess) Stat(ctx context.Context, spec wire.StatSpec) (Stat, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return nil, p.refuse
	}
	hooks, err := p.match(spec.Patterns)
	if err != nil {
		return nil, err
	}
	s := &fakeStat{ctx: ctx, p: p, rows: map[string]*wire.StatRow{}, send: make(chan client.Snapshot, 16), broken: make(chan error, 1)}
	for _, h := range hooks {
		switch h.Kind {
		case wire.KindChain:
			s.matched.Skipped = append(s.matched.Skipped, wire.Skip{Name: h.Name, Why: "a chain has callbacks"})
			continue
		case wire.KindFunction:
			s.matched.Functions++
		default:
			s.matched.Hooks = append(s.matched.Hooks, h.Name)
		}
		s.rows[h.Name] = &wire.StatRow{Hook: h.Name, Function: h.Kind == wire.KindFunction}
	}
	p.stats = append(p.stats, s)
	p.begun = append(p.begun, spec)
	return s, nil
}

// call books calls of a function, which took some time each, with every stat that counts it.
func (p *fakeProcess) call(name string, n int, took, self time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stats {
		if w := s.rows[name]; w != nil {
			book(w, n, took, self)
		}
	}
}

func book(w *wire.StatRow, n int, took, self time.Duration) {
	w.Calls += uint64(n)
	if !w.Function {
		return
	}
	w.Timed += uint64(n)
	w.Total += int64(took) * int64(n)
	w.Self += int64(self) * int64(n)
	var h hist.Histogram
	for range n {
		h.Record(int64(took))
	}
	l := h.Snapshot()
	if w.Latency != nil {
		l = w.Latency.Add(l)
	}
	w.Latency = &l
}

// tick has the stats that run send a snapshot.
func (p *fakeProcess) tick(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stats {
		s.seq++
		s.send <- s.snapshot(at)
	}
}

// armed are the names that a stat counts.
func (p *fakeProcess) armed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for _, s := range p.stats {
		for n := range s.rows {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

type fakeStat struct {
	ctx     context.Context
	p       *fakeProcess
	matched wire.Matched
	rows    map[string]*wire.StatRow
	seq     uint64
	send    chan client.Snapshot
	broken  chan error
	last    time.Time
}

func (s *fakeStat) snapshot(at time.Time) client.Snapshot {
	s.last = at
	snap := client.Snapshot{Seq: s.seq, Time: at.UnixNano()}
	for _, w := range s.rows {
		if w.Calls > 0 || !w.Function {
			snap.Rows = append(snap.Rows, *w)
		}
	}
	return snap
}

func (s *fakeStat) Matched() wire.Matched { return s.matched }
func (s *fakeStat) Dropped() uint64       { return 0 }
func (s *fakeStat) End() *wire.End        { return &wire.End{Reason: wire.EndStopped} }
func (s *fakeStat) Close() error          { return nil }

func (s *fakeStat) Snapshots() iter.Seq2[client.Snapshot, error] {
	return func(yield func(client.Snapshot, error) bool) {
		for {
			select {
			case snap := <-s.send:
				if !yield(snap, nil) {
					return
				}
			case err := <-s.broken:
				if err != nil {
					yield(client.Snapshot{}, err)
				}
				return
			case <-s.ctx.Done():
				s.p.mu.Lock()
				s.p.stats = slices.DeleteFunc(s.p.stats, func(o *fakeStat) bool { return o == s })
				s.seq++
				last := s.snapshot(s.last)
				s.p.mu.Unlock()
				yield(last, nil)
				return
			}
		}
	}
}

func (p *fakeProcess) Record(ctx context.Context, spec wire.RecordSpec) (Recording, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, spec)
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	data := p.data
	go io.Copy(w, bytes.NewReader(data)) //nolint:errcheck // the reader may have gone
	return fakeRecording{r}, nil
}

type fakeRecording struct{ *io.PipeReader }

func (fakeRecording) Dropped() uint64 { return 0 }

// recording has calls of main.main to main.(*store).Put, which calls bbolt's Update: each
// second one, and one event is missing at the end.
func recording(rounds int) []byte {
	e := event.NewEncoder(event.Meta{Program: "/bin/kvd", Patterns: []string{"*"}})
	e.Funcs([]event.Func{{Name: "main.main"}, {Name: "main.(*store).Put"}, {Name: "go.etcd.io/bbolt.(*DB).Update"}})
	for fn := range 3 {
		e.Sites([]event.Site{{Func: fn}, {Func: fn, Return: true}})
	}
	ticks := uint64(1000)
	add := func(fn int, ret bool, depth int, gap bool) {
		ticks += 1000
		site := 2 * fn
		if ret {
			site++
		}
		e.Event(&event.Event{Ticks: ticks, G: 7, Site: site, CPU: -1, SP: uint32(depth) * 100, BP: uint32(depth)*100 - 16, Stack: -1, Gap: gap})
	}
	e.Watermark(event.Watermark{Until: ticks, Clock: event.Clock{Ticks: ticks, Mono: int64(ticks), Wall: began.UnixNano()}})
	for i := range rounds {
		add(0, false, 1, false)
		for range 2 {
			add(1, false, 2, false)
			if i%2 == 0 {
				add(2, false, 3, false)
				add(2, true, 3, false)
			}
			add(1, true, 2, false)
		}
		add(0, true, 1, false)
	}
	add(1, false, 2, false)
	add(2, true, 3, true) // what was in front of it is lost
	ticks += 1000
	e.Watermark(event.Watermark{Until: ticks, Lost: 5, Clock: event.Clock{Ticks: ticks, Mono: int64(ticks), Wall: began.UnixNano() + int64(ticks)}})
	return e.Take()
}
