package control

import (
	"net"
	"os"
	"syscall"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// overflowUID is what the kernel shows of a user that has no number in our user namespace.
const overflowUID = 65534

// checkPeer says why the peer may not talk to this process, or nil when it may: same user, or root. The kernel vouches for who the
// peer was when it connected.
func checkPeer(conn *net.UnixConn) *wire.Error {
	uid, err := peerUID(conn)
	if err != nil {
		return wire.Errorf(wire.CodeDenied, "the process can't tell who you are: %v", err)
	}
	return checkUID(uid, os.Geteuid())
}

func checkUID(uid uint32, mine int) *wire.Error {
	switch {
	case uid == 0, int64(uid) == int64(mine):
		return nil
	case uid == overflowUID:
		return wire.Errorf(wire.CodeDenied, "the process talks to user %d and to root only, as its own user namespace numbers them, and you have no number there", mine)
	}
	return wire.Errorf(wire.CodeDenied, "the process talks to user %d and to root only; you are user %d", mine, uid)
}

func peerUID(conn *net.UnixConn) (uid uint32, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *syscall.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if credErr != nil {
		return 0, os.NewSyscallError("SO_PEERCRED", credErr)
	}
	return cred.Uid, nil
}
