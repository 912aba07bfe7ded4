//go:build !linux

package control

import (
	"net"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// checkPeer lets everybody in who could connect. The standard library can't ask who the peer is on these systems (macOS and the BSDs have
// LOCAL_PEERCRED, which package syscall does not decode), so it is the directory's and the socket's modes, 0700 and 0600,
// that keep others out; these systems check both on connect. On Windows it is the access list of the user's directory.
func checkPeer(*net.UnixConn) *wire.Error { return nil }
