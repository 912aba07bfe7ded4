package hist

import "math/bits"

// A Counter counts as a [Histogram] does, for one goroutine: in a third of the time and, for durations
// that lie near each other, in a fraction of the memory. The zero value is empty and ready. It is not safe
// for concurrent use.
type Counter struct {
	count, sum uint64
	min, max   uint64
	rows       [numBuckets / sub]*[sub]uint64 // by power of two
}

// Record counts one duration in ns. A negative one counts as 0.
func (c *Counter) Record(ns int64) {
	v := uint64(max(ns, 0))
	if c.count == 0 || v < c.min {
		c.min = v
	}
	c.count++
	c.sum += v
	c.max = max(c.max, v)
	e, i := 0, v
	if v >= sub {
		e = bits.Len64(v) - subBits // the row; index gives e*sub + i
		i = v>>(e-1) - sub
	}
	row := c.rows[e]
	if row == nil {
		row = new([sub]uint64)
		c.rows[e] = row
	}
	row[i&(sub-1)]++
}

// Count is how many durations were counted.
func (c *Counter) Count() uint64 { return c.count }

// Sum is all of them together, in ns.
func (c *Counter) Sum() uint64 { return c.sum }

// Min is the shortest in ns; 0 when there is none.
func (c *Counter) Min() uint64 { return c.min }

// Max is the longest in ns; 0 when there is none.
func (c *Counter) Max() uint64 { return c.max }

// Snapshot returns the counts so far.
func (c *Counter) Snapshot() Snapshot {
	s := Snapshot{Count: c.count, Sum: c.sum, Max: c.max}
	for e, row := range c.rows {
		if row == nil {
			continue
		}
		for i, n := range row {
			if n > 0 {
				s.Buckets = append(s.Buckets, Bucket{Low: lower(e*sub + i), Count: n})
			}
		}
	}
	return s
}
