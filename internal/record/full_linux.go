//go:build amd64 || arm64

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

var (
	// wants is where the want of text address 0 would be: 8 bytes, by address as counters are.
	//
	//lint:ignore U1000 read by the assembly
	wants uintptr

	// stackDepth is how many callers an event has at most.
	stackDepth uintptr

	// noteValues is whether events have values at all.
	noteValues uintptr

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
		callers := uint16(1)
		if w.NoCallers {
			callers = 0
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(len(w.Places)))
		b = binary.LittleEndian.AppendUint16(b, callers)
		b = binary.LittleEndian.AppendUint32(b, uint32(w.Frame))
		for _, p := range w.Places {
			at := fullSite + p.N
			if !p.Stack {
				var ok bool
				if at, ok = savedAt(p.N); !ok {
					return fmt.Errorf("there is no register %d", p.N)
				}
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

// SetValues sets whether events have the values that the wants of their sites name.
func SetValues(on bool) {
	var v uintptr
	if on {
		v = 1
	}
	atomic.StoreUintptr(&noteValues, v)
}
