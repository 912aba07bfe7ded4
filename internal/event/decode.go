package event

import (
	"encoding/binary"
	"fmt"

	"github.com/gkhi/gkhi/internal/minijson"
)

// maxWords bounds the words of an event.
const maxWords = 255

// A parser takes a payload apart. After a value that isn't there all others are zero, and err says so.
type parser struct {
	b   []byte
	bad bool
}

func (p *parser) uint() uint64 {
	b := p.b
	if len(b) > 1 { // most are of one byte or two
		if b[0] < 0x80 {
			p.b = b[1:]
			return uint64(b[0])
		}
		if b[1] < 0x80 {
			p.b = b[2:]
			return uint64(b[0]&0x7f) | uint64(b[1])<<7
		}
	}
	v, n := binary.Uvarint(b)
	if n <= 0 {
		p.b, p.bad = nil, true
		return 0
	}
	p.b = p.b[n:]
	return v
}

func (p *parser) int() int64 {
	v := p.uint()
	return int64(v>>1) ^ -int64(v&1)
}

// small is an integer that counts or numbers something.
func (p *parser) small() int {
	v := p.uint()
	if v > 1<<31-1 {
		p.b, p.bad = nil, true
		return 0
	}
	return int(v)
}

// index is a number below n.
func (p *parser) index(n int) int {
	i := p.small()
	if i >= n {
		p.b, p.bad = nil, true
		return 0
	}
	return i
}

// count is the length of a list whose items take at least one byte each.
func (p *parser) count() int { return p.index(len(p.b) + 1) }

func (p *parser) byte() byte {
	if len(p.b) == 0 {
		p.bad = true
		return 0
	}
	c := p.b[0]
	p.b = p.b[1:]
	return c
}

func (p *parser) bytes() []byte {
	n := p.count()
	if p.bad || n > len(p.b) {
		p.b, p.bad = nil, true
		return nil
	}
	s := p.b[:n:n]
	p.b = p.b[n:]
	return s
}

func (p *parser) string() string { return string(p.bytes()) }

// Definitions are what a recording says of its functions, sites, hooks and stacks. They grow while it is read.
type Definitions struct {
	Meta   Meta
	Funcs  []Func
	Sites  []Site
	Hooks  []string
	Stacks [][]uint64         // return addresses, innermost first
	Frames map[uint64][]Frame // of return addresses; several where functions were inlined, innermost first
}

// maxDefined bounds the number of definitions of each kind, so that damaged input can't use up memory.
const maxDefined = 1 << 24

// define takes a block of definitions. It reports false for one of another type.
func (d *Definitions) define(b Block) (bool, error) {
	p := parser{b: b.Payload}
	switch b.Type {
	case TypeMeta:
		if err := minijson.Read(b.Payload, d.Meta.JSON); err != nil {
			return true, fmt.Errorf("%w: what was recorded: %w", ErrDamaged, err)
		}
		return true, nil
	case TypeFuncs:
		for range p.count() {
			f := Func{Name: p.string(), Package: p.string(), File: p.string(), Line: p.small()}
			f.Params, f.Results = p.params(), p.params()
			d.Funcs = append(d.Funcs, f)
		}
	case TypeSites:
		for range p.count() {
			s := Site{Func: p.index(len(d.Funcs))}
			flags := p.byte()
			s.Return, s.InRange = flags&1 != 0, flags&2 != 0
			s.Line = p.small()
			for range p.count() {
				s.Words = append(s.Words, Word{Param: p.small(), Part: p.small()})
			}
			d.Sites = append(d.Sites, s)
		}
	case TypeHooks:
		for range p.count() {
			d.Hooks = append(d.Hooks, p.string())
		}
	case TypeFrames:
		for range p.count() {
			pc := p.uint()
			var fs []Frame
			for range p.count() {
				fs = append(fs, Frame{Func: p.string(), File: p.string(), Line: p.small()})
			}
			if d.Frames == nil {
				d.Frames = map[uint64][]Frame{}
			}
			d.Frames[pc] = fs
		}
	case TypeStacks:
		for range p.count() {
			var pcs []uint64
			last := uint64(0)
			for range p.count() {
				last += uint64(p.int())
				pcs = append(pcs, last)
			}
			d.Stacks = append(d.Stacks, pcs)
		}
	default:
		return false, nil
	}
	if p.bad || max(len(d.Funcs), len(d.Sites), len(d.Hooks), len(d.Stacks), len(d.Frames)) > maxDefined {
		return true, fmt.Errorf("%w: a block of type %q does not parse", ErrDamaged, b.Type)
	}
	return true, nil
}

