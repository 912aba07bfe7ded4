package funcs

import "github.com/gkhi/gkhi/internal/record"

// A Site is one of the sites of a session that records.
type Site struct {
	Func    int // index of the session's Funcs
	Addr    uintptr
	Return  bool
	InRange bool
	Line    int
}

// A Batch is what one drain brought for a session that records. Its methods may be called until the
// function that got it returns.
type Batch struct {
	Until uint64 // ticks: all events up to here are in this batch or in earlier ones
	Lost  uint64 // events that the recorder dropped since the session began

	batch *record.Batch
	raw   *rawSession
}

// Frames returns the return addresses of an event's callers, innermost first.
func (b Batch) Frames(e *record.Event) []uint64 { return b.batch.Frames(e) }
