package gkhi

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A slot is the mark that one call of Fire leaves while it runs, so that
// Deregister can wait for calls in flight and so that a blocked handler shows.
// A call owns its slot alone: counting inside it needs no locked instruction,
// and one compare-and-swap per Fire is all that readers pay, however many
// handlers run. (It is the reader's side of an RCU with exclusive reader
// slots; see McKenney et al., "User-Level Implementations of Read-Copy Update",
// IEEE TPDS 2012.)
//
// The protocol, with what pairs with what:
//
//  1. Fire claims a slot: owner goes from even to odd. The compare-and-swap is
//     a full barrier.
//  2. Fire loads the hook's armed set, and only then (so (1) pairs with the
//     publishing in (a)), writes the set's generation into the slot.
//  3. Before each handler Fire writes the handler's position.
//  4. Fire clears gen and makes owner even again, with release stores.
//
// And on the other side:
//
//	a. Deregister publishes a set without the handler (a sequentially
//	   consistent store), with a new generation n.
//	b. It looks at every slot. Even: a later claim will see set n. Odd with
//	   gen ≥ n: the call doesn't know the handler. Odd with an older gen and a position past the
//	   handler's: the call is done with it. Else it waits until owner changes
//	   or one of these holds.
type slot struct {
	owner atomic.Uint64 // even: free; odd: claimed. Never repeats, so it names the claim.
	gen   uint64        // generation of the set in use; 0 until it is known
	pos   uint64        // position in the set of the handler that runs
	extra bool          // from the overflow list; its calls are counted atomically
	index int
	_     [128 - 3*8 - 16]byte // two lines: the adjacent-line prefetcher pairs them
}

// slots is one hook's set of slots: a fixed array, chosen from by a hash of the
// caller's stack address, and a list that grows when many calls are blocked in
// handlers at once.
type slots struct {
	fixed []slot // a power of two
	shift uint

	mu    sync.Mutex // leaf lock
	extra []*slot
	free  []*slot
}

func newSlots() *slots {
	n, bits := 16, uint(4)
	for n < 8*runtime.GOMAXPROCS(0) && n < 256 {
		n, bits = n*2, bits+1
	}
	s := &slots{fixed: make([]slot, n), shift: 64 - bits}
	for i := range s.fixed {
		s.fixed[i].index = i
	}
	return s
}

// pick returns the slot that the calling goroutine tries first. Stacks are at
// least 2 KiB and hash apart; a goroutine stays on its slot, and with it in its
// CPU's cache, for as long as its stack does.
func (s *slots) pick() *slot {
	var here byte
	h := uint64(uintptr(unsafe.Pointer(&here))>>11) * 0x9E3779B97F4A7C15
	return &s.fixed[h>>(s.shift&63)&uint64(len(s.fixed)-1)]
}

// claim takes sl if it is free.
func (sl *slot) claim() bool {
	o := sl.owner.Load()
	return o&1 == 0 && sl.owner.CompareAndSwap(o, o+1)
}

// claimOther is claim's slow path: the slot that was tried is in use.
func (s *slots) claimOther(tried *slot) *slot {
	for d := 1; d < 4; d++ {
		if sl := &s.fixed[(tried.index+d)&(len(s.fixed)-1)]; sl.claim() {
			return sl
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var sl *slot
	if n := len(s.free); n > 0 {
		sl, s.free = s.free[n-1], s.free[:n-1]
	} else {
		sl = &slot{extra: true, index: len(s.fixed) + len(s.extra)}
		s.extra = append(s.extra, sl)
	}
	sl.owner.Add(1)
	return sl
}

// release ends the claim.
func (s *slots) release(sl *slot) {
	storeRel(&sl.gen, 0)
	if sl.extra {
		s.mu.Lock()
		sl.owner.Add(1)
		s.free = append(s.free, sl)
		s.mu.Unlock()
		return
	}
	// Only the owner writes an odd owner word, so a plain store is enough.
	storeRel((*uint64)(unsafe.Pointer(&sl.owner)), sl.owner.Load()+1)
}

// each calls f for every slot.
func (s *slots) each(f func(*slot)) {
	for i := range s.fixed {
		f(&s.fixed[i])
	}
	s.mu.Lock()
	extra := s.extra // only ever appended to
	s.mu.Unlock()
	for _, sl := range extra {
		f(sl)
	}
}

// A claimView is what another goroutine sees of a claimed slot.
type claimView struct {
	owner, gen, pos uint64
}

// view reads sl. ok is false when it is free, or changed hands meanwhile.
func (sl *slot) view() (v claimView, ok bool) {
	v.owner = sl.owner.Load()
	if v.owner&1 == 0 {
		return v, false
	}
	v.gen = loadAcq(&sl.gen)
	v.pos = loadAcq(&sl.pos)
	return v, sl.owner.Load() == v.owner
}

// A tally counts calls: one word per slot, written only by the slot's owner.
type tally struct {
	n    []padded
	over atomic.Uint64 // for extra slots
}

type padded struct {
	n uint64
	_ [56]byte
}

func newTally(s *slots) *tally { return &tally{n: make([]padded, len(s.fixed))} }

func (t *tally) add(sl *slot) {
	if i := sl.index; i < len(t.n) {
		bump(&t.n[i].n)
	} else {
		t.over.Add(1)
	}
}

func (t *tally) sum() uint64 {
	total := t.over.Load()
	for i := range t.n {
		total += loadAcq(&t.n[i].n)
	}
	return total
}
