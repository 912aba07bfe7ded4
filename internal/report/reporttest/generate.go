// Package reporttest makes recordings of a program that never ran: goroutines that call
// functions, nested and recursive, on several threads, with arguments, results, stacks, declared hooks' hits, panics and lost events,
// as many as are asked for. It knows what really happened, so that reports can be held against it. The same
// options give the same bytes.
//
// It is for tests and benchmarks.
package reporttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/gkhi/gkhi/internal/event"
)

// Began is when recordings begin: 2026-01-02 15:04:05 UTC, in Unix ns.
const Began = 1767366245e9

const ticksPerNS = 2

// Options say what is recorded.
type Options struct {
	Events     int // about so many
	Seed       uint64
	Goroutines int     // at a time; 6 if 0
	Threads    int     // 3 if 0
	Copies     int     // of the program's functions, each used by some of the goroutines; 1 if 0
	Turnover   float64 // chance that a goroutine ends after a request, and another begins
	Panics     float64 // chance that a call ends in a panic, which handle recovers
	Lost       float64 // chance, at each event, that a thread loses the next ones, 50 on average
	Values     bool
	Stacks     bool
	Hits       bool
	Slower     float64 // by how much the log is slower than usual; 1 if 0

	Call func(Call) // is told of every call that returned, as it was; may be nil
}

// A Call is what really happened.
type Call struct {
	G          uint64
	Func       string
	Start, End int64 // Unix ns
	Self       int64
	Lost       bool // its entry or its return
}

// Make returns a complete recording.
func Make(o Options) []byte {
	var b bytes.Buffer
	if err := Generate(&b, o); err != nil {
		panic(err) // memory takes everything
	}
	return b.Bytes()
}

// Generate writes a recording. The error is w's.
func Generate(w io.Writer, o Options) error {
	if o.Goroutines == 0 {
		o.Goroutines = 6
	}
	if o.Threads == 0 {
		o.Threads = 3
	}
	if o.Slower == 0 {
		o.Slower = 1
	}
	o.Copies = max(o.Copies, 1)
	out := event.NewWriter(w)
	g := newGenerator(o)
	for g.events < o.Events {
		for range 64 {
			g.turn()
		}
		if g.enc.Pending() > event.RoundBytes/2 || g.earliest()-g.marked > 200e6 {
			g.watermark()
			if _, err := out.Write(g.enc.Take()); err != nil {
				return fmt.Errorf("write a recording: %w", err)
			}
		}
	}
	g.last()
	if _, err := out.Write(g.enc.Take()); err != nil {
		return fmt.Errorf("write a recording: %w", err)
	}
	return out.Close()
}

type generator struct {
	Options
	enc     *event.Encoder
	rnd     *rand.Rand
	threads []thread
	idle    []*goroutine // that wait for a thread
	nextG   uint64
	events  int
	lost    uint64
	marked  int64 // ns of the last watermark
	funcs   []event.Func
	counts  []uint64 // by function
	ev      event.Event
	words   [8]uint64
}

// A thread runs goroutines by turns.
type thread struct {
	now  int64  // ns since Began
	lose int    // so many events are lost from here on
	gap  bool   // some were
	last uint64 // ticks of the last event
}

// A goroutine runs requests.
type goroutine struct {
	id     uint64
	now    int64
	frames []frame
}

type frame struct {
	fn     int
	start  int64
	inner  int64
	lost   bool
	next   int // of function.children
	again  int // how often that is still called
	sp, bp uint32
}

