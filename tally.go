package gkhi

import "sync/atomic"

// uncounted is the index of slots that have no cell in a tally.
const uncounted = ownCount + slotsPerBlock

// A tally counts the calls of a handler: one word per own slot and per slot of the
// first shared block, written only by who has the slot.
type tally struct {
	cells [uncounted]padded
	over  atomic.Uint64 // by who has another slot
}

type padded struct {
	n uint64
	_ [56]byte
}

// add counts a call by who has sl.
func (t *tally) add(sl *slot) {
	if i := sl.index; i < uncounted {
		bump(&t.cells[i].n)
	} else {
		t.over.Add(1)
	}
}

func (t *tally) sum() uint64 {
	total := t.over.Load()
	for i := range t.cells {
		total += loadAcq(&t.cells[i].n)
	}
	return total
}

// nth tells the call that sl is taken for from its earlier ones of the same handler.
func (t *tally) nth(sl *slot) uint64 {
	if i := sl.index; i < uncounted {
		return loadAcq(&t.cells[i].n)
	}
	return loadAcq(&sl.claims)
}
