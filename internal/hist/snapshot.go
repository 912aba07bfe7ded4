package hist

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"github.com/gkhi/gkhi/internal/minijson"
)

// Snapshot is what a histogram counted. Its JSON form is meant for the wire and for files.
type Snapshot struct {
	Count   uint64   `json:"count"`
	Sum     uint64   `json:"sum"` // ns
	Max     uint64   `json:"max"` // ns
	Buckets []Bucket `json:"buckets,omitempty"`
}

// Bucket counts the values from Low up to the next bucket's bound. Only buckets that are not empty are kept, in ascending order.
// Its JSON form is the pair [low, count].
type Bucket struct {
	Low   uint64 // ns
	Count uint64
}

// High returns the bucket's upper bound in ns, which is not in it.
func (b Bucket) High() uint64 { return upper(b.Low) }

// JSON lists the fields.
func (s *Snapshot) JSON(c *minijson.Coder) {
	c.Uint64("count", &s.Count, minijson.Always)
	c.Uint64("sum", &s.Sum, minijson.Always)
	c.Uint64("max", &s.Max, minijson.Always)
	c.Pairs("buckets", len(s.Buckets), s.Buckets == nil, minijson.NonZero, func(i int) (a, b uint64) {
		return s.Buckets[i].Low, s.Buckets[i].Count
	})
}

// MarshalJSON writes the pair.
func (b Bucket) MarshalJSON() ([]byte, error) {
	text := strconv.AppendUint([]byte{'['}, b.Low, 10)
	text = strconv.AppendUint(append(text, ','), b.Count, 10)
	return append(text, ']'), nil
}

// UnmarshalJSON reads the pair. It does without package encoding/json, which hooked programs would link otherwise.
func (b *Bucket) UnmarshalJSON(data []byte) error {
	body, open := bytes.CutPrefix(bytes.TrimSpace(data), []byte("["))
	body, shut := bytes.CutSuffix(body, []byte("]"))
	low, count, two := bytes.Cut(body, []byte(","))
	var err1, err2 error
	b.Low, err1 = strconv.ParseUint(string(bytes.TrimSpace(low)), 10, 64)
	b.Count, err2 = strconv.ParseUint(string(bytes.TrimSpace(count)), 10, 64)
	if !open || !shut || !two || err1 != nil || err2 != nil {
		return errors.New("histogram bucket: a pair [low, count] expected, found " + string(data))
	}
	return nil
}

// Mean returns the mean in ns; 0 when nothing was counted.
func (s Snapshot) Mean() float64 {
	if s.Count == 0 {
		return 0
	}
	return float64(s.Sum) / float64(s.Count)
}

// Quantile returns the value in ns below or at which a fraction q of the values lie; 0 when nothing was counted. It is
// the middle of the bucket that holds it, and never above Max.
func (s Snapshot) Quantile(q float64) uint64 {
	if s.Count == 0 {
		return 0
	}
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(s.Count)))
	rank = max(rank, 1)
	var seen uint64
	for _, b := range s.Buckets {
		seen += b.Count
		if seen >= rank {
			return min(b.Low+(b.High()-b.Low)/2, s.Max)
		}
	}
	return s.Max
}

// Sub returns what was counted since old, an earlier snapshot of the same histogram. Max can't be told for a part: it is the
// upper bound of the highest bucket that grew, or s.Max where that is lower.
func (s Snapshot) Sub(old Snapshot) Snapshot {
	d := Snapshot{Sum: s.Sum - old.Sum}
	i := 0
	for _, b := range s.Buckets {
		for i < len(old.Buckets) && old.Buckets[i].Low < b.Low {
			i++
		}
		if i < len(old.Buckets) && old.Buckets[i].Low == b.Low {
			b.Count -= min(old.Buckets[i].Count, b.Count)
		}
		if b.Count > 0 {
			d.Buckets = append(d.Buckets, b)
			d.Count += b.Count
			d.Max = min(b.High()-1, s.Max)
		}
	}
	return d
}

// Add returns what s and o counted together.
func (s Snapshot) Add(o Snapshot) Snapshot {
	sum := Snapshot{Count: s.Count + o.Count, Sum: s.Sum + o.Sum, Max: max(s.Max, o.Max)}
	a, b := s.Buckets, o.Buckets
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Low < b[0].Low:
			sum.Buckets = append(sum.Buckets, a[0])
			a = a[1:]
		case len(a) == 0 || b[0].Low < a[0].Low:
			sum.Buckets = append(sum.Buckets, b[0])
			b = b[1:]
		default:
			sum.Buckets = append(sum.Buckets, Bucket{Low: a[0].Low, Count: a[0].Count + b[0].Count})
			a, b = a[1:], b[1:]
		}
	}
	return sum
}