func newGenerator(o Options) *generator {
	g := &generator{
		Options: o,
		rnd:     rand.New(rand.NewPCG(o.Seed, 17)),
		threads: make([]thread, o.Threads),
		nextG:   18,
	}
	g.enc = event.NewEncoder(event.Meta{
		Program: "/usr/local/bin/kv", Args: []string{"kv"}, PID: 4242, Host: "db1", Arch: "amd64", Go: "go1.26.8", Version: "v0.3.0",
		Patterns: []string{module + "..."}, Started: Began, Values: o.Values, Stacks: o.Stacks,
	})
	fs, ss := definitions(o.Values, o.Copies)
	g.funcs, g.counts = fs, make([]uint64, len(fs))
	g.enc.Funcs(fs)
	g.enc.Sites(ss)
	if o.Hits {
		g.enc.Hooks([]string{"kv.commit", "kv.conn"})
	}
	if o.Stacks {
		for _, f := range frames {
			g.enc.Frames(f.pc, f.fs)
		}
		for _, pcs := range stacks {
			g.enc.Stack(pcs)
		}
	}
	for range o.Goroutines {
		g.idle = append(g.idle, g.begin(0))
	}
	g.mark(0)
	return g
}

func (g *generator) begin(now int64) *goroutine {
	g.nextG += 1 + g.rnd.Uint64N(4)
	return &goroutine{id: g.nextG, now: now}
}

// turn lets a goroutine run for a while on the thread that is furthest behind.
func (g *generator) turn() {
	t := &g.threads[0]
	id := 0
	for i := range g.threads {
		if g.threads[i].now < t.now {
			t, id = &g.threads[i], i
		}
	}
	i := g.rnd.IntN(len(g.idle))
	r := g.idle[i]
	t.now = max(t.now, r.now) + 50
	r.now = t.now
	for range 1 + g.rnd.IntN(16) {
		g.step(r, t, id)
	}
	t.now = r.now
	if len(r.frames) == 0 && g.rnd.Float64() < g.Turnover {
		g.idle[i] = g.begin(t.now)
	}
}

// step is up to the next event of a goroutine.
func (g *generator) step(r *goroutine, t *thread, id int) {
	if len(r.frames) == 0 {
		r.now += g.around(4000)
		g.enter(r, t, id, handle)
		return
	}
	f := &r.frames[len(r.frames)-1]
	fn := &program[f.fn]
	own := fn.own
	if f.fn == sync || f.fn == appendLog {
		own = int64(float64(own) * g.Slower)
	}
	r.now += g.around(own)
	for f.next < len(fn.children) {
		c := fn.children[f.next]
		if f.again < 0 { // its turn begins
			f.again = int(c.often)
			if g.rnd.Float64() < c.often-math.Floor(c.often) {
				f.again++
			}
		}
		if f.again > 0 {
			f.again--
			g.enter(r, t, id, c.fn)
			return
		}
		f.next, f.again = f.next+1, -1
	}
	if len(r.frames) > 1 && g.rnd.Float64() < g.Panics {
		r.frames = r.frames[:1] // handle recovers
		r.frames[0].next = len(program[handle].children)
		return
	}
	g.leave(r, t, id)
}

// index is the number of a function in the copy that a goroutine uses.
func (g *generator) index(r *goroutine, fn int) int {
	return int(r.id%uint64(g.Copies))*numFuncs + fn
}

// around is a duration of about ns, now and then a much longer one.
func (g *generator) around(ns int64) int64 {
	d := float64(ns) * (0.5 + g.rnd.ExpFloat64()/2)
	if g.rnd.IntN(2000) == 0 {
		d *= 30
	}
	return max(int64(d), 8)
}

func (g *generator) enter(r *goroutine, t *thread, id, fn int) {
	sp := uint32(160)
	if n := len(r.frames); n > 0 {
		sp = r.frames[n-1].sp
	}
	bp := sp + 16
	f := frame{fn: fn, start: r.now, again: -1, bp: bp, sp: bp + program[fn].frame}
	g.counts[g.index(r, fn)]++
	f.lost = g.emit(r, t, id, fn, false, f.sp, f.bp, len(r.frames))
	r.frames = append(r.frames, f)
}

