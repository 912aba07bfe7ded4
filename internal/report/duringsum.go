package report

import (
	"cmp"
	"container/heap"
	"slices"
	"strconv"
)

// A side is the slow calls, or the rest.
type side struct {
	DuringCalls
	by []Overlap // by 2*function, plus 1 for other goroutines
}

// DuringCalls are calls that were compared.
type DuringCalls struct {
	Calls uint64 `json:"calls"`
	NS    int64  `json:"ns"` // in all
	Least int64  `json:"leastNs"`
	Most  int64  `json:"mostNs"`
}

// An Overlap is what a function's calls have to do with the slow calls, or with the rest.
type Overlap struct {
	With  uint64 `json:"with"`  // how many of these overlap any
	Calls uint64 `json:"calls"` // of the function; one that overlaps two counts twice
	NS    int64  `json:"ns"`    // for how long, in all
}

// A DuringRow is a function that ran during calls that were compared.
type DuringRow struct {
	Function  string  `json:"function"`
	Goroutine string  `json:"goroutine"` // same or other
	Slow      Overlap `json:"slow"`
	Rest      Overlap `json:"rest"`
}

// A DuringResult says what ran during slow calls, and how it was with the rest.
type DuringResult struct {
	Slow, Rest DuringCalls
	Rows       []DuringRow // the greatest contrast first
}

// add sums a call up.
func (s *side) add(took int64, cells []cell) {
	if s.Calls == 0 || took < s.Least {
		s.Least = took
	}
	s.Most = max(s.Most, took)
	s.Calls++
	s.NS += took
	for _, c := range cells {
		if n := int(c.key) + 1; n > len(s.by) {
			s.by = append(s.by, make([]Overlap, n-len(s.by))...)
		}
		o := &s.by[c.key]
		o.With++
		o.Calls += uint64(c.number)
		o.NS += c.time
	}
}

// A cell is what one function did during one call.
type cell struct {
	key    int32
	number uint32
	time   int64
}

// A judged call is one whose overlaps are known.
type judged struct {
	took  int64
	seq   uint64
	cells []cell
}

// slowest keeps the longest calls so far, the least of them first, as a heap.
type slowest struct {
	most  int
	calls []judged
}

func (s *slowest) Len() int { return len(s.calls) }
func (s *slowest) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(s.calls[i].took, s.calls[j].took), cmp.Compare(s.calls[j].seq, s.calls[i].seq)) < 0
}
func (s *slowest) Swap(i, j int) { s.calls[i], s.calls[j] = s.calls[j], s.calls[i] }
func (s *slowest) Push(v any)    { s.calls = append(s.calls, v.(judged)) }
func (s *slowest) Pop() any {
	last := len(s.calls) - 1
	c := s.calls[last]
	s.calls = s.calls[:last]
	return c
}

// sum takes a call of which all is known.
func (d *During) sum(of *compared) {
	cells := d.cells[:0]
	for _, key := range of.touched {
		cells = append(cells, cell{key, of.number[key], of.time[key]})
	}
	d.cells = cells
	took := of.end - of.start
	full := d.kept.most > 0 && len(d.kept.calls) == d.kept.most
	switch {
	case full && took <= d.kept.calls[0].took: // of equal ones the earlier stay
		d.rest.add(took, cells)
	case d.kept.most > 0:
		heap.Push(&d.kept, judged{took, of.seq, slices.Clone(cells)})
		if len(d.kept.calls) > d.kept.most {
			d.dismiss()
		}
	case took >= int64(d.spec.SlowerThan):
		d.slow.add(took, cells)
	default:
		d.rest.add(took, cells)
	}
	d.recycle(of)
}

// dismiss takes the shortest of the slowest calls to the rest.
func (d *During) dismiss() {
	c := heap.Pop(&d.kept).(judged)
	d.rest.add(c.took, c.cells)
}

// Finish ends what is under way, at the recording's end, and returns what was found when the walk is over.
func (d *During) Finish() DuringResult {
	for _, of := range d.ended {
		d.settled(of)
	}
	open := slices.SortedFunc(slices.Values(d.open), func(a, b *compared) int { return cmp.Compare(a.seq, b.seq) })
	for _, of := range open {
		of.end = d.now
		for _, f := range d.flying {
			if d.kind(f.fn)&kindOther != 0 && d.now-f.start >= d.least {
				of.overlaps(f, d.now)
			}
		}
		d.sum(of)
	}
	d.ended, d.open = nil, nil
	if d.spec.SlowerThan == 0 && d.spec.Slowest == 0 {
		all := d.rest.Calls + uint64(len(d.kept.calls))
		for uint64(len(d.kept.calls)) > max(all/100, 1) {
			d.dismiss()
		}
	}
	for len(d.kept.calls) > 0 {
		c := heap.Pop(&d.kept).(judged)
		d.slow.add(c.took, c.cells)
	}
	return d.result()
}

func (d *During) result() DuringResult {
	res := DuringResult{Slow: d.slow.DuringCalls, Rest: d.rest.DuringCalls}
	for key := range max(len(d.slow.by), len(d.rest.by)) {
		row := DuringRow{Function: d.r.Funcs[key/2].Name, Goroutine: "same"}
		if key%2 == 1 {
			row.Goroutine = "other"
		}
		if key < len(d.slow.by) {
			row.Slow = d.slow.by[key]
		}
		if key < len(d.rest.by) {
			row.Rest = d.rest.by[key]
		}
		if row.Slow.With+row.Rest.With > 0 {
			res.Rows = append(res.Rows, row)
		}
	}
	slices.SortStableFunc(res.Rows, func(a, b DuringRow) int {
		return cmp.Or(cmp.Compare(res.contrast(&b), res.contrast(&a)), cmp.Compare(b.Slow.NS, a.Slow.NS), cmp.Compare(b.Slow.With, a.Slow.With),
			cmp.Compare(a.Function, b.Function), cmp.Compare(a.Goroutine, b.Goroutine))
	})
	return res
}

// Shares returns which part of the calls of a side a function overlaps, and how long it does so in relation to their time: with several calls
// at a time that may be more than 1. It is 0 where there are no calls.
func (o Overlap) Shares(of DuringCalls) (calls, time float64) {
	if of.Calls > 0 {
		calls = float64(o.With) / float64(of.Calls)
	}
	if of.NS > 0 {
		time = float64(o.NS) / float64(of.NS)
	}
	return calls, time
}

// contrast is for how much more of the time of slow calls a function runs than of the rest's. In how many calls it does would be a worse
// guide: long calls overlap more of everything by chance.
func (r *DuringResult) contrast(row *DuringRow) float64 {
	_, slow := row.Slow.Shares(r.Slow)
	_, rest := row.Rest.Shares(r.Rest)
	return min(slow, 1) - min(rest, 1)
}

// DuringColumns are the names of what DuringRow.Fields returns.
var DuringColumns = []string{"function", "goroutine", "slow_with", "slow_calls", "slow_ns", "rest_with", "rest_calls", "rest_ns"}

// Fields returns a row's values as text, for CSV.
func (r DuringRow) Fields() []string {
	fields := []string{r.Function, r.Goroutine}
	for _, o := range []Overlap{r.Slow, r.Rest} {
		fields = append(fields, strconv.FormatUint(o.With, 10), strconv.FormatUint(o.Calls, 10), strconv.FormatInt(o.NS, 10))
	}
	return fields
}
