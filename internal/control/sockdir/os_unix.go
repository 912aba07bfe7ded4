//go:build unix

package sockdir

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"syscall"
)

// modesMatter says that file modes keep other users out.
const modesMatter = true

func owner(info fs.FileInfo) (uid int, known bool) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), true
	}
	return 0, false
}

// Alive reports whether there is a process with this pid in this pid namespace.
func Alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func systemRuntimeDirs(user string) []string {
	if runtime.GOOS == "linux" {
		return []string{filepath.Join("/run/user", user)}
	}
	return nil
}

func systemTempDirs() []string { return []string{"/tmp"} }

// Refused reports whether err says that nobody listens on a socket that is there.
func Refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

func addrInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
