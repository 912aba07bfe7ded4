package hist

// Small is a [Histogram] for where there are tens of thousands of them: it takes memory for the range of buckets
// that it has counts in, which for the calls of one function is a few dozen bytes to a few hundred. The
// zero value is empty and ready. It is not safe for concurrent use.
type Small struct {
	sum, max uint64
	first    int // bucket of counts[0]
	counts   []uint64
}

// Record counts one duration in ns. A negative one, as a clock that was set back makes them, counts as 0.
func (h *Small) Record(ns int64) {
	v := uint64(max(ns, 0))
	i := index(v)
	if i < h.first || i >= h.first+len(h.counts) {
		h.reach(i)
	}
	h.counts[i-h.first]++
	h.sum += v
	h.max = max(h.max, v)
}

// reach makes room for bucket i: a power of two at a time.
func (h *Small) reach(i int) {
	from, to := i/sub*sub, (i/sub+1)*sub
	if len(h.counts) > 0 {
		from, to = min(from, h.first), max(to, h.first+len(h.counts))
	}
	counts := make([]uint64, to-from)
	copy(counts[max(h.first-from, 0):], h.counts)
	h.first, h.counts = from, counts
}

// Snapshot returns the counts so far.
func (h *Small) Snapshot() Snapshot {
	s := Snapshot{Sum: h.sum, Max: h.max}
	used := 0
	for _, n := range h.counts {
		if n > 0 {
			used++
		}
	}
	if used > 0 {
		s.Buckets = make([]Bucket, 0, used)
	}
	for i, n := range h.counts {
		if n > 0 {
			s.Buckets = append(s.Buckets, Bucket{Low: lower(h.first + i), Count: n})
			s.Count += n
		}
	}
	return s
}
