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
)

// An Event is a noted hit.
type Event struct {
	Ticks uint64  // time stamp counter; see Clock
	Goid  uint64  // goroutine
	Site  uintptr // address of the site's CALL

	// Depth is how much of the goroutine's stack was in use, in bytes: that of an entry is the same as that
	// of the same call's return, also when the stack was moved, and less than that of the calls that it makes.
	Depth uint64

	Thread int32 // which thread; numbers may change from one Drain to the next
	Gap    bool  // events of the thread may have been dropped in front of this one
}

// Goid returns the id of the calling goroutine the slow way, which works
// everywhere: it reads "goroutine 18 [running]:" as a traceback prints it.
func Goid() uint64 {
	var buf [64]byte
	f := bytes.Fields(buf[:runtime.Stack(buf[:], false)])
	if len(f) < 2 {
		return 0
	}
	id, _ := strconv.ParseUint(string(f[1]), 10, 64)
	return id
}
