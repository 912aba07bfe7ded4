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
	ringEvents = 1 << 16
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
	_        [4]uint64
	limit    uint64 // written by the reader

	// The reader's own: where it is, the drops that it has seen, and whether there
	// is a gap in front of what comes next.
	tail uint64
	seen uint64
	gap  bool
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
	state.mu.Lock()
	defer state.mu.Unlock()
	var sum uint64
	for _, h := range used {
		for _, addr := range sites {
			sum += readCounter(h.counters + 2*(addr+callLen))
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

// Drain gives b the events that were noted since the last time, thread by
// thread, each thread's in order.
func Drain(b *Batch) {
	b.Events, b.Words, b.Dropped, b.Busy = b.Events[:0], b.Words[:0], 0, false
	state.mu.Lock()
	defer state.mu.Unlock()
	for i, h := range used {
		ring := (*[ringEvents + ringPad/eventSize]rawEvent)(unsafe.Add(unsafe.Pointer(h), ringAt))
		head := atomic.LoadUint64(&h.head)
		lost := atomic.LoadUint64(&h.dropped)
		gap := h.gap || lost != h.seen
		// Events are dropped when the ring is full, that is behind its last one. Some may be at this moment.
		h.gap = head+maxSlots > h.limit
		h.seen = lost
		for t := h.tail; t < head; {
			r := &ring[t%ringEvents]
			n := int(r.values) + int(r.frames)
			e := Event{
				Ticks: r.ticks, Goid: r.goid, Site: state.text + uintptr(r.at-uint32(state.text)) - callLen, SP: r.sp, BP: r.bp,
				CPU: -1, Thread: int32(i), Gap: gap, Values: r.values, Frames: r.frames, words: int32(len(b.Words)),
			}
			if r.cpu != noCPU {
				e.CPU = int32(r.cpu & 0xFFF)
			}
			if n > 0 {
				b.Words = append(b.Words, unsafe.Slice((*uint64)(unsafe.Add(unsafe.Pointer(r), eventSize)), n)...)
			}
			b.Events = append(b.Events, e)
			t += uint64(1 + (n+3)/4)
			gap = false
		}
		b.Busy = b.Busy || head-h.tail > ringEvents/8
		if h.tail == head {
			h.gap = h.gap || gap
		} else if h.gap {
			b.Events[len(b.Events)-1].Cut = true
		}
		h.tail = head
		atomic.StoreUint64(&h.limit, head+ringEvents)
		b.Dropped += lost
	}
}
