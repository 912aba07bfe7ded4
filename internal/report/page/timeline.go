package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// timeline writes lanes, slices, hits, gaps and activity into a page. number says which row of Funcs a function has.
func (c *collector) timeline(d *Data, number func(fn int) (int, bool)) {
	lanes := slices.SortedFunc(maps.Values(c.lanes), func(a, b *lane) int {
		return cmp.Or(cmp.Compare(b.busy, a.busy), cmp.Compare(b.calls, a.calls), cmp.Compare(a.g, b.g))
	})
	if n := c.limits.Lanes; len(lanes) > n {
		d.note("The timeline has the %d busiest of %s goroutines.", n, thousands(uint64(len(lanes))+c.orphan))
		lanes = lanes[:n]
	}
	for _, l := range lanes {
		l.shown = true
	}
	chosen := c.sample.take(func(s *slice) bool {
		_, ok := number(s.fn)
		return ok && s.lane.shown
	})
	if uint64(len(chosen)) < c.sample.seen {
		d.note("The timeline has %s of %s calls: of each stretch of time the longest, and what called them. All other figures are of all calls.",
			thousands(uint64(len(chosen))), thousands(c.sample.seen))
	}
	d.Seen = c.sample.seen
	d.Lanes, d.Slices = c.slices(d, lanes, chosen, number)
	c.marks(d)
	d.Bin = c.whole.width
	d.Activity = make([]uint64, max(1, int((d.Duration+d.Bin-1)/d.Bin)))
	for i, n := range c.all {
		d.Activity[min(i, len(d.Activity)-1)] += uint64(n)
	}
}

// slices writes the chosen calls in columns, lane by lane.
func (c *collector) slices(d *Data, lanes []*lane, chosen []*slice, number func(int) (int, bool)) ([]Lane, Slices) {
	byLane := map[*lane][]*slice{}
	for _, s := range chosen {
		byLane[s.lane] = append(byLane[s.lane], s)
	}
	out := Slices{Func: []int{}, Level: []int{}, Start: []int64{}, Took: []int64{}, Self: []int64{}, Flags: []int{}, Values: map[int][2]int{}}
	texts := newTexts(c.limits.Text)
	rows := []Lane{}
	for _, l := range lanes {
		in := byLane[l]
		slices.SortFunc(in, func(a, b *slice) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.level, b.level)) })
		last := int64(0)
		for _, s := range in {
			fn, ok := number(s.fn)
			if !ok {
				fn = -1
			}
			if args, results := texts.index(s.args), texts.index(s.results); args >= 0 || results >= 0 {
				out.Values[len(out.Func)] = [2]int{args, results}
			}
			out.Func = append(out.Func, fn)
			out.Level = append(out.Level, s.level)
			out.Start = append(out.Start, s.start-last)
			out.Took = append(out.Took, s.took)
			out.Self = append(out.Self, s.self)
			out.Flags = append(out.Flags, s.flags)
			last = s.start
		}
		rows = append(rows, Lane{G: l.g, Busy: l.busy, Calls: l.calls, Slices: len(in)})
	}
	if texts.full {
		d.note("Arguments and results of the timeline's calls are there up to %d kB, those of the busiest goroutines first.", c.limits.Text>>10)
	}
	d.Texts = append([]string{}, texts.all...)
	return rows, out
}

// texts keeps each text once, while there is room.
type texts struct {
	all  []string
	at   map[string]int
	room int
	full bool
}

func newTexts(room int) *texts { return &texts{at: map[string]int{}, room: room} }

// index returns a text's index; -1 when it is empty or there is no room.
func (t *texts) index(s string) int {
	if s == "" {
		return -1
	}
	if i, ok := t.at[s]; ok {
		return i
	}
	if len(s) > t.room {
		t.full = true
		return -1
	}
	t.room -= len(s) + 4
	t.at[s] = len(t.all)
	t.all = append(t.all, s)
	return len(t.all) - 1
}

// marks writes hits and gaps.
func (c *collector) marks(d *Data) {
	d.Hooks, d.Hits, d.Gaps = append([]string{}, c.r.Hooks...), []Hit{}, []Gap{}
	text := 0
	for _, h := range c.hits {
		fields := string(h.Fields)
		if text += len(fields); text > c.limits.Text {
			fields = ""
		}
		d.Hits = append(d.Hits, Hit{h.Time - c.began, h.Hook, h.G, fields})
	}
	if text > c.limits.Text {
		d.note("The fields of some hooks' hits are left out.")
	}
	if uint64(len(c.hits)) < c.nhits {
		d.note("The timeline has %s of %s hits of hooks, evenly chosen.", thousands(uint64(len(c.hits))), thousands(c.nhits))
	}
	for _, at := range c.gaps {
		d.Gaps = append(d.Gaps, Gap{at, at, 0})
	}
	if uint64(len(c.gaps)) < c.ngaps {
		d.note("The timeline marks %s of %s places where events were lost.", thousands(uint64(len(c.gaps))), thousands(c.ngaps))
	}
}

// over writes the calls of a function over time.
func (c *collector) overTime(fn int, duration int64) string {
	if fn >= len(c.funcs) {
		return ""
	}
	n := int((duration + c.over.width - 1) / c.over.width)
	return c.funcs[fn].digits(min(n, c.over.most))
}

func (d *Data) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}
func (d *Data) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}

// thousands writes a number in groups of three.
func thousands(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
