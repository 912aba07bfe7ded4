package event

import (
	"encoding/binary"

	"github.com/gkhi/gkhi/internal/minijson"
)

// flags of an event's head.
const (
	flagG     = 1
	flagCPU   = 2
	flagDepth = 4
	flagMore  = 8
	flagBits  = 4
)

// blockBytes is when a thread's block is closed and the next one begun.
const blockBytes = 32 << 10

// An Encoder writes a recording, block by block, to memory. It is not safe for concurrent use.
//
// Definitions come before what uses them.
type Encoder struct {
	out     []byte
	threads map[int]*threadBlock
	order   []int        // their keys, ascending: the same events make the same bytes
	last    *threadBlock // of the last event, since many of a thread come one after the other
	lastID  int
	open    int // bytes in threads
	hits    []byte
	sites   int
}

// A threadBlock is the block of one thread that is being filled.
type threadBlock struct {
	b        []byte
	n        int
	first    uint64
	ticks, g uint64 // of the last event
	cpu      int
	gap      bool
	epoch    uint32
	depths   []depth // by site
}

type depth struct {
	sp, bp uint32
	epoch  uint32 // of the block that set it
}

// NewEncoder begins a recording.
func NewEncoder(m Meta) *Encoder {
	e := &Encoder{threads: map[int]*threadBlock{}, out: []byte(Magic)}
	raw, err := minijson.Append(nil, m.JSON)
	if err != nil {
		raw = []byte("{}") // of strings and numbers: it can't fail
	}
	e.block(TypeMeta, func(b []byte) []byte { return append(b, raw...) })
	return e
}

// Take returns what was written since the last time. The caller keeps it.
func (e *Encoder) Take() []byte {
	out := e.out
	e.out = nil
	return out
}

// Pending is how many bytes wait: those that Take would return, and those of open blocks.
func (e *Encoder) Pending() int { return len(e.out) + e.open }

func (e *Encoder) block(t Type, payload func([]byte) []byte) {
	b, at := openBlock(e.out, t)
	e.out = closeBlock(payload(b), at)
}

// list writes blocks of a type with a list of n items that may be too long for one.
func (e *Encoder) list(t Type, n int, add func(b []byte, i int) []byte) {
	for from := 0; from < n; {
		at, body := from, []byte(nil)
		for at < n && len(body) < MaxBlock/8 {
			body = add(body, at)
			at++
		}
		e.block(t, func(b []byte) []byte { return append(appendUint(b, at-from), body...) })
		from = at
	}
}

// appendUint is for definitions, of which there are few: it is not inlined, as that would take up room in programs that are recorded.
//
//go:noinline
func appendUint(b []byte, v int) []byte { return binary.AppendUvarint(b, uint64(v)) }

// Funcs defines functions.
func (e *Encoder) Funcs(fs []Func) {
	e.list(TypeFuncs, len(fs), func(b []byte, i int) []byte {
		f := &fs[i]
		b = appendString(b, f.Name)
		b = appendString(b, f.Package)
		b = appendString(b, f.File)
		b = appendUint(b, f.Line)
		b = appendParams(b, f.Params)
		return appendParams(b, f.Results)
	})
}

func appendParams(b []byte, ps []Param) []byte {
	b = appendUint(b, len(ps))
	for _, p := range ps {
		b = appendString(b, p.Name)
		b = appendString(b, p.Type)
		b = append(b, byte(p.Kind))
	}
	return b
}

// Sites defines sites.
func (e *Encoder) Sites(ss []Site) {
	e.sites += len(ss)
	e.list(TypeSites, len(ss), func(b []byte, i int) []byte {
		s := &ss[i]
		b = appendUint(b, s.Func)
		var flags byte
		if s.Return {
			flags |= 1
		}
		if s.InRange {
			flags |= 2
		}
		b = append(b, flags)
		b = appendUint(b, s.Line)
		b = appendUint(b, len(s.Words))
		for _, w := range s.Words {
			b = appendUint(b, w.Param)
			b = appendUint(b, w.Part)
		}
		return b
	})
}

// Hooks defines declared hooks, by name.
func (e *Encoder) Hooks(names []string) {
	e.list(TypeHooks, len(names), func(b []byte, i int) []byte { return appendString(b, names[i]) })
}

// Frames says what stands at a return address.
func (e *Encoder) Frames(pc uint64, fs []Frame) {
	e.list(TypeFrames, 1, func(b []byte, _ int) []byte {
		b = binary.AppendUvarint(b, pc)
		b = appendUint(b, len(fs))
		for _, f := range fs {
			b = appendString(b, f.Func)
			b = appendString(b, f.File)
			b = appendUint(b, f.Line)
		}
		return b
	})
}

// Stack defines the next stack.
func (e *Encoder) Stack(pcs []uint64) {
	e.list(TypeStacks, 1, func(b []byte, _ int) []byte {
		b = appendUint(b, len(pcs))
		last := uint64(0)
		for _, pc := range pcs {
			b = binary.AppendVarint(b, int64(pc-last))
			last = pc
		}
		return b
	})
}

// Event adds an event. Those of a thread must come in order; a counter that went back is taken for one that stood still.
func (e *Encoder) Event(ev *Event) {
	t := e.last
	if t == nil || e.lastID != ev.Thread {
		if t = e.threads[ev.Thread]; t == nil {
			t = &threadBlock{}
			e.threads[ev.Thread] = t
			e.order = append(e.order, ev.Thread)
			for i := len(e.order) - 1; i > 0 && e.order[i-1] > e.order[i]; i-- {
				e.order[i-1], e.order[i] = e.order[i], e.order[i-1]
			}
		}
		e.last, e.lastID = t, ev.Thread
	}
	if t.n > 0 && (ev.Gap || len(t.b) > blockBytes) {
		e.flush(ev.Thread, t)
	}
	if t.n == 0 {
		t.begin(ev)
	}
	before := len(t.b)
	t.add(ev, e.sites)
	e.open += len(t.b) - before
}

