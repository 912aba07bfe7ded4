package sockdir

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// A unixListener listens on a unix socket. It does without package net, which is about a tenth of a small program: the descriptor is one of
// an os.File, and so the runtime's poller waits for it.
type unixListener struct {
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool // set before file is closed, whose errors don't tell
}

func listenUnix(path string) (*unixListener, error) {
	fd, err := newSocket()
	if err != nil {
		return nil, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	l := &unixListener{}
	if err = os.NewSyscallError("listen", syscall.Listen(fd, syscall.SOMAXCONN)); err == nil {
		if l.file, err = pollable(fd, path); err == nil {
			if l.raw, err = l.file.SyscallConn(); err == nil {
				return l, nil
			}
			l.file.Close()
		}
	} else {
		syscall.Close(fd)
	}
	os.Remove(path)
	return nil, err
}

func newSocket() (fd int, err error) {
	fd, err = syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	return fd, os.NewSyscallError("socket", err)
}

// pollable makes a file of a descriptor that does not block, which it closes on an error.
//
// The descriptor is none of the standard ones, which are free where the program has closed them: a write to such a file whose other end
// is closed would end the program, by SIGPIPE.
func pollable(fd int, name string) (*os.File, error) {
	const first = 3
	if fd < first {
		other, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, first)
		syscall.Close(fd)
		if errno != 0 {
			return nil, os.NewSyscallError("fcntl", errno)
		}
		fd = int(other)
	}
	f := os.NewFile(uintptr(fd), name)
	// The one way to learn that the poller did not take it, for want of memory or descriptors.
	if err := f.SetDeadline(time.Time{}); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// accept waits for the next connection. After close it returns os.ErrClosed.
func (l *unixListener) accept() (Conn, error) {
	fd := -1
	var failed error
	err := l.raw.Read(func(listening uintptr) bool {
		for {
			fd, _, failed = syscall.Accept4(int(listening), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
			switch {
			case errors.Is(failed, syscall.EINTR), errors.Is(failed, syscall.ECONNABORTED):
				continue
			case errors.Is(failed, syscall.EAGAIN):
				return false
			}
			return true
		}
	})
	switch {
	case l.closed.Load():
		if err == nil && failed == nil {
			syscall.Close(fd)
		}
		return nil, os.ErrClosed
	case err != nil:
		return nil, err
	case failed != nil:
		return nil, os.NewSyscallError("accept4", failed)
	}
	f, err := pollable(fd, l.file.Name())
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (l *unixListener) Close() error {
	l.closed.Store(true)
	return l.file.Close()
}

// refuses reports whether path is a socket on which nobody listens. It never waits: one that has no room for the connection is
// listened on.
func refuses(path string) bool {
	fd, err := newSocket()
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return Refused(syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}))
}
