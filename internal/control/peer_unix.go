//go:build linux || darwin || freebsd

package control

import (
	"os"
	"syscall"

	"github.com/gkhi/gkhi/internal/control/peercred"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// checkPeer says why the peer may not talk to this process, or nil when it may: same user, or root. The kernel vouches for who the
// peer was when it connected.
func checkPeer(conn syscall.Conn) *wire.Error {
	uid, err := peercred.UID(conn)
	if err != nil {
		return wire.Errorf(wire.CodeDenied, "the process can't tell who you are: %v", err)
	}
	return checkUID(uid, os.Geteuid())
}

// overflowUID is what Linux shows of a user that has no number in our user namespace. Elsewhere it is nobody.
const overflowUID = 65534

func checkUID(uid uint32, mine int) *wire.Error {
	switch {
	case uid == 0, int64(uid) == int64(mine):
		return nil
	case uid == overflowUID:
		return wire.Errorf(wire.CodeDenied, "the process talks to user %d and to root only, as its own user namespace numbers them, and you have no number there", mine)
	}
	return wire.Errorf(wire.CodeDenied, "the process talks to user %d and to root only; you are user %d", mine, uid)
}
