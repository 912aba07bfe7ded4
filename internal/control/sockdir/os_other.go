//go:build !unix

package sockdir

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// modesMatter says that file modes keep other users out. On Windows they don't: the directory for temporary files is the
// user's own by its access list.
const modesMatter = false

func owner(fs.FileInfo) (uid int, known bool) { return 0, false }

// Alive reports whether there is a process with this pid. Finding it fails on Windows when there is none.
func Alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	p.Release()
	return true
}

func systemRuntimeDirs(string) []string { return nil }
func systemTempDirs() []string          { return nil }

// The numbers of Winsock, which package syscall does not name.
const (
	wsaeaddrinuse   = syscall.Errno(10048)
	wsaeconnrefused = syscall.Errno(10061)
)

// Refused reports whether err says that nobody listens on a socket that is there.
func Refused(err error) bool { return errors.Is(err, wsaeconnrefused) }

func addrInUse(err error) bool { return errors.Is(err, wsaeaddrinuse) }
