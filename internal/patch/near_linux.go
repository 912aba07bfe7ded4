//go:build amd64 || arm64

package patch

import (
	"errors"
	"os"
	"syscall"
)

const areaSize = 1 << 16 // a page, however large pages are

// mapAt maps memory at addr, all zeros; prot is PROT_READ and what else is to be done with it. What is there already stays.
func mapAt(addr, size uintptr, prot int) error {
	const noReplace = 0x10_0000 // Linux 4.17; before, addr is a mere wish
	got, _, e := syscall.Syscall6(syscall.SYS_MMAP, addr, size, uintptr(prot),
		syscall.MAP_PRIVATE|syscall.MAP_ANON|noReplace, ^uintptr(0), 0)
	switch {
	case e != 0:
		return os.NewSyscallError("mmap", e)
	case got != addr:
		syscall.Syscall(syscall.SYS_MUNMAP, got, size, 0)
		return errors.New("mmap: the place was taken")
	}
	return nil
}
