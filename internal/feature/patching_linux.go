package feature

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel's headers call the same; x/sys/unix has no constants for them.
const (
	membarrierQuery    = 0      // MEMBARRIER_CMD_QUERY
	membarrierSyncCore = 1 << 5 // MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE
	atHWCAP2           = 26     // AT_HWCAP2
	hwcap2FSGSBASE     = 1 << 1 // HWCAP2_FSGSBASE, x86
)

const flagIsRight = "nothing has to be done: a site that can't be patched tests its flag, at the cost of a load and a branch"

// coreSync asks for the barrier that makes all threads see new instructions.
func (h host) coreSync() Finding {
	f := Finding{Name: "core-sync", State: OK, Detail: "membarrier SYNC_CORE: code can be changed while threads run it"}
	commands, err := h.membarrier()
	switch {
	case errors.Is(err, unix.ENOSYS):
		f.State, f.Detail = Missing, "the kernel has no membarrier system call"
		f.Advice = "use a kernel with CONFIG_MEMBARRIER; until then " + flagIsRight
	case errors.Is(err, unix.EPERM):
		f.State, f.Detail = Missing, "a sandbox forbids the membarrier system call"
		f.Advice = "allow membarrier in the container's seccomp profile; until then " + flagIsRight
	case err != nil:
		return unread(f.Name, err)
	case commands&membarrierSyncCore == 0:
		f.State, f.Detail = Missing, "membarrier has no SYNC_CORE, which came with Linux 4.16 for most CPUs"
		f.Advice = "use a newer kernel; until then " + flagIsRight
	}
	return f
}

// textWrite asks whether a process may write to its own read-only pages, which is how text is
// patched with no mapping that is writable and executable.
func (h host) textWrite() Finding {
	f := Finding{Name: "text-write", State: OK, Detail: "/proc/self/mem writes to read-only pages"}
	switch err := h.forceWrite(); {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		f.State, f.Detail = Missing, "there is no /proc/self/mem"
		f.Advice = "mount /proc; until then " + flagIsRight
	default:
		f.State, f.Detail = Missing, fmt.Sprintf("/proc/self/mem does not write to read-only pages: %v", err)
		f.Advice = "on a kernel hardened with proc_mem.force_override=never boot with =ptrace or =always; until then " + flagIsRight
	}
	return f
}

// gsBase asks whether user code may set its gs base, which gives each thread its own event buffer at the price of a prefix.
func (h host) gsBase() Finding {
	if h.arch != "amd64" {
		return Finding{}
	}
	f := Finding{Name: "fsgsbase", State: OK, Detail: "user code may set the gs base: event buffers are found per thread"}
	bits, err := h.hwcap2()
	switch {
	case err != nil:
		return unread(f.Name, err)
	case bits&hwcap2FSGSBASE == 0:
		f.State, f.Detail = Limited, "the kernel does not let user code set the gs base: event buffers are kept per CPU, which costs more"
		f.Advice = "use Linux 5.9 or newer, without nofsgsbase on its command line, on a CPU with FSGSBASE"
	}
	return f
}

func queryMembarrier() (uint, error) {
	r, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, membarrierQuery, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint(r), nil
}

func readHWCAP2() (uint, error) {
	aux, err := unix.Auxv()
	if err != nil {
		return 0, err
	}
	for _, pair := range aux {
		if pair[0] == atHWCAP2 {
			return uint(pair[1]), nil
		}
	}
	return 0, nil // a kernel with no such entry has no such features
}

// tryForceWrite writes to a page that it maps read-only for the purpose.
func tryForceWrite() error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(page)
	mem, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer mem.Close()
	const mark = 0x5a
	if _, err := mem.WriteAt([]byte{mark}, int64(uintptr(unsafe.Pointer(&page[0])))); err != nil {
		return err
	}
	if page[0] != mark {
		return errors.New("the write had no effect: read back " + strconv.Itoa(int(page[0])))
	}
	return nil
}
