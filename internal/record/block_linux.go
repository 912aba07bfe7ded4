//go:build amd64 || arm64

package record

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Ticks reads the time stamp counter, as events do: TSC, or CNTVCT_EL0.
func Ticks() uint64

// Sizes that the assembly knows too.
const (
	slotCount  = 256
	maxClaims  = 240 // a few slots stay free, so that a search ends
	ringEvents = 1 << 18
	eventSize  = 32
	ringAt     = 4096
	ringPad    = 4096 // behind the ring: an event that begins near its end goes on there
	countersAt = ringAt + ringEvents*eventSize + ringPad
)

// slots is the table that the assembly searches: who owns which block.
var slots struct {
	owner [slotCount]uintptr
	block [slotCount]uintptr
}

var (
	claims int64 // slots claimed, kept by the assembly
	//lint:ignore U1000 read by the assembly
	shared uintptr // the block of threads that found no slot
)

// header is the start of a block, as the assembly knows it.
type header struct {
	counters uintptr // where the counter of text address 0 would be
	head     uint64
	goid     uintptr
	dropped  uint64
	next     uintptr // amd64: the slot that head means
	minusEnd uintptr // amd64: minus the address behind the ring
	_        [2]uint64
	limit    uint64 // written by the reader

	// The reader's own: where it is, how far its round goes, the drops that it has seen, whether there may be a loss
	// in front of the next event, and whether there may be one behind the round's last.
	tail  uint64
	end   uint64
	seen  uint64
	first bool
	full  bool
}

type rawEvent struct {
	ticks, goid    uint64
	at             uint32 // what the counter is found by, its lower half
	cpu            uint16 // in the lower 12 bits; noCPU when not known
	values, frames uint8  // words that follow, in slots of their own
	sp, bp         uint32
}

const noCPU = 0xFFFF

// state is the recorder of the process.
var state struct {
	mu     sync.Mutex
	ready  bool
	err    error
	text   uintptr // lowest address of the text that is covered
	size   uintptr
	blocks []*header
	round  round
}

// Open reserves the blocks for text of size bytes at addr, once. It covers
// returns to these addresses only; Trampoline's callers see to that. The error is
// a sentence about what this machine or Go release lacks.
func Open(addr, size uintptr) error {
	state.mu.Lock()
	defer state.mu.Unlock()
	if state.ready || state.err != nil {
		return state.err
	}
	state.err = open(addr, size)
	state.ready = state.err == nil
	return state.err
}

func open(addr, size uintptr) error {
	goid, err := offsets()
	if err != nil {
		return err
	}
	const page = 4096
	stride := (countersAt + 2*size + 2*page) &^ (page - 1)
	const noReserve = 0x4000
	base, _, e := syscall.Syscall6(syscall.SYS_MMAP, 0, stride*(slotCount+1), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|noReserve, ^uintptr(0), 0)
	if e != 0 {
		return fmt.Errorf("no address space for the buffers of points: %w", os.NewSyscallError("mmap", e))
	}
	state.text, state.size = addr, size
	goidAt.Store(goid)
	if err := openWants(addr, size); err != nil {
		return err
	}
	for i := range slotCount + 1 {
		at := base + uintptr(i)*stride
		h := (*header)(*(*unsafe.Pointer)(unsafe.Pointer(&at)))
		state.blocks = append(state.blocks, h)
		h.counters = at + countersAt - 2*addr
		h.goid = goid
		h.limit = ringEvents
		h.next, h.minusEnd = at+ringAt, -(at + ringAt + ringEvents*eventSize)
		if i < slotCount {
			slots.block[i] = at
		} else {
			shared = at
		}
	}
	return nil
}

// goidAt is the offset of goid in g, once Open has found it.
var goidAt atomic.Uintptr

// CurrentGoid returns the id of the calling goroutine, quickly once the recorder is open.
func CurrentGoid() uint64 {
	if off := goidAt.Load(); off != 0 {
		return uint64(word(getg() + off))
	}
	return Goid()
}

// Hits returns how often the sites at these addresses (their first bytes that
// change) were counted, by all threads, ever.
func Hits(sites ...uintptr) uint64 {
	return Counted().Hits(sites...)
}

// Counters are those of the threads that have counted anything so far: to ask for many sites one after the other takes less
// time than with Hits.
type Counters []uintptr

// Counted returns the counters there are.
func Counted() (c Counters) {
	state.mu.Lock()
	defer state.mu.Unlock()
	for _, h := range used {
		c = append(c, h.counters)
	}
	return c
}

