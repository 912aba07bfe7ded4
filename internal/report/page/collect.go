package page

import (
	"strings"
	"unicode/utf8"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report"
)

// maxLanes is of how many goroutines sums are kept while a recording is read.
const maxLanes = 1 << 16

// maxText is the most bytes of one call's arguments, or results, or of an event's fields.
const maxText = 240

// maxName is the most bytes of a name.
const maxName = 400

// A lane is a goroutine while it is read.
type lane struct {
	g     uint64
	busy  int64
	calls uint64
	stack []*slice // calls under way
	shown bool
}

// A collector gathers what the timeline shows, in bounded memory, while a recording is read.
type collector struct {
	r      *event.Reader
	limits Limits
	began  int64 // Unix ns; set by the first that comes
	known  bool

	lanes map[uint64]*lane
	last  *lane // the last one asked for
	free  []*slice

	sample *sample
	over   *axis // of funcs
	funcs  []series
	whole  *axis // of activity
	all    series

	hits   []report.Hit
	every  uint64 // each so manieth hit is kept
	nhits  uint64
	gaps   []int64
	ngaps  uint64
	orphan uint64 // goroutines that were put out of lanes
}

func newCollector(r *event.Reader, limits Limits) *collector {
	c := &collector{
		r: r, limits: limits, lanes: map[uint64]*lane{}, every: 1,
		sample: newSample(limits.Slices), over: newAxis(96), whole: newAxis(1024),
	}
	c.over.join = append(c.over.join, func(int) {
		for i, s := range c.funcs {
			c.funcs[i] = s.halve()
		}
	})
	c.whole.join = append(c.whole.join, func(int) { c.all = c.all.halve() })
	return c
}

func (c *collector) visitor() report.Visitor {
	return report.Visitor{Enter: c.enter, Leave: c.leave, Drop: c.drop, Hit: c.hit, Gap: c.gap, Round: c.begin}
}

// begin is called with the first moment of all.
func (c *collector) begin(at int64) {
	if !c.known {
		c.began, c.known = at, true
	}
}

func (c *collector) lane(g uint64) *lane {
	if c.last != nil && c.last.g == g {
		return c.last
	}
	l := c.lanes[g]
	if l == nil {
		if len(c.lanes) >= maxLanes {
			c.forget()
		}
		l = &lane{g: g}
		c.lanes[g] = l
	}
	c.last = l
	return l
}

// forget gives up goroutines that are idle, the less busy half of them.
func (c *collector) forget() {
	var sum int64
	for _, l := range c.lanes {
		sum += l.busy
	}
	mean := sum / int64(len(c.lanes))
	for g, l := range c.lanes {
		if len(l.stack) == 0 && l.busy <= mean {
			delete(c.lanes, g)
			c.orphan++
		}
	}
	c.last = nil
}

func (c *collector) enter(call *report.Call) {
	c.begin(call.Start)
	t := call.Start - c.began
	l := c.lane(call.G)
	l.calls++
	s := c.take()
	*s = slice{lane: l, fn: call.Func, level: call.Level, start: t}
	if n := len(l.stack); n > 0 {
		s.parent = l.stack[n-1]
	}
	l.stack = append(l.stack, s)

	i := c.over.at(t)
	for len(c.funcs) <= call.Func {
		c.funcs = append(c.funcs, nil)
	}
	c.funcs[call.Func].add(i)
	c.all.add(c.whole.at(t))
}

// take returns a record that nobody refers to.
func (c *collector) take() *slice {
	if n := len(c.free); n > 0 {
		s := c.free[n-1]
		c.free = c.free[:n-1]
		return s
	}
	return &slice{}
}

func (c *collector) leave(call *report.Call) {
	flags := 0
	if call.Unwound {
		flags = flagUnwound
	}
	c.end(call, call.End, call.Self, flags)
}

func (c *collector) drop(call *report.Call, at int64, lost bool) {
	flags := flagOpen
	if lost {
		flags = flagLost
	}
	c.end(call, at, call.Self, flags)
}

// end takes a call's end, whatever it was.
func (c *collector) end(call *report.Call, at, self int64, flags int) {
	l := c.lane(call.G)
	n := len(l.stack) - 1
	if n < 0 {
		return
	}
	s := l.stack[n]
	l.stack[n] = nil
	l.stack = l.stack[:n]
	s.took, s.self, s.flags = max(at-call.Start, 0), self, flags
	if n == 0 {
		l.busy += s.took
	}
	kept := c.sample.add(s)
	if !kept && !s.around {
		c.free = append(c.free, s)
		return
	}
	s.args = c.text(call.Entry, call.Args)
	if call.Exit >= 0 {
		s.results = c.text(call.Exit, call.Results)
	}
	for p := s.parent; p != nil && !p.around; p = p.parent {
		p.around = true
	}
}

// text shows the values that were recorded at a site: "n=3 err=nil".
func (c *collector) text(site int, words []uint64) string {
	if len(words) == 0 {
		return ""
	}
	var b strings.Builder
	for _, v := range c.r.Values(&event.Event{Site: site, Words: words}) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if v.Name != "" && v.Name != "_" {
			b.WriteString(v.Name + "=")
		}
		b.WriteString(v.Text)
		if b.Len() > maxText {
			break
		}
	}
	return cut(b.String(), maxText)
}

// cut shortens a text to at most n bytes, and shows that it did.
func cut(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	s = s[:n]
	for !utf8.RuneStart(s[len(s)-1]) && len(s) > 1 {
		s = s[:len(s)-1]
	}
	return strings.ToValidUTF8(s[:len(s)-1], "\uFFFD") + "…"
}

func (c *collector) hit(h *report.Hit) {
	c.begin(h.Time)
	c.nhits++
	if (c.nhits-1)%c.every != 0 {
		return
	}
	kept := *h
	kept.Fields = []byte(cut(string(h.Fields), maxText))
	c.hits = append(c.hits, kept)
	if len(c.hits) > c.limits.Hits {
		c.hits = thin(c.hits)
		c.every *= 2
	}
}

func (c *collector) gap(at int64) {
	c.begin(at)
	c.ngaps++
	c.gaps = append(c.gaps, at-c.began)
	if len(c.gaps) > 2*c.limits.Gaps {
		c.gaps = thin(c.gaps)
	}
}

// thin keeps every second.
func thin[T any](s []T) []T {
	for i := 0; 2*i < len(s); i++ {
		s[i] = s[2*i]
	}
	return s[:(len(s)+1)/2]
}
