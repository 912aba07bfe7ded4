package event

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// maxRound is how much may stand between two watermarks before a reader gives up, in bytes.
const maxRound = 64 * RoundBytes

// A Kind says what a Record is.
type Kind uint8

// The kinds of records.
const (
	KindEvent     Kind = iota + 1 // Event
	KindHit                       // Hit
	KindGap                       // some events from here on were lost
	KindCounts                    // Counts
	KindWatermark                 // Watermark: all that is older was passed on
)

// A Record is one thing that a Reader passes on.
type Record struct {
	Kind      Kind
	Time      int64 // Unix time in ns; of a watermark, that of Until
	Event     *Event
	Hit       *Hit
	Counts    []Count
	Watermark *Watermark
}

// A Reader reads a recording in one pass, in the order of time. It keeps the definitions and one round in memory.
// It is not safe for concurrent use.
type Reader struct {
	Definitions
	blocks *blockReader

	rec     Record
	passed  *thread // whose event was passed on last; it has to be advanced
	turn    *thread // whose events come next
	limit   uint64  // up to here, not included
	threads []*thread
	live    []*thread // of the round in work: those with events
	byID    map[int]*thread
	free    []*cursor
	queued  int   // bytes of events that wait
	hits    []Hit // those of hook -1 are gaps
	counts  []Count
	mark    *Watermark // of the round in work, while there is anything to pass on
	until   uint64
	prev    Clock // of the watermark before cur's
	cur     Clock
	base    int64   // Unix time of prev
	ns      float64 // a tick of the time from prev to cur
	first   Clock
	second  Clock // at which the last second began
	last    int64
	state   readerState
	err     error // to be returned when the round in work is over
	sum     Summary
	began   bool
}

type readerState uint8

const (
	gathering readerState = iota // blocks, up to a watermark
	passing                      // on what was gathered
)

// A thread is the events of one thread that wait.
type thread struct {
	id   int
	wait [][]byte // blocks behind the cursor's, Raw
	raw  []byte   // the cursor's
	cur  *cursor  // nil when nothing waits
}

// NewReader begins to read. An error matches ErrFormat when the input is no recording.
func NewReader(r io.Reader) (*Reader, error) {
	blocks, err := openBlocks(r)
	if err != nil {
		return nil, err
	}
	d := &Reader{blocks: blocks, byID: map[int]*thread{}}
	b, err := d.blocks.next()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: it ends before it says what was recorded", ErrFormat)
	case err != nil:
		return nil, err
	case b.Type != TypeMeta:
		return nil, fmt.Errorf("%w: it begins with a block of type %q, where M is expected", ErrDamaged, b.Type)
	}
	_, err = d.define(b)
	return d, err
}

// Next returns the next record, which is valid until the next call. The error is io.EOF at the end; Summary
// then says whether the recording was cut off. What could be read of a damaged one is passed on before the error.
func (r *Reader) Next() (*Record, error) {
	for {
		if r.state == passing {
			rec, err := r.pass()
			if rec != nil || err != nil {
				return rec, err
			}
			r.state = gathering
			r.weigh()
		}
		if r.err != nil {
			return nil, r.err
		}
		r.gather()
	}
}

// End returns the time of the recording's end, in Unix ns, when some was read of it and the rest is not wanted: Next must not be called
// again. With the file at hand, of size bytes, that takes two short reads; otherwise, or when it was cut off, the rest is read after all.
func (r *Reader) End(file io.ReaderAt, size int64) (last int64) {
	if file != nil {
		if w, ok := lastWatermark(file, size); ok {
			r.clock(w)
			return r.time(w.Until)
		}
	}
	last = r.last
	for {
		b, err := r.blocks.next()
		if err != nil || b.Type == TypeIndex {
			return last
		}
		if w, err := decodeWatermark(b.Payload); b.Type == TypeWatermark && err == nil {
			r.clock(w)
			last = r.time(w.Until)
		}
	}
}

// lastWatermark finds the last watermark of a complete file by its index.
func lastWatermark(file io.ReaderAt, size int64) (w Watermark, ok bool) {
	index, err := ReadIndex(file, size)
	if err != nil {
		return w, false
	}
	for _, e := range slices.Backward(index) {
		if e.Type != TypeWatermark {
			continue
		}
		b, err := newBlockReader(io.NewSectionReader(file, e.Offset, int64(e.Length)), e.Offset).next()
		if err != nil || b.Type != TypeWatermark {
			return w, false
		}
		w, err = decodeWatermark(b.Payload)
		return w, err == nil
	}
	return w, false
}

// weigh counts anew what waits when a round is over: what is younger than its watermark.
func (r *Reader) weigh() {
	r.queued = 0
	for _, t := range r.threads {
		if t.cur != nil {
			r.queued += cursorBytes
		}
		for _, raw := range t.wait {
			r.queued += len(raw) - headSize
		}
	}
	for i := range r.hits {
		r.queued += len(r.hits[i].Fields) + hitBytes
	}
}

// gather reads blocks up to a watermark or the end.
func (r *Reader) gather() {
	for {
		b, err := r.blocks.next()
		if err == nil {
			err = r.block(b)
		}
		switch {
		case err == io.EOF:
			r.sum.Truncated = true // the end is told by the index, see block
			r.finish(io.EOF)
			return
		case errors.Is(err, io.ErrUnexpectedEOF):
			r.sum.Truncated = true
			r.finish(io.EOF)
			return
		case err != nil:
			if err == errIndex {
				err = io.EOF
			}
			r.finish(err)
			return
		case r.mark != nil:
			r.until = r.mark.Until
			r.begin()
			return
		case r.queued > maxRound:
			r.finish(fmt.Errorf("%w: no watermark within %d MiB", ErrDamaged, r.queued>>20))
			return
		}
	}
}

