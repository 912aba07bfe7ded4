//go:build amd64 || arm64

package record

import (
	"sync"
	"time"
)

// A Clock turns ticks of the time stamp counter into time. It is a straight
// line through two moments at which both were read: when the package began to be used, and
// now.
type Clock struct {
	ticks uint64
	time  time.Time
	rate  float64 // nanoseconds a tick
}

// first is the first moment.
var first struct {
	once sync.Once
	at   Clock
}

// Now returns a clock that is right for the recent past.
func Now() Clock {
	first.once.Do(func() { first.at = Clock{ticks: Ticks(), time: time.Now()} })
	f := first.at
	c := Clock{ticks: Ticks(), time: time.Now()}
	if d := c.ticks - f.ticks; d > 0 {
		c.rate = float64(c.time.Sub(f.time)) / float64(d)
	}
	return c
}

// Time returns the time at which the counter read ticks.
func (c Clock) Time(ticks uint64) time.Time {
	return c.time.Add(-time.Duration(float64(int64(c.ticks-ticks)) * c.rate))
}

// Duration turns a number of ticks into time.
func (c Clock) Duration(ticks int64) time.Duration { return time.Duration(float64(ticks) * c.rate) }

// Rate returns ticks per nanosecond.
func (c Clock) Rate() float64 {
	if c.rate == 0 {
		return 0
	}
	return 1 / c.rate
}
