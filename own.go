package gkhi

import (
	"slices"
	"sync/atomic"
	"unsafe"
)

// ownSlots are slots that a goroutine can take without a locked instruction,
// since nobody else takes them. What a slot belongs to is not the goroutine, for
// which Go has no name, but a page of stack: 2 KiB of memory. Each page of a
// stack is one goroutine's alone, until the runtime takes the stack away, with
// all the synchronisation that it takes to give memory to somebody else. So:
//
//   - Only who runs on the page takes the slot, and only when it is free. It need not be:
//     the page's goroutine may fire from within a handler, or have moved to
//     another stack in a handler and left the page to somebody else.
//   - Only who took it frees it, wherever that goroutine is by then.
//
// From computing the page to taking the slot the stack must not move. It moves where a
// function is called that has no room for its frame, and, to become smaller, when a goroutine waits in a
// call; never where a goroutine is interrupted between two instructions
// (runtime.isShrinkStackSafe). So Fire calls pageOf, hash, isFreeFor and enter and nothing else in between,
// and these and what they call are nosplit: for builds in which they are not inlined.
// TestStackPages looks whether pages are goroutines' own.
//
// A slot gets its page from the first one that comes by and keeps it: for another page
// there must be another slot, since nobody can tell whether the goroutine of the
// first is about to take this one. See settle.
type ownSlots [ownCount]slot

const (
	ownBits  = 7
	ownCount = 1 << ownBits
)

// A stackPage is the number of a 2 KiB page of memory.
type stackPage uint64

const (
	pageBits = 11 // no stack is smaller, and they are aligned to it (runtime.stackMin)

	nobodys  stackPage = 0 // of a slot that who comes first may have
	reserved stackPage = 1 // of a slot that nobody may have; there is no memory at that address
)

// noOwnSlots is for sets of which no event can take an own slot: nobody asks for them.
var noOwnSlots ownSlots

// newOwnSlots returns slots of p: nobodys or reserved.
func newOwnSlots(p stackPage) *ownSlots {
	o := new(ownSlots)
	for i := range o {
		o[i].stack, o[i].index = p, uint32(i)
	}
	return o
}

// pageOf returns the page of something on the caller's stack.
//
//go:nosplit
func pageOf(onStack unsafe.Pointer) stackPage { return stackPage(uintptr(onStack) >> pageBits) }

// hash returns a number of so many bits.
//
//go:nosplit
func (p stackPage) hash(bits int) uint64 { return uint64(p) * 0x9E3779B97F4A7C15 >> (64 - bits) }

// isFreeFor reports whether sl is p's and can be taken, with enter.
//
//go:nosplit
func (sl *slot) isFreeFor(p stackPage) bool { return sl.owner() == p && sl.look() == markFree }

//go:nosplit
func (sl *slot) owner() stackPage { return stackPage(loadAcq((*uint64)(&sl.stack))) }

// adopt gives p its slot, if nobody has it.
func (o *ownSlots) adopt(p stackPage) {
	if sl := &o[p.hash(ownBits)]; sl.owner() == nobodys {
		atomic.CompareAndSwapUint64((*uint64)(&sl.stack), uint64(nobodys), uint64(p))
	}
}

// let gives o[i] to p, who may be nobodys, if it is reserved: so nobody is about to take it.
func (o *ownSlots) let(i int, p stackPage) { atomic.StoreUint64((*uint64)(&o[i].stack), uint64(p)) }

// inUse reports whether a call is in flight in o[i].
func (o *ownSlots) inUse(i int) bool { return o[i].look() != markFree }

// settle lets reserved slots, and takes slots from pages on which nobody fires
// any more, if others fire that share their place; with registry.mu held. It is called
// at intervals, and takes for idle what wasn't used in one.
func (r *registration) settle() {
	if r.slots == nil || !registry.fenced {
		return
	}
	s, moved := r.slots, r.countMoved()
	s.left = slices.DeleteFunc(s.left, func(o *ownSlots) bool {
		for i := range o {
			if o.inUse(i) {
				return false
			}
		}
		return true
	})
	evict := map[int]bool{}
	for i := range s.own {
		switch owner := s.own[i].owner(); {
		case owner == nobodys || s.own.inUse(i) || s.leftInUse(i):
		case owner == reserved:
			s.own.let(i, nobodys)
		case !moved[i] && moved[ownCount+i>>(ownBits-slotBits)]:
			evict[i] = true
		}
	}
	if len(evict) > 0 {
		r.replaceOwn(evict)
	}
}

// replaceOwn gives r new own slots in which those of evict are nobody's, with registry.mu held:
//
//  1. It publishes a set with new slots, all reserved, and has each thread pass a
//     barrier, as in the steps (a) and (b) of slot. From now on the old slots are
//     only used by calls whose marks are seen; others will take back theirs.
//  2. Who has an old slot may still count in its cell of the tallies. New ones
//     whose cells nobody uses are let; the others stay reserved, and the old ones are
//     kept and looked at, until a later settle finds them free.
func (r *registration) replaceOwn(evict map[int]bool) {
	s, old := r.slots, r.slots.own
	s.own, s.left = newOwnSlots(reserved), append(s.left, old)
	r.gen++
	r.publish(r.gen, r.armed)
	r.remember()
	r.forget() // for which each thread passes a barrier

	for i := range old {
		switch {
		case s.leftInUse(i):
		case evict[i]:
			s.own.let(i, nobodys)
		default:
			s.own.let(i, old[i].owner())
		}
	}
}

// leftInUse reports whether a call is in flight in the i-th of slots that were replaced.
func (s *slots) leftInUse(i int) bool {
	for _, o := range s.left {
		if o.inUse(i) {
			return true
		}
	}
	return false
}

// countMoved tells in which cells of the tallies armed handlers were counted since
// it was called last, with registry.mu held.
func (r *registration) countMoved() (moved [uncounted]bool) {
	for i := range moved {
		var n uint64
		for _, h := range r.armed {
			n += loadAcq(&h.calls.cells[i].n)
		}
		moved[i] = n != r.slots.counted[i]
		r.slots.counted[i] = n
	}
	return moved
}
