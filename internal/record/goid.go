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

	// SP and BP are how deep in the goroutine's stack its pointers were, in bytes, with a constant added: those of an entry are
	// the same as those of the same call's return, also when the stack was moved. See internal/calls.
	SP, BP uint32

	Thread int32 // which thread: a number below 257
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
