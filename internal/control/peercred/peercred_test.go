//go:build linux || darwin || freebsd

package peercred

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// The kernel says that a connection of this process is this user's.
func TestUID(t *testing.T) {
	at := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	served, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	if uid, err := UID(served.(*net.UnixConn)); err != nil || int(uid) != os.Geteuid() {
		t.Errorf("user %d, %v; want %d", uid, err, os.Geteuid())
	}
}