// errIndex says that the index was reached, which ends the recording.
var errIndex = errors.New("index")

// finish passes on all that waits, and then err.
func (r *Reader) finish(err error) {
	r.err, r.until = err, math.MaxUint64
	r.begin()
}

func (r *Reader) begin() {
	slices.SortStableFunc(r.hits, func(a, b Hit) int {
		switch {
		case a.Ticks < b.Ticks:
			return -1
		case a.Ticks > b.Ticks:
			return 1
		}
		return 0
	})
	r.state, r.turn = passing, nil
	r.live = r.live[:0]
	for _, t := range r.threads {
		if t.cur != nil {
			r.live = append(r.live, t)
		}
	}
}

// block takes one block in.
func (r *Reader) block(b Block) error {
	if known, err := r.define(b); known {
		return err
	}
	switch b.Type {
	case TypeEvents:
		p := parser{b: b.Payload}
		id := p.small()
		t := r.byID[id]
		if t == nil {
			t = &thread{id: id}
			r.byID[id] = t
			r.threads = append(r.threads, t)
		}
		r.queued += len(b.Payload)
		t.wait = append(t.wait, b.Raw)
		if t.cur == nil {
			return r.advance(t)
		}
	case TypeHits:
		hits, err := decodeHits(b.Payload, &r.Definitions)
		r.hits = append(r.hits, hits...)
		r.queued += len(b.Payload)
		return err
	case TypeGap:
		at, err := decodeGap(b.Payload)
		r.hits = append(r.hits, Hit{Ticks: at, Hook: -1})
		r.queued += hitBytes
		return err
	case TypeCounts:
		cs, err := decodeCounts(b.Payload, &r.Definitions)
		r.counts = append(r.counts, cs...)
		r.queued += len(b.Payload)
		return err
	case TypeWatermark:
		w, err := decodeWatermark(b.Payload)
		if err != nil {
			return err
		}
		r.clock(w)
		r.mark = &w
	case TypeIndex:
		return errIndex
	}
	return nil
}

// advance moves a thread on to its next event; its cursor is nil when there is none.
func (r *Reader) advance(t *thread) error {
	for {
		if t.cur != nil {
			ok, err := t.cur.next(&r.Definitions)
			if err != nil {
				t.wait = nil
			}
			if ok {
				return nil
			}
			r.free = append(r.free, t.cur)
			r.blocks.giveBack(t.raw)
			t.cur, t.raw = nil, nil
			r.queued -= cursorBytes
			if err != nil {
				return err
			}
		}
		if len(t.wait) == 0 {
			return nil
		}
		c := &cursor{}
		if n := len(r.free); n > 0 {
			c, r.free = r.free[n-1], r.free[:n-1]
		}
		raw := t.wait[0]
		payload := raw[headSize:]
		t.wait = t.wait[1:]
		r.queued += cursorBytes - len(payload) // a cursor weighs more than a block of few events, so many threads count as well
		t.cur, t.raw = c, raw
		if err := c.start(payload); err != nil {
			return err
		}
	}
}

// pass returns the next record of the round, or nothing when it is over.
func (r *Reader) pass() (*Record, error) {
	if t := r.passed; t != nil {
		r.passed = nil
		if err := r.advance(t); err != nil && (r.err == nil || r.err == io.EOF) {
			r.err, r.until, r.turn = err, math.MaxUint64, nil
		}
		if t.cur == nil {
			r.turn = nil
		}
	}
	t := r.turn
	if t == nil || t.cur.ev.Ticks >= r.limit {
		t = r.next()
	}
	if len(r.hits) > 0 && r.hits[0].Ticks <= r.until && (t == nil || r.hits[0].Ticks < t.cur.ev.Ticks) {
		h := r.hits[0]
		r.hits = r.hits[1:]
		r.turn = nil
		if h.Hook < 0 {
			r.rec = Record{Kind: KindGap, Time: r.time(h.Ticks)}
			return &r.rec, nil
		}
		r.sum.Hits++
		r.rec = Record{Kind: KindHit, Time: r.time(h.Ticks), Hit: &h}
		return &r.rec, nil
	}
	if t != nil {
		r.passed = t
		r.sum.Events++
		ev := &t.cur.ev
		if r.rec.Kind != KindEvent || r.rec.Event != ev {
			r.rec = Record{Kind: KindEvent, Event: ev}
		}
		r.rec.Time = r.time(ev.Ticks)
		return &r.rec, nil
	}
	switch {
	case len(r.counts) > 0:
		r.rec = Record{Kind: KindCounts, Time: r.last, Counts: r.counts}
		r.counts = nil
	case r.mark != nil:
		r.rec = Record{Kind: KindWatermark, Time: r.time(r.mark.Until), Watermark: r.mark}
		r.mark = nil
	default:
		return nil, nil
	}
	return &r.rec, nil
}

// next finds the thread with the earliest event of the round, nil when there is none, and how long it is its turn.
func (r *Reader) next() *thread {
	var t *thread
	second := uint64(math.MaxUint64)
	for _, o := range r.live {
		switch {
		case o.cur == nil:
		case t == nil:
			t = o
		case o.cur.ev.Ticks < t.cur.ev.Ticks:
			second, t = t.cur.ev.Ticks, o
		default:
			second = min(second, o.cur.ev.Ticks)
		}
	}
	if t != nil && t.cur.ev.Ticks > r.until {
		t = nil
	}
	r.turn, r.limit = t, second
	if r.until < math.MaxUint64 {
		r.limit = min(r.limit, r.until+1)
	}
	if len(r.hits) > 0 {
		r.limit = min(r.limit, r.hits[0].Ticks+1) // an event of the same time goes first
	}
	return t
}
