package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// The trampolines, in assembly. Only patched sites call them.
//
//lint:ignore U1000 declared for vet, which compares them with the assembly
func countHit()

//lint:ignore U1000 see countHit
func noteHit()

//lint:ignore U1000 see countHit
func countAndNoteHit()

//lint:ignore U1000 see countHit
func noteHitCPU()

//lint:ignore U1000 see countHit
func countAndNoteHitCPU()

//lint:ignore U1000 see countHit
func fullHit()

func trampolineAddrs() (count, note, both, noteCPU, bothCPU, full uintptr)

func cpuHasRDPID() bool

// hasRDPID is whether the CPU can say cheaply which it is.
var hasRDPID = cpuHasRDPID()

// Trampoline returns the address that a site calls.
func Trampoline(k Kind) (uintptr, error) {
	count, note, both, noteCPU, bothCPU, full := trampolineAddrs()
	if hasRDPID {
		note, both = noteCPU, bothCPU
	}
	switch {
	case k&Full != 0:
		return full, nil // it counts as well
	case k == Count:
		return count, nil
	case k == Note:
		return note, nil
	case k == Count|Note:
		return both, nil
	}
	return 0, errors.New("no trampoline for nothing")
}

// FullUnsupported returns why events can't have values and callers here; nil if they can.
func FullUnsupported() error { return nil }

var (
	// wants is where the want of text address 0 would be: 8 bytes, by address as counters are.
	//
	//lint:ignore U1000 read by the assembly
	wants uintptr

	// stackDepth is how many callers an event has at most.
	stackDepth uintptr

	// wantList keeps the wants of sites, whose addresses are known to nobody but the assembly.
	wantList [][]byte
)

func openWants(text, size uintptr) error {
	const noReserve = 0x4000
	base, _, e := syscall.Syscall6(syscall.SYS_MMAP, 0, 2*size+4096, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|noReserve, ^uintptr(0), 0)
	if e != 0 {
		return fmt.Errorf("no address space for what points record: %w", os.NewSyscallError("mmap", e))
	}
	wants = base - 2*text
	return nil
}

// Offsets of the assembly's, from the stack pointer in fullHit.
const (
	fullRegisters = 0
	fullSite      = 144 // the stack pointer at the site
	regSP         = 4
)

// SetWants says what events of sites, by address, are to have besides when the sites call the trampoline of Full. It must be called
// before they do; what was set for a site before stays. Places that there are none of are an error.
func SetWants(sites map[uintptr]Want) error {
	state.mu.Lock()
	defer state.mu.Unlock()
	if !state.ready {
		return errors.New("the recorder is not open")
	}
	same := map[string]*byte{}
	for addr, w := range sites {
		if addr < state.text || addr >= state.text+state.size {
			return fmt.Errorf("site %#x is outside of the program's text", addr)
		}
		b := []byte{}
		b = binary.LittleEndian.AppendUint32(b, uint32(len(w.Places)))
		b = binary.LittleEndian.AppendUint32(b, uint32(w.Frame))
		for _, p := range w.Places {
			at := int32(fullSite) + p.N
			if !p.Stack {
				if p.N < 0 || p.N > 15 || p.N == regSP {
					return fmt.Errorf("there is no register %d", p.N)
				}
				at = fullRegisters + 8*p.N
			}
			b = binary.LittleEndian.AppendUint32(b, uint32(at))
		}
		if len(w.Places) > MaxValues {
			return fmt.Errorf("%d values, where the most is %d", len(w.Places), MaxValues)
		}
		first := same[string(b)]
		if first == nil {
			first = &b[0]
			same[string(b)] = first
			wantList = append(wantList, b)
		}
		slot := wants + 2*(addr+callLen)
		if word(slot) == 0 {
			*(*uintptr)(*(*unsafe.Pointer)(unsafe.Pointer(&slot))) = uintptr(unsafe.Pointer(first))
		}
	}
	return nil
}

// SetDepth sets how many callers an event has at most, of all sites that call the trampoline of Full.
func SetDepth(n int) { atomic.StoreUintptr(&stackDepth, uintptr(min(max(n, 0), MaxDepth))) }