func (g *generator) leave(r *goroutine, t *thread, id int) {
	n := len(r.frames) - 1
	f := r.frames[n]
	r.frames = r.frames[:n]
	if g.emit(r, t, id, f.fn, true, f.sp, f.bp, n) {
		f.lost = true
	}
	if n > 0 {
		r.frames[n-1].inner += r.now - f.start
	}
	if g.Call != nil {
		g.Call(Call{
			G: r.id, Func: g.funcs[g.index(r, f.fn)].Name, Start: Began + f.start, End: Began + r.now,
			Self: r.now - f.start - f.inner, Lost: f.lost,
		})
	}
	if g.Hits && f.fn == commit {
		g.enc.Hit(&event.Hit{
			Ticks: uint64(r.now * ticksPerNS), G: r.id,
			Fields: fmt.Appendf(nil, `{"Puts":%d,"Took":%d,"Err":%s}`, 1+r.id%5, r.now-f.start, quote("")),
		})
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// emit writes an event, and reports whether it was lost.
func (g *generator) emit(r *goroutine, t *thread, id, fn int, ret bool, sp, bp uint32, depth int) (lost bool) {
	if g.Lost > 0 && t.lose == 0 && g.rnd.Float64() < g.Lost {
		t.lose = 1 + g.rnd.IntN(100)
	}
	if t.lose > 0 {
		t.lose--
		if !t.gap { // a ring that is full knows that more may come
			g.enc.Gap(t.last + 1)
		}
		t.gap = true
		g.lost++
		return true
	}
	g.events++
	g.ev = event.Event{
		Ticks: uint64(r.now * ticksPerNS), G: r.id, Site: 2 * g.index(r, fn), CPU: id, Thread: id, SP: sp, BP: bp, Gap: t.gap, Stack: -1,
	}
	t.gap, t.last = false, g.ev.Ticks
	ps := program[fn].Params
	if ret {
		g.ev.Site++
		ps = program[fn].Results
	} else if g.Stacks && fn == handle {
		g.ev.Stack = int(r.id) % len(stacks)
	}
	if g.Values {
		g.ev.Words = g.values(g.words[:0], ps, depth)
	}
	g.enc.Event(&g.ev)
	return false
}

// values makes up the recorded words of values.
func (g *generator) values(to []uint64, ps []event.Param, depth int) []uint64 {
	for _, p := range ps {
		switch p.Kind {
		case event.String:
			to = append(to, 3+g.rnd.Uint64N(20))
		case event.Slice:
			n := g.rnd.Uint64N(300)
			to = append(to, n, (n+63)&^63)
		case event.Bool:
			to = append(to, g.rnd.Uint64N(2))
		case event.Pointer:
			to = append(to, 0xc000010000+g.rnd.Uint64N(64)*64)
		case event.Interface:
			to = append(to, 0)
			if g.rnd.IntN(40) == 0 {
				to[len(to)-1] = 0x6f2a40
			}
		case event.Float64:
			to = append(to, math.Float64bits(float64(g.rnd.IntN(1000))/1e6))
		case event.Other:
		default:
			to = append(to, uint64(depth)+g.rnd.Uint64N(9))
		}
	}
	return to
}

// earliest is the time up to which every thread has come.
func (g *generator) earliest() int64 {
	t := g.threads[0].now
	for i := range g.threads {
		t = min(t, g.threads[i].now)
	}
	return t
}

func (g *generator) watermark() { g.mark(g.earliest()) }

// last ends the recording, with the calls that are under way.
func (g *generator) last() {
	now := int64(0)
	for i := range g.threads {
		now = max(now, g.threads[i].now)
	}
	g.mark(now)
}

func (g *generator) mark(now int64) {
	g.marked = now
	var cs []event.Count
	for fn, n := range g.counts {
		cs = append(cs, event.Count{Func: fn, Calls: n})
	}
	g.enc.Counts(cs)
	ticks := uint64(now * ticksPerNS)
	g.enc.Watermark(event.Watermark{
		Until: ticks, Clock: event.Clock{Ticks: ticks, Mono: now, Wall: Began + now}, Lost: g.lost,
	})
}