func (p *parser) params() (ps []Param) {
	for range p.count() {
		ps = append(ps, Param{Name: p.string(), Type: p.string(), Kind: ParamKind(p.byte())})
	}
	return ps
}

// A cursor reads a block of events.
type cursor struct {
	p      parser
	left   int
	first  bool
	ev     Event // the one it is at
	epoch  uint32
	depths []depth
	words  [maxWords]uint64
}

// start begins with a block.
func (c *cursor) start(payload []byte) error {
	c.p = parser{b: payload}
	c.ev = Event{Thread: c.p.small(), Ticks: c.p.uint(), CPU: -1}
	c.p.uint() // the last one's ticks, for the index
	c.left = c.p.small()
	c.ev.Gap = c.p.uint() != 0
	c.first = true
	c.epoch++
	if c.p.bad {
		return fmt.Errorf("%w: a block of events does not parse", ErrDamaged)
	}
	return nil
}

// next moves on to the next event. It reports false at the block's end.
func (c *cursor) next(d *Definitions) (bool, error) {
	if c.left == 0 {
		return false, nil
	}
	c.left--
	e, p := &c.ev, &c.p
	if !c.first {
		e.Gap = false
	}
	c.first = false
	head := p.uint()
	site := head >> flagBits
	if site >= uint64(len(d.Sites)) || p.bad {
		return false, fmt.Errorf("%w: an event of site %d, of which there are %d", ErrDamaged, site, len(d.Sites))
	}
	e.Site = int(site)
	e.Ticks += p.uint()
	if head&flagG != 0 {
		e.G += uint64(p.int())
	}
	if head&flagCPU != 0 {
		e.CPU = p.small() - 1
	}
	if e.Site >= len(c.depths) {
		c.depths = append(c.depths, make([]depth, len(d.Sites)-len(c.depths))...)
	}
	at := &c.depths[e.Site]
	if at.epoch != c.epoch {
		*at = depth{epoch: c.epoch}
	}
	if head&flagDepth != 0 {
		at.sp += uint32(p.int())
		at.bp += uint32(p.int())
	}
	e.SP, e.BP = at.sp, at.bp
	e.Words, e.Stack = nil, -1
	if head&flagMore != 0 {
		n := p.index(maxWords + 1)
		for i := range n {
			c.words[i] = p.uint()
		}
		if n > 0 {
			e.Words = c.words[:n:n]
		}
		e.Stack = p.index(len(d.Stacks)+1) - 1
	}
	if p.bad {
		return false, fmt.Errorf("%w: an event does not parse", ErrDamaged)
	}
	return true, nil
}

// What a cursor takes besides its depths, and a hit besides its fields, about.
const (
	cursorBytes = maxWords*8 + 256
	hitBytes    = 64
)

func decodeHits(payload []byte, d *Definitions) (hits []Hit, err error) {
	p := parser{b: payload}
	for len(p.b) > 0 {
		h := Hit{Hook: p.index(len(d.Hooks)), Ticks: p.uint(), G: p.uint(), Fields: p.bytes()}
		if p.bad {
			return hits, fmt.Errorf("%w: a hit of a hook does not parse", ErrDamaged)
		}
		hits = append(hits, h)
	}
	return hits, nil
}

func decodeGap(payload []byte) (ticks uint64, err error) {
	p := parser{b: payload}
	if ticks = p.uint(); p.bad {
		return 0, fmt.Errorf("%w: a gap does not parse", ErrDamaged)
	}
	return ticks, nil
}

func decodeCounts(payload []byte, d *Definitions) (cs []Count, err error) {
	p := parser{b: payload}
	for range p.count() {
		cs = append(cs, Count{Func: p.index(len(d.Funcs)), Calls: p.uint()})
	}
	if p.bad {
		return nil, fmt.Errorf("%w: counts do not parse", ErrDamaged)
	}
	return cs, nil
}

func decodeWatermark(payload []byte) (w Watermark, err error) {
	p := parser{b: payload}
	w = Watermark{Until: p.uint(), Clock: Clock{Ticks: p.uint(), Mono: p.int(), Wall: p.int()}, Lost: p.uint()}
	if p.bad {
		return w, fmt.Errorf("%w: a watermark does not parse", ErrDamaged)
	}
	return w, nil
}
