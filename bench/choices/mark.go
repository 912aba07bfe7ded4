package main

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// How does a call of Fire leave a mark, so that Deregister can wait for it? All designs load the
// set of handlers after the mark is set, as they must, and call one handler.

type handler func(int) int

var (
	set     atomic.Pointer[[]handler]
	one     atomic.Int64
	in, out atomic.Int64
	rw      sync.RWMutex
	places  [64]place
)

// A place is as large as the two cache lines that a processor fetches together.
type place struct {
	in, out atomic.Uint64
	calls   atomic.Uint64
	mark    uint64
	mine    uint64 // calls, counted by who holds the mark
	page    uint64 // whose place it is; 0 before somebody comes
	_       [128 - 6*8]byte
}

func init() { set.Store(&[]handler{func(x int) int { return x + 1 }}) }

// mine returns the caller's place, by the page of its stack.
func mine() *place { return &places[page()*0x9E3779B97F4A7C15>>58] }

func page() uint64 {
	var here byte
	return uint64(uintptr(unsafe.Pointer(&here)) >> 11)
}

//go:noinline
func fireUnmarked(x int) int { return (*set.Load())[0](x) }

//go:noinline
func fireOneCounter(x int) int {
	one.Add(1)
	r := (*set.Load())[0](x)
	one.Add(-1)
	return r
}

//go:noinline
func fireInOut(x int) int {
	in.Add(1)
	r := (*set.Load())[0](x)
	out.Add(1)
	return r
}

//go:noinline
func fireInOutPlaces(x int) int {
	p := mine()
	p.in.Add(1)
	r := (*set.Load())[0](x)
	p.out.Add(1)
	return r
}

//go:noinline
func fireInOutPlacesCounted(x int) int {
	p := mine()
	p.in.Add(1)
	p.calls.Add(1)
	r := (*set.Load())[0](x)
	p.out.Add(1)
	return r
}

// fireClaim is what the library does where somebody else has the caller's own place:
// the place belongs to the call, so only claiming it needs a locked instruction. (On other CPUs than
// amd64 the release is atomic.)
//
//go:noinline
func fireClaim(x int) int {
	p := mine()
	if !atomic.CompareAndSwapUint64(&p.mark, 0, 1) {
		return fireOneCounter(x) // for this comparison; the library takes another place
	}
	r := (*set.Load())[0](x)
	p.mark = 0
	return r
}

//go:noinline
func fireClaimCounted(x int) int {
	p := mine()
	if !atomic.CompareAndSwapUint64(&p.mark, 0, 1) {
		return fireOneCounter(x)
	}
	p.mine++
	r := (*set.Load())[0](x)
	p.mark = 0
	return r
}

// take takes p without a locked instruction, for the only page that may. The caller has loaded s and
// looks whether it still stands; who waits for calls makes all threads pass a barrier.
func (p *place) take(mine uint64, s *[]handler) bool {
	if p.page != mine && !atomic.CompareAndSwapUint64(&p.page, 0, mine) || p.mark != 0 {
		return false
	}
	p.mark = 1
	if set.Load() != s {
		p.mark = 0
		return false
	}
	return true
}

//go:noinline
func fireOwn(x int) int {
	s, p := set.Load(), mine()
	if !p.take(page(), s) {
		return fireClaim(x) // for this comparison
	}
	r := (*s)[0](x)
	p.mark = 0
	return r
}

//go:noinline
func fireOwnCounted(x int) int {
	s, p := set.Load(), mine()
	if !p.take(page(), s) {
		return fireClaim(x)
	}
	p.mine++
	r := (*s)[0](x)
	p.mark = 0
	return r
}

//go:noinline
func fireRWMutex(x int) int {
	rw.RLock()
	r := (*set.Load())[0](x)
	rw.RUnlock()
	return r
}

func loop(fire func(int) int) func(n int) {
	return func(n int) {
		x := 0
		for range n {
			x = fire(x)
		}
	}
}

var markQuestion = &question{
	title:   "What a mark costs, with one handler:",
	threads: []int{1, 2},
	designs: []design{
		{"no mark: nobody can wait", loop(fireUnmarked)},
		{"one counter, up and down", loop(fireOneCounter)},
		{"two counters, in and out", loop(fireInOut)},
		{"two counters in each of 64 places, by stack address", loop(fireInOutPlaces)},
		{"claiming one of 64 places", loop(fireClaim)},
		{"sync.RWMutex", loop(fireRWMutex)},
		{"two counters in each of 64 places, and an exact count of calls", loop(fireInOutPlacesCounted)},
		{"claiming one of 64 places, and an exact count of calls", loop(fireClaimCounted)},
		{"a place for each page of stack", loop(fireOwn)},
		{"**a place for each page of stack, and an exact count of calls**", loop(fireOwnCounted)},
	},
}
