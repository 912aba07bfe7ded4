package gkhi

import (
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

func TestMark(t *testing.T) {
	for _, tt := range []struct {
		gen uint64
		pos int
	}{
		{1, 0}, {1, 1}, {1, maxHandlers - 1}, {2, 0}, {1 << 40, 7}, {1<<(63-positionBits) - 1, maxHandlers - 1},
	} {
		m := newMark(tt.gen, tt.pos)
		if m.gen() != tt.gen || m.position() != tt.pos {
			t.Errorf("mark of %d, %d is %d, %d", tt.gen, tt.pos, m.gen(), m.position())
		}
		if m == markFree || m == markClaimed {
			t.Errorf("mark of %d, %d can't be told from free or claimed", tt.gen, tt.pos)
		}
	}
	if markFree.gen() != 0 || markClaimed.gen() != 0 {
		t.Error("free and claimed have generations")
	}
}

// Slots must not share cache lines, whatever the size of a word.
func TestSlotSizes(t *testing.T) {
	if n := unsafe.Sizeof(slot{}); n != 128 {
		t.Errorf("a slot has %d bytes", n)
	}
	if n := unsafe.Sizeof(padded{}); n != 64 {
		t.Errorf("a count has %d bytes", n)
	}
	if n := unsafe.Offsetof(slotBlock{}.slots); n != 0 {
		t.Errorf("slots are at offset %d, where a 32-bit CPU might not align them", n)
	}
}

// A slot belongs to one caller at a time, in every block.
func TestClaims(t *testing.T) {
	s := newSlots(false)
	var wg sync.WaitGroup
	owners := map[*slot]*atomic.Int32{}
	var mu sync.Mutex
	for range 16 {
		wg.Go(func() {
			for range 200 {
				var mine []*slot
				for range 10 { // 160 at once, of 64 in a block
					sl := s.claim(myPage())
					mu.Lock()
					if owners[sl] == nil {
						owners[sl] = new(atomic.Int32)
					}
					n := owners[sl]
					mu.Unlock()
					if n.Add(1) != 1 {
						t.Error("a slot was claimed that was not free")
					}
					mine = append(mine, sl)
				}
				for _, sl := range mine {
					mu.Lock()
					owners[sl].Add(-1)
					mu.Unlock()
					sl.release()
				}
			}
		})
	}
	wg.Wait()
	s.each(func(*slot, mark) { t.Error("a slot is left claimed") })
}

// Blocks are added as more calls are in flight, and used again.
func TestBlocks(t *testing.T) {
	s := newSlots(false)
	blocks := func() (n int) {
		for b := s.newest.Load(); b != nil; b = b.older {
			n++
		}
		return n
	}
	var grown int
	for round := range 3 {
		claimed := map[*slot]bool{}
		for range 1000 {
			sl := s.claim(myPage())
			if claimed[sl] {
				t.Fatal("claimed twice")
			}
			claimed[sl] = true
		}
		n := 0
		s.each(func(sl *slot, m mark) {
			if !claimed[sl] || m != markClaimed {
				t.Error("each shows a slot that is not claimed")
			}
			n++
		})
		if n != len(claimed) {
			t.Errorf("each shows %d slots of %d", n, len(claimed))
		}
		for sl := range claimed {
			sl.release()
		}
		if round == 0 {
			grown = blocks()
		}
	}
	if grown < 1000/slotsPerBlock || grown > 1000/4+1 {
		t.Errorf("%d blocks for 1000 claims", grown)
	}
	if n := blocks(); n >= 2*grown { // a few more, when the test's stack has moved
		t.Errorf("%d blocks after the first round, %d after the third", grown, n)
	}
}

// Counts are exact with callers in all sorts of slots at once.
func TestTally(t *testing.T) {
	s := newSlots(false)
	var c tally
	var wg sync.WaitGroup
	var held []*slot
	for range 100 { // keep many slots taken, so that callers use all kinds
		held = append(held, s.claim(myPage()))
	}
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				sl := s.claim(myPage())
				before := c.nth(sl)
				c.add(sl)
				if sl.index < uncounted && c.nth(sl) != before+1 {
					t.Error("a call is not told from the one before")
				}
				sl.release()
			}
		})
	}
	wg.Wait()
	if c.sum() != 8000 {
		t.Errorf("counted %d of 8000", c.sum())
	}
	for _, sl := range held {
		sl.release()
	}
}

// myPage returns a page of the caller's stack.
func myPage() stackPage {
	var here byte
	return pageOf(unsafe.Pointer(&here))
}

// Goroutines have slots of their own mostly: two that share one would slow each other
// down.
func TestHome(t *testing.T) {
	const goroutines = 32
	var mu sync.Mutex
	seen := map[uint64]int{}
	var in, out sync.WaitGroup
	gate := make(chan bool)
	in.Add(goroutines)
	for range goroutines {
		out.Go(func() {
			mu.Lock()
			seen[myPage().hash(ownBits)]++
			mu.Unlock()
			in.Done()
			<-gate // so that no stack is used twice
		})
	}
	in.Wait()
	close(gate)
	out.Wait()
	if len(seen) < goroutines/3 { // 25 are expected of random ones
		t.Errorf("%d goroutines have only %d slots", goroutines, len(seen))
	}
	for at := range seen {
		if at >= ownCount {
			t.Errorf("slot %d of %d", at, ownCount)
		}
	}
}