// Hits is what the function Hits is, without what threads counted that had not counted before.
func (c Counters) Hits(sites ...uintptr) (sum uint64) {
	for _, counters := range c {
		for _, addr := range sites {
			sum += readCounter(counters + 2*(addr+callLen))
		}
	}
	return sum
}

// used yields the blocks that a thread has claimed, by number, and the shared one, with
// state.mu held.
func used(yield func(int, *header) bool) {
	for i, h := range state.blocks {
		if (i == slotCount || atomic.LoadUintptr(&slots.owner[i]) != 0) && !yield(i, h) {
			return
		}
	}
}

// readCounter reads a counter that its thread may be writing. Counters are not
// aligned: one that crosses a cache line may be read torn, so two reads have to agree.
func readCounter(at uintptr) uint64 {
	for {
		a := uint64(word(at))
		if b := uint64(word(at)); a == b {
			return a
		}
	}
}

// maxSlots is how many slots of the ring an event takes at most.
const maxSlots = 1 + (MaxValues+MaxDepth+3)/4

// chunk is how much of a thread's ring a Drain passes on at most, in slots: so much stays in the CPU's cache.
const chunk = 1 << 14

// Drain gives b events that were noted, thread by thread, each thread's in order. Where there are many it
// is only a part of them (Partial): to have all that was noted until now, call it again until it is not.
//
//  1. Once the last round is over, begin one: note the time, then how far each thread is, and what it has dropped.
//  2. Pass on the next chunk of each thread, up to where it was.
//  3. When a thread's are all passed on, move its limit. Events are dropped only where the ring is full, so the place of a loss
//     is known: behind the last event of a round that began with a full ring.
//  4. The round is over when it is for all threads. Until is then the time of its beginning, and before that the time that
//     the threads have been passed on to that are not done.
func Drain(b *Batch) {
	*b = Batch{Events: b.Events[:0], Words: b.Words[:0]}
	state.mu.Lock()
	defer state.mu.Unlock()
	r := &state.round
	if len(r.left) == 0 {
		r.begin()
	}
	b.Until, b.Dropped, b.Busy = r.until, r.dropped, r.busy
	left := r.left[:0]
	for _, i := range r.left {
		if h := state.blocks[i]; !h.pass(b, int32(i)) {
			left = append(left, i)
			b.Until = min(b.Until, b.Events[len(b.Events)-1].Ticks)
		}
	}
	r.left, b.Partial = left, len(left) > 0
}

// A round is what Drain is in the midst of.
type round struct {
	left    []int // numbers of blocks that are not done
	until   uint64
	dropped uint64
	busy    bool
}

func (r *round) begin() {
	*r = round{left: r.left[:0], until: Ticks()}
	for i, h := range used {
		h.end = atomic.LoadUint64(&h.head)
		lost := atomic.LoadUint64(&h.dropped)
		r.dropped += lost
		r.busy = r.busy || h.end-h.tail > ringEvents/8
		h.first = h.full || lost != h.seen
		// Some may be dropped at this moment.
		h.full = h.end+maxSlots > h.limit
		h.seen = lost
		if h.tail == h.end {
			h.full = h.full || h.first
		} else {
			r.left = append(r.left, i)
		}
	}
}

// pass passes on a chunk of the block's events. It reports whether these were the last of the round.
func (h *header) pass(b *Batch, thread int32) (done bool) {
	ring := (*[ringEvents + ringPad/eventSize]rawEvent)(unsafe.Add(unsafe.Pointer(h), ringAt))
	t := h.tail
	for to := min(h.end, t+chunk); t < to; {
		r := &ring[t%ringEvents]
		n := int(r.values) + int(r.frames)
		e := Event{
			Ticks: r.ticks, Goid: r.goid, Site: state.text + uintptr(r.at-uint32(state.text)) - callLen, SP: r.sp, BP: r.bp,
			CPU: -1, Thread: thread, Gap: h.first, Values: r.values, Frames: r.frames, words: int32(len(b.Words)),
		}
		if r.cpu != noCPU {
			e.CPU = int32(r.cpu & 0xFFF)
		}
		if n > 0 {
			b.Words = append(b.Words, unsafe.Slice((*uint64)(unsafe.Add(unsafe.Pointer(r), eventSize)), n)...)
		}
		b.Events = append(b.Events, e)
		t += uint64(1 + (n+3)/4)
		h.first = false
	}
	h.tail = t
	if t < h.end {
		return false
	}
	if h.full {
		b.Events[len(b.Events)-1].Cut = true
	}
	atomic.StoreUint64(&h.limit, t+ringEvents)
	return true
}
