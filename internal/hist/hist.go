// Package hist is a histogram of durations with fixed memory, for counting on hot paths.
//
// Buckets are log-linear: every power of two is cut into 8, so a bucket is at most an eighth as wide as its lower bound, and
// a quantile read from it is off by no more than 12.5 %. Values below 8 ns have a bucket each. The scheme is that of HdrHistogram.
//
// A [Histogram] counts; a [Snapshot] is what was counted, is sent over the wire, and answers questions.
package hist

import (
	"math/bits"
	"sync/atomic"
)

const (
	subBits    = 3
	sub        = 1 << subBits
	numBuckets = (64 - subBits) * sub // the last holds values up to 2^63-1
)

// Histogram counts durations in nanoseconds. The zero value is empty and ready. It is safe for concurrent use.
type Histogram struct {
	sum    atomic.Uint64
	max    atomic.Uint64
	counts [numBuckets]atomic.Uint64
}

// Record counts one duration in ns. A negative one, as a clock that was set back makes them, counts as 0.
func (h *Histogram) Record(ns int64) {
	v := uint64(max(ns, 0))
	h.counts[index(v)].Add(1)
	h.sum.Add(v)
	for {
		m := h.max.Load()
		if v <= m || h.max.CompareAndSwap(m, v) {
			return
		}
	}
}

// Snapshot returns the counts so far. Calls of Record that run meanwhile may be in it or not.
func (h *Histogram) Snapshot() Snapshot {
	s := Snapshot{Sum: h.sum.Load(), Max: h.max.Load()}
	for i := range h.counts {
		if n := h.counts[i].Load(); n > 0 {
			s.Buckets = append(s.Buckets, Bucket{Low: lower(i), Count: n})
			s.Count += n
		}
	}
	return s
}

// index returns the bucket of v.
func index(v uint64) int {
	if v < sub {
		return int(v)
	}
	e := bits.Len64(v) - 1 - subBits // v>>e is in [sub, 2*sub)
	return e*sub + int(v>>e)
}

// lower returns the smallest value of bucket i.
func lower(i int) uint64 {
	if i < 2*sub {
		return uint64(i)
	}
	e := i/sub - 1
	return uint64(i-e*sub) << e
}

// upper returns the smallest value above the bucket that starts at low.
func upper(low uint64) uint64 {
	if low < sub {
		return low + 1
	}
	return low + 1<<(bits.Len64(low)-1-subBits)
}