func (t *threadBlock) begin(ev *Event) {
	t.b, t.first, t.ticks, t.g, t.cpu, t.gap = t.b[:0], ev.Ticks, ev.Ticks, 0, -1, ev.Gap
	t.epoch++
}

func (t *threadBlock) add(ev *Event, sites int) {
	t.n++
	flags := uint64(0)
	if ev.G != t.g {
		flags |= flagG
	}
	if ev.CPU != t.cpu {
		flags |= flagCPU
	}
	if ev.Site >= len(t.depths) {
		t.depths = append(t.depths, make([]depth, sites-len(t.depths))...)
	}
	d := &t.depths[ev.Site]
	if d.epoch != t.epoch {
		*d = depth{epoch: t.epoch}
	}
	if d.sp != ev.SP || d.bp != ev.BP {
		flags |= flagDepth
	}
	if len(ev.Words) > 0 || ev.Stack >= 0 {
		flags |= flagMore
	}
	b := appendUvarint(t.b, uint64(ev.Site)<<flagBits|flags)
	now := max(ev.Ticks, t.ticks)
	b = appendUvarint(b, now-t.ticks)
	t.ticks = now
	if flags&flagG != 0 {
		b = binary.AppendVarint(b, int64(ev.G-t.g))
		t.g = ev.G
	}
	if flags&flagCPU != 0 {
		b = binary.AppendUvarint(b, uint64(ev.CPU+1))
		t.cpu = ev.CPU
	}
	if flags&flagDepth != 0 {
		b = binary.AppendVarint(b, int64(ev.SP)-int64(d.sp))
		b = binary.AppendVarint(b, int64(ev.BP)-int64(d.bp))
		d.sp, d.bp = ev.SP, ev.BP
	}
	if flags&flagMore != 0 {
		b = binary.AppendUvarint(b, uint64(len(ev.Words)))
		for _, w := range ev.Words {
			b = binary.AppendUvarint(b, w)
		}
		b = binary.AppendUvarint(b, uint64(ev.Stack+1))
	}
	t.b = b
}

// Close closes the block of a thread before it is full, or a watermark does.
func (e *Encoder) Close(thread int) {
	if t := e.threads[thread]; t != nil && t.n > 0 {
		e.flush(thread, t)
	}
}

// appendUvarint is binary.AppendUvarint, which is too long to be inlined, with the short cases first.
func appendUvarint(b []byte, v uint64) []byte {
	switch {
	case v < 1<<7:
		return append(b, byte(v))
	case v < 1<<14:
		return append(b, byte(v)|0x80, byte(v>>7))
	}
	return binary.AppendUvarint(b, v)
}

// flush writes a thread's block.
func (e *Encoder) flush(thread int, t *threadBlock) {
	gap := uint64(0)
	if t.gap {
		gap = 1
	}
	e.block(TypeEvents, func(b []byte) []byte {
		b = binary.AppendUvarint(b, uint64(thread))
		b = binary.AppendUvarint(b, t.first)
		b = binary.AppendUvarint(b, t.ticks)
		b = binary.AppendUvarint(b, uint64(t.n))
		b = binary.AppendUvarint(b, gap)
		return append(b, t.b...)
	})
	e.open -= len(t.b)
	t.b, t.n = t.b[:0], 0
}

// Hit adds an event of a declared hook. Fields that are longer than a quarter of MaxBlock are left out.
func (e *Encoder) Hit(h *Hit) {
	fields := h.Fields
	if len(fields) > MaxBlock/4 {
		fields = []byte("{}")
	}
	if len(e.hits)+len(fields) > MaxBlock/2 {
		e.flushHits()
	}
	before := len(e.hits)
	e.hits = binary.AppendUvarint(e.hits, uint64(h.Hook))
	e.hits = binary.AppendUvarint(e.hits, h.Ticks)
	e.hits = binary.AppendUvarint(e.hits, h.G)
	e.hits = appendString(e.hits, string(fields))
	e.open += len(e.hits) - before
}

func (e *Encoder) flushHits() {
	if len(e.hits) == 0 {
		return
	}
	e.block(TypeHits, func(b []byte) []byte { return append(b, e.hits...) })
	e.open -= len(e.hits)
	e.hits = e.hits[:0]
}

// Gap says that events were lost from a time on, where it isn't known which event of the same thread comes next. No call is
// to be told from an event before and another behind it.
func (e *Encoder) Gap(ticks uint64) {
	e.block(TypeGap, func(b []byte) []byte { return binary.AppendUvarint(b, ticks) })
}

// Counts writes down how often functions were called since the recording began.
func (e *Encoder) Counts(cs []Count) {
	e.list(TypeCounts, len(cs), func(b []byte, i int) []byte {
		c := &cs[i]
		return binary.AppendUvarint(binary.AppendUvarint(b, uint64(c.Func)), c.Calls)
	})
}

// Watermark closes all open blocks, and ends the round.
func (e *Encoder) Watermark(w Watermark) {
	for _, i := range e.order {
		if t := e.threads[i]; t.n > 0 {
			e.flush(i, t)
		}
	}
	e.flushHits()
	e.block(TypeWatermark, func(b []byte) []byte {
		b = binary.AppendUvarint(b, w.Until)
		b = binary.AppendUvarint(b, w.Ticks)
		b = binary.AppendVarint(b, w.Mono)
		b = binary.AppendVarint(b, w.Wall)
		return binary.AppendUvarint(b, w.Lost)
	})
}

//go:noinline
func appendString(b []byte, s string) []byte { return append(appendUint(b, len(s)), s...) }
