package peercred

import (
	"os"
	"syscall"
)

// ask asks the kernel whose the other end of a socket is.
func ask(fd uintptr) (uid uint32, err error) {
	cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return 0, os.NewSyscallError("SO_PEERCRED", err)
	}
	return cred.Uid, nil
}
