//go:build linux || darwin || freebsd

package peercred

import "syscall"

// UID returns the effective user id of who connected, or accepted, conn's other end. It is safe for concurrent use.
func UID(conn syscall.Conn) (uid uint32, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var asked error
	if err := raw.Control(func(fd uintptr) { uid, asked = ask(fd) }); err != nil {
		return 0, err
	}
	return uid, asked
}
