package cli

import (
	recordings "github.com/gkhi/gkhi/internal/report"
)

// A lineBudget chooses what a timeline has lines for, when there are to be so many at most. A call that has one also has one
// for its end, so that none is left open: its line is kept free for it. The calls that are chosen are marked in Call.Data.
type lineBudget struct {
	bounded bool
	left    uint64 // lines that are not promised to anything
	missed  uint64 // calls and hits without one
}

// What Call.Data says of a call.
const (
	dataShown = 1 << iota
	dataCut   // something in it is not shown
)

// enter reports whether a call is shown. opens says that the call around it has no line yet: it would have needed one only, and now needs
// two.
func (b *lineBudget) enter(c *recordings.Call, opens bool) bool {
	// Where the call around it is not shown this one would stand in the wrong place.
	if c.Parent != nil && c.Parent.Data&dataShown == 0 || !b.line(opens) {
		b.miss(c.Parent)
		return false
	}
	c.Data |= dataShown
	return true
}

// leave reports whether a call's end is shown: if its entry was.
func (b *lineBudget) leave(c *recordings.Call) bool { return c.Data&dataShown != 0 }

// cut reports whether something in a call is not shown.
func (b *lineBudget) cut(c *recordings.Call) bool { return c.Data&dataCut != 0 }

// line takes a line, and with opens another one.
func (b *lineBudget) line(opens bool) bool {
	n := uint64(1)
	if opens {
		n = 2
	}
	if b.bounded && b.left < n {
		return false
	}
	b.left -= n
	return true
}

// hit reports whether a hit is shown.
func (b *lineBudget) hit(opens bool) bool {
	if !b.line(opens) {
		b.missed++
		return false
	}
	return true
}

// miss notes that something in a call has no line.
func (b *lineBudget) miss(around *recordings.Call) {
	b.missed++
	if around != nil {
		around.Data |= dataCut
	}
}
