package record

import (
	"bytes"
	"runtime"
	"strconv"
)

// A Kind says what a trampoline does with a hit.
type Kind uint8

// Kinds, to be combined.
const (
	Count Kind = 1 << iota
	Note
	Full // Note, with values and callers: see SetWants and SetDepth
)

// An Event is a noted hit.
type Event struct {
	Ticks uint64  // time stamp counter; see Clock
	Goid  uint64  // goroutine
	Site  uintptr // address of the site's CALL

	// SP and BP are how deep in the goroutine's stack its pointers were, in bytes, with a constant added: those of an entry are
	// the same as those of the same call's return, also when the stack was moved. See internal/calls.
	SP, BP uint32

	CPU    int32 // that it ran on; -1 if not known
	Thread int32 // which thread: a number below 257
	Gap    bool  // events of the thread may have been dropped in front of this one
	Cut    bool  // the same behind this one

	Values, Frames uint8 // how many words it has in its Batch: what its site's Want names, then return addresses
	words          int32
}

// A Batch is what a Drain brought.
type Batch struct {
	Events  []Event
	Words   []uint64 // of events with values or callers
	Dropped uint64   // events that were dropped because a ring was full, ever
	Busy    bool     // a ring was full to a good part
	Until   uint64   // ticks: all events up to here are in this batch or were in earlier ones
	Partial bool     // there is more
}

// Values returns an event's values.
func (b *Batch) Values(e *Event) []uint64 { return b.Words[e.words:][:e.Values] }

// Frames returns the return addresses of an event's callers, innermost first.
func (b *Batch) Frames(e *Event) []uint64 { return b.Words[int(e.words)+int(e.Values):][:e.Frames] }

// A Want says what a site's events are to have besides.
type Want struct {
	// Frame is how far above the stack pointer at the site the frame ends, in bytes; 0 if that is not known. On arm64,
	// where a leaf may have its return address in R30 only, NoFrame says so.
	Frame int32

	// NoCallers is whether events of the site have no callers, whatever SetDepth says.
	NoCallers bool

	// Places are where values are: a general register, by its number, or so many bytes above the stack pointer at the
	// site.
	Places []Place
}

// A Place is where a value is.
type Place struct {
	Stack bool
	N     int32 // of the register, or bytes
}

// NoFrame is the Frame of a function without one.
const NoFrame = -1

// Limits of what an event has besides.
const (
	MaxValues = 32
	MaxDepth  = 64
)

// Goid returns the id of the calling goroutine the slow way, which works
// everywhere: it reads "goroutine 18 [running]:" as a traceback prints it.
func Goid() uint64 {
	var buf [64]byte
	_, rest, _ := bytes.Cut(buf[:runtime.Stack(buf[:], false)], []byte(" "))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	id, _ := strconv.ParseUint(string(digits), 10, 64)
	return id
}
