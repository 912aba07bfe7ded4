package gkhi

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// A slot is the mark that one call of Fire leaves while it runs, so that
// Deregister can wait for calls in flight and so that a blocked handler shows.
// A call owns its slot alone: counting inside it needs no locked instruction,
// and one compare-and-swap per Fire is all that readers pay, however many
// handlers run. (It is the reader's side of an RCU with exclusive reader
// slots; see Desnoyers et al., "User-Level Implementations of Read-Copy
// Update", IEEE TPDS 2012.)
//
// The protocol, with what pairs with what:
//
//  1. Fire claims a slot: its mark goes from free to claimed. The
//     compare-and-swap is a full barrier.
//  2. Fire loads the hook's armed set, and only then: (1) and (2) pair with
//     (a) and (b).
//  3. Before each handler Fire stores the handler's mark, which tells the set's
//     generation and the handler's position in it.
//  4. Fire stores free. The stores of (3) and (4) are releases: who sees one
//     sees all that the handlers before it did.
//
// And on the other side:
//
//	a. Deregister publishes a set without the handler (a sequentially
//	   consistent store), with a new generation n.
//	b. It looks at every slot. Free: a later claim will load set n. Of generation
//	   n or later: the call doesn't know the handler. Of an earlier one in
//	   which the handler isn't, or comes before the position: the call doesn't
//	   call it any more. Else, and when the slot is claimed and tells no generation
//	   yet, it looks again a little later.
type slot struct {
	mark   uint64                // a mark; atomic
	claims uint64                // of a slot outside the first block; counted by its owner
	index  uint32                // in the first block; slotsPerBlock in all others
	_      [128 - 8 - 8 - 4]byte // two lines: the adjacent-line prefetcher pairs them
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

// slots is one hook's set of slots: a first block, in which every caller has a
// place of its own by a hash of its stack address, and further ones for when many
// calls are blocked in handlers at once or more than slotsPerBlock CPUs fire.
type slots struct {
	first  *[slotsPerBlock]slot
	newest atomic.Pointer[slotBlock]
	mu     sync.Mutex // leaf lock; guards adding a block
}

type slotBlock struct {
	slots [slotsPerBlock]slot
	older *slotBlock // never changed; nil in the first
}

func newSlots() *slots {
	b := new(slotBlock)
	for i := range b.slots {
		b.slots[i].index = uint32(i)
	}
	s := &slots{first: &b.slots}
	s.newest.Store(b)
	return s
}

// home returns the index of the slot that the calling goroutine tries first.
// Stacks are at least 2 KiB and hash apart; a goroutine stays on its slot, and
// with it in its CPU's cache, for as long as it stays on that part of its stack.
func home() uint64 {
	var here byte
	return uint64(uintptr(unsafe.Pointer(&here))>>11) * 0x9E3779B97F4A7C15 >> (64 - slotBits)
}

// claim takes sl if it is free.
func (sl *slot) claim() bool {
	return atomic.CompareAndSwapUint64(&sl.mark, uint64(markFree), uint64(markClaimed))
}

// enter tells that the owner of sl is about to call the handler that m means.
func (sl *slot) enter(m mark) { storeRel(&sl.mark, uint64(m)) }

// release ends the claim.
func (sl *slot) release() { storeRel(&sl.mark, uint64(markFree)) }

// look returns the mark of sl.
func (sl *slot) look() mark { return mark(loadAcq(&sl.mark)) }

// claimOther is for a caller whose own slot is in use. It looks at four places of
// each block, newest block first since the old ones are full of blocked calls, and
// adds a block when all are taken. It holds the lock only to add one.
func (s *slots) claimOther() *slot {
	at := home()
	for {
		newest := s.newest.Load()
		for b := newest; b != nil; b = b.older {
			for d := range uint64(4) {
				sl := &b.slots[(at+d)%slotsPerBlock]
				if sl.look() == markFree && sl.claim() {
					if sl.index == slotsPerBlock {
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
		b.slots[i].index = slotsPerBlock
	}
	s.newest.Store(b)
}

// each calls f for every slot that is not free. A block that is added meanwhile
// is left out: its claims come after the call of each, as those of free slots may.
func (s *slots) each(f func(*slot, mark)) {
	for b := s.newest.Load(); b != nil; b = b.older {
		for i := range b.slots {
			if m := b.slots[i].look(); m != markFree {
				f(&b.slots[i], m)
			}
		}
	}
}

// A tally counts the calls of a handler: one word per slot of the first block,
// written only by the slot's owner.
type tally struct {
	home [slotsPerBlock]padded
	over atomic.Uint64 // by owners of other slots
}

type padded struct {
	n uint64
	_ [56]byte
}

// add counts a call by the owner of sl.
func (t *tally) add(sl *slot) {
	if i := sl.index; i < slotsPerBlock {
		bump(&t.home[i].n)
	} else {
		t.over.Add(1)
	}
}

func (t *tally) sum() uint64 {
	total := t.over.Load()
	for i := range t.home {
		total += loadAcq(&t.home[i].n)
	}
	return total
}

// nth tells the call that the owner of sl is in from its earlier ones of the
// same handler.
func (t *tally) nth(sl *slot) uint64 {
	if i := sl.index; i < slotsPerBlock {
		return loadAcq(&t.home[i].n)
	}
	return loadAcq(&sl.claims)
}
