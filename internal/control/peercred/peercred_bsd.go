//go:build darwin || freebsd

package peercred

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// Of sys/un.h and sys/ucred.h, the same on both systems; package syscall doesn't have them.
const (
	solLocal      = 0
	localPeerCred = 1
	xucredVersion = 0
)

// xucred is the beginning of struct xucred, and room for the rest, which is up to 80 bytes.
type xucred struct {
	version uint32
	uid     uint32
	_       [120]byte
}

// ask asks the kernel whose the other end of a socket is, as getpeereid(3) does.
func ask(fd uintptr) (uid uint32, err error) {
	var cred xucred
	size := uint32(unsafe.Sizeof(cred))
	if _, _, e := syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, solLocal, localPeerCred,
		uintptr(unsafe.Pointer(&cred)), uintptr(unsafe.Pointer(&size)), 0); e != 0 {
		return 0, os.NewSyscallError("LOCAL_PEERCRED", e)
	}
	if cred.version != xucredVersion || uintptr(size) < unsafe.Offsetof(cred.uid)+unsafe.Sizeof(cred.uid) {
		return 0, fmt.Errorf("LOCAL_PEERCRED answers %d bytes of version %d", size, cred.version)
	}
	return cred.uid, nil
}
