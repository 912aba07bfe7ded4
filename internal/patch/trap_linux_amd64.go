package patch

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// trapHandler is in assembly and is called by the kernel only.
//
//lint:ignore U1000 declared for vet, which compares it with the assembly
func trapHandler()

// trapPC returns the address of trapHandler's own code. (The value of a Go func
// would be that of the wrapper that the linker puts in front of assembly.)
func trapPC() uintptr

// trapReturnPC returns the address of the code that a signal handler returns to.
func trapReturnPC() uintptr

// What trapHandler reads. chained is the handler that was there before, Go's; in a
// c-shared library there may be none, and it is SIG_DFL or SIG_IGN.
var (
	trapTable unsafe.Pointer
	chained   uintptr
)

// trapInstalled is whether trapHandler was put in place.
var trapInstalled bool

// A trapEntry says where a thread goes on that trapped at addr. The layout is
// known to the assembly.
type trapEntry struct {
	addr   uintptr // of the INT3; 0 ends a chain of probes
	resume uintptr // where to go on
	call   uintptr // when not 0: call this first and go on behind the CALL's 6 bytes
	_      uintptr
}

// A trapMap is a hash table with linear probing of all sites, at most half full.
// A published one may gain entries, and entries change in resume and call; of a bare
// piece only call does and of a guarded one only resume, so the handler never mixes two states.
type trapMap struct {
	// mem[0].addr holds the mask, the rest are the entries: one piece of memory,
	// as the assembly wants it.
	mem []trapEntry
}

func newTrapMap(n int) *trapMap {
	size := 16
	for size < 2*n {
		size *= 2
	}
	mem := make([]trapEntry, size+1)
	mem[0].addr = uintptr(size - 1)
	return &trapMap{mem: mem}
}

// find returns the entry of addr, or the free one where it belongs.
func (m *trapMap) find(addr uintptr) *trapEntry {
	i := (addr * 0x9E3779B97F4A7C15) >> 32
	for ; ; i++ {
		e := &m.mem[1+i&m.mem[0].addr]
		if e.addr == addr || e.addr == 0 {
			return e
		}
	}
}

// set changes where a thread goes on that traps at addr. The handler may be
// reading: it looks at addr first.
func (m *trapMap) set(addr, resume, call uintptr) {
	e := m.find(addr)
	atomic.StoreUintptr(&e.resume, resume)
	atomic.StoreUintptr(&e.call, call)
	atomic.StoreUintptr(&e.addr, addr)
}

func (m *trapMap) knows(addr uintptr) bool { return m.find(addr).addr == addr }

// holds reports whether there is room for n addresses.
func (m *trapMap) holds(n int) bool { return 2*n <= len(m.mem)-1 }

// publish makes m the table that the handler uses. Older ones are kept: a
// handler may be reading them.
func (m *trapMap) publish() {
	retired = append(retired, m)
	atomic.StorePointer(&trapTable, unsafe.Pointer(&m.mem[0]))
}

var retired []*trapMap

// sigaction is the kernel's struct for x86-64.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// rtSigaction calls rt_sigaction(2); either may be nil.
func (kernel) rtSigaction(sig syscall.Signal, act, old *sigaction) error {
	_, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(act)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// installTrap puts trapHandler in front of the Go runtime's handler for
// SIGTRAP, once, and checks that it is still there when called again.
func installTrap(sys System) error {
	var now sigaction
	if err := sys.rtSigaction(syscall.SIGTRAP, nil, &now); err != nil {
		return fmt.Errorf("the system refuses rt_sigaction for SIGTRAP: %w", err)
	}
	switch {
	case now.handler == trapPC():
		return nil
	case trapInstalled:
		return errors.New("another library took over the handler of SIGTRAP")
	}
	act := now // Go's flags (SA_SIGINFO, SA_ONSTACK, SA_RESTORER), restorer and mask suit us
	if now.handler <= sigIgn {
		// A c-shared library's runtime leaves SIGTRAP to the program.
		act = sigaction{flags: saSiginfo | saOnstack | saRestorer, restorer: trapReturnPC(), mask: ^uint64(0)}
	}
	act.handler = trapPC()
	chained = now.handler
	if err := sys.rtSigaction(syscall.SIGTRAP, &act, nil); err != nil {
		return fmt.Errorf("the system refuses rt_sigaction for SIGTRAP: %w", err)
	}
	trapInstalled = true
	return nil
}

// Constants of sigaction(2).
const (
	sigIgn     = 1
	saSiginfo  = 0x4
	saOnstack  = 0x0800_0000
	saRestorer = 0x0400_0000
)
