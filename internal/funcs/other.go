//go:build !linux || !(amd64 || arm64)

package funcs

import (
	"errors"
	"runtime"
	"time"

	"github.com/gkhi/gkhi/internal/calls"
	"github.com/gkhi/gkhi/internal/record"
)

// Want says what a session wants of a function's calls.
type Want uint8

// Wants, to be combined.
const (
	Count Want = 1 << iota
	Note
	Full
	Ends
)

// An Event is the entry or the end of a call.
type Event struct {
	calls.Call
	Entry      bool
	Time       time.Time
	Took, Self time.Duration
	Lost       uint64
}

// A Session is never made here.
type Session struct{}

// Arm says that this platform is not supported.
func Arm([]int, Want, func(Event)) (*Session, error) {
	return nil, errors.New("functions have no points on " + runtime.GOOS + "/" + runtime.GOARCH)
}

// A Word is never known here.
type Word struct{ Param, Part int }

// A Batch never comes here.
type Batch struct{ Until, Lost uint64 }

// Record says that this platform is not supported.
func Record([]int, RecordOptions, func(Batch)) (*Session, error) { return Arm(nil, 0, nil) }

// Sites knows none.
func (*Session) Sites() []Site { return nil }

// Each has none.
func (Batch) Each(func(*record.Event, int) bool) {}

// Cuts has none.
func (Batch) Cuts(func(uint64) bool) {}

// Words has none.
func (Batch) Words(*record.Event, int) []uint64 { return nil }

// Frames has none.
func (Batch) Frames(*record.Event) []uint64 { return nil }

// Close has nothing to do.
func (*Session) Close(func()) error { return nil }

// Disarm has nothing to do.
func (*Session) Disarm() error { return nil }

// Leave has nothing to do.
func (*Session) Leave() {}

// Funcs knows none.
func (*Session) Funcs() []int { return nil }

// Calls knows none.
func (*Session) Calls(func(int, uint64)) {}

// Noting is always false.
func Noting() bool { return false }

// Armed is always false.
func Armed(int) bool { return false }

// ArmedCount is always 0.
func ArmedCount() int { return 0 }

// Take has nothing to take.
func Take(*record.Batch, record.Clock) {}
