//go:build !linux

package sockdir

import (
	"errors"
	"net"
	"os"
	"time"
)

// A unixListener listens on a unix socket.
type unixListener struct{ *net.UnixListener }

func listenUnix(path string) (*unixListener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // by Listener.Close, which looks first
	return &unixListener{l}, nil
}

// accept waits for the next connection. After Close it returns os.ErrClosed.
func (l *unixListener) accept() (Conn, error) {
	conn, err := l.AcceptUnix()
	switch {
	case errors.Is(err, net.ErrClosed):
		return nil, os.ErrClosed
	case err != nil:
		return nil, err
	}
	return conn, nil
}

// refuses reports whether path is a socket on which nobody listens.
func refuses(path string) bool {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return Refused(err)
	}
	conn.Close()
	return false
}
