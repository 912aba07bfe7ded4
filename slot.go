package gkhi

import (
	"sync"
	"sync/atomic"
)

// A slot is the mark that one call of Fire leaves while it runs, so that
// Deregister can wait for calls in flight and so that a blocked handler shows.
// A call has its slot to itself: counting inside it needs no locked instruction.
// (It is the reader's side of an RCU with exclusive reader slots; see Desnoyers
// et al., "User-Level Implementations of Read-Copy Update", IEEE TPDS 2012.)
//
// There are two ways to a slot. An own slot belongs to a stretch of stack, and so
// to the one goroutine that runs there: see ownSlots. It is taken with a plain store,
// and no instruction is locked. All others are shared, and taken with a
// compare-and-swap: by who has no own slot, or is in it already.
//
// The protocol, with what pairs with what:
//
//  1. Fire takes a slot. Shared: the mark goes from free to claimed, and the
//     compare-and-swap is a full barrier. Own: Fire loads the armed set and
//     stores the mark of its first handler, without a barrier.
//  2. Fire loads the hook's armed set, after that. Shared: this is the set that it uses.
//     Own: if it is another one than in (1), it frees the slot and takes a shared one.
//     (1) and (2) pair with (a) to (c).
//  3. Before each handler Fire stores the handler's mark, which tells the set's
//     generation and the handler's position in it.
//  4. Fire stores free. The stores of (3) and (4) are releases: who sees one
//     sees all that the handlers before it did.
//
// And on the other side:
//
//	a. Deregister publishes a set without the handler (a sequentially
//	   consistent store), with a new generation n.
//	b. It makes each thread pass a full barrier (fence). A thread that was between
//	   (1) and (2) either has its mark seen from now on or will load set n.
//	c. It looks at every slot. Free: a later claim will load set n. Of generation
//	   n or later: the call doesn't know the handler. Of an earlier one in
//	   which the handler isn't, or comes before the position: the call doesn't
//	   call it any more. Else, and when the slot is claimed and tells no generation
//	   yet, it looks again a little later.
//
// A mark that (c) sees may be one that (2) is about to take back: then it looks
// once more than it had to.
type slot struct {
	mark   uint64                    // a mark; atomic
	stack  stackPage                 // whose own slot it is; atomic; 0 in shared ones
	claims uint64                    // of a slot that is not counted by index; counted by who has it
	index  uint32                    // in a tally; uncounted or more for those that have no place there
	_      [128 - 8 - 8 - 8 - 4]byte // two lines: the adjacent-line prefetcher pairs them
}

// A mark is what a slot holds: generation, position and a bit that makes it
// differ from free.
type mark uint64

const (
	markFree    mark = 0
	markClaimed mark = 1 // by a call that has not told its set yet

	positionBits = 12
	// maxHandlers is how many handlers a hook can have: what a mark can tell apart.
	maxHandlers = 1 << positionBits
)

func newMark(gen uint64, position int) mark {
	return mark(gen<<(positionBits+1) | uint64(position)<<1 | 1)
}

// gen returns the generation of the set in use, which is 0 in markClaimed and
// in no published set.
func (m mark) gen() uint64 { return uint64(m >> (positionBits + 1)) }

// position returns where in the set the handler stands that runs.
func (m mark) position() int { return int(m >> 1 & (maxHandlers - 1)) }

const (
	slotBits      = 6
	slotsPerBlock = 1 << slotBits
)

// slots is one hook's set of slots: the own ones, a first block of shared ones, in which
// every caller has a place by a hash of its stack address, and further ones for when many
// calls are blocked in handlers at once or more than slotsPerBlock CPUs fire.
type slots struct {
	own    *ownSlots   // what the published set tells; guarded by registry.mu
	left   []*ownSlots // replaced while calls were in flight in them; guarded by registry.mu
	newest atomic.Pointer[slotBlock]
	mu     sync.Mutex // leaf lock; guards adding a block

	counted [uncounted]uint64 // what countMoved found last; guarded by registry.mu
}

type slotBlock struct {
	slots [slotsPerBlock]slot
	older *slotBlock // never changed; nil in the first
}

// newSlots returns the slots of a hook that has no handlers yet. Without a fence
// its own slots can't be had.
func newSlots(fenced bool) *slots {
	b := new(slotBlock)
	for i := range b.slots {
		b.slots[i].index = uint32(ownCount + i)
	}
	s := &slots{own: newOwnSlots(reserved)}
	if fenced {
		s.own = newOwnSlots(nobodys)
	}
	s.newest.Store(b)
	return s
}

// claim takes sl, a shared slot, if it is free.
func (sl *slot) claim() bool {
	return atomic.CompareAndSwapUint64(&sl.mark, uint64(markFree), uint64(markClaimed))
}

// enter tells that who has sl is about to call the handler that m means.
//
//go:nosplit
func (sl *slot) enter(m mark) { storeRel(&sl.mark, uint64(m)) }

// release frees the slot.
func (sl *slot) release() { storeRel(&sl.mark, uint64(markFree)) }

// look returns the mark of sl.
//
//go:nosplit
func (sl *slot) look() mark { return mark(loadAcq(&sl.mark)) }

// claim takes a shared slot for the caller, whose stack page is given.
func (s *slots) claim(p stackPage) *slot {
	at := p.hash(slotBits)
	if sl := &s.newest.Load().slots[at]; sl.index < uncounted && sl.claim() {
		return sl
	}
	return s.claimOther(at)
}

// claimOther is claim for when the place at at is taken, or all of the first block were once. It looks at
// four places of each block, newest block first since the old ones are full of
// blocked calls, and adds a block when all are taken. It holds the lock only to add one.
func (s *slots) claimOther(at uint64) *slot {
	for {
		newest := s.newest.Load()
		for b := newest; b != nil; b = b.older {
			for d := range uint64(4) {
				sl := &b.slots[(at+d)%slotsPerBlock]
				if sl.look() == markFree && sl.claim() {
					if sl.index >= uncounted {
						bump(&sl.claims)
					}
					return sl
				}
			}
		}
		s.grow(newest)
	}
}

// grow adds a block, unless somebody else has done it since newest was loaded.
func (s *slots) grow(newest *slotBlock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newest.Load() != newest {
		return
	}
	b := &slotBlock{older: newest}
	for i := range b.slots {
		b.slots[i].index = uncounted
	}
	s.newest.Store(b)
}

// each calls f for every slot that is not free, with registry.mu held. A block
// that is added meanwhile is left out: its claims come after the call of each,
// as those of free slots may.
func (s *slots) each(f func(*slot, mark)) {
	look := func(slots []slot) {
		for i := range slots {
			if m := slots[i].look(); m != markFree {
				f(&slots[i], m)
			}
		}
	}
	look(s.own[:])
	for _, o := range s.left {
		look(o[:])
	}
	for b := s.newest.Load(); b != nil; b = b.older {
		look(b.slots[:])
	}
}
