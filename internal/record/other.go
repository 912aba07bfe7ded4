//go:build !linux || !(amd64 || arm64)

package record

import (
	"errors"
	"runtime"
	"time"
)

var errUnsupported = errors.New("points are not patched on " + runtime.GOOS + "/" + runtime.GOARCH)

// Open says that there are no trampolines here.
func Open(addr, size uintptr) error { return errUnsupported }

// Trampoline says that there are none here.
func Trampoline(Kind) (uintptr, error) { return 0, errUnsupported }

// Hits has nothing to count.
func Hits(...uintptr) uint64 { return 0 }

// Drain has nothing to pass on.
func Drain(*Batch) {}

// SetWants says that there are no trampolines here.
func SetWants(map[uintptr]Want) error { return errUnsupported }

// SetValues has no effect here.
func SetValues(bool) {}

// SetDepth has no effect here.
func SetDepth(int) {}

// A Clock is not used here.
type Clock struct{}

// Now returns a Clock.
func Now() Clock { return Clock{} }

// Time returns the current time.
func (Clock) Time(uint64) time.Time { return time.Now() }

// Duration has nothing to turn.
func (Clock) Duration(int64) time.Duration { return 0 }

// Ticks is the time since the package began to be used, in ns, at least 1.
func Ticks() uint64 { return uint64(time.Since(began)) + 1 }

var began = time.Now()

// CurrentGoid is Goid.
func CurrentGoid() uint64 { return Goid() }

// Rate returns ticks per nanosecond.
func (Clock) Rate() float64 { return 1 }
