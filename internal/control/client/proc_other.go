//go:build !linux

package client

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"

	"github.com/gkhi/gkhi/internal/control/sockdir"
)

// find reads the directories. What a process is called only it can tell, so each is asked.
func find(ctx context.Context) ([]Process, error) {
	found, err := fromDirs()
	for i := range found {
		found[i].PID = found[i].nsPID
	}
	found = slices.DeleteFunc(found, func(p Process) bool {
		name, _ := sockdir.ParseName(filepath.Base(p.socket))
		return sockdir.Entry{Name: name, Path: p.socket}.Dead()
	})
	sortProcesses(found)
	setCopies(found)
	askAll(ctx, found)
	for i := range found {
		if h := found[i].Hello; h != nil {
			found[i].Exe, found[i].Name = h.Exe, filepath.Base(h.Exe)
		}
	}
	if len(found) > 0 {
		err = nil
	}
	return found, err
}

func ofPID(ctx context.Context, pid int) ([]Process, error) {
	if !sockdir.Alive(pid) {
		return nil, &TargetError{Target: fmt.Sprint(pid), Err: ErrNoProcess}
	}
	all, err := find(ctx)
	mine := slices.DeleteFunc(all, func(p Process) bool { return p.PID != pid })
	if len(mine) > 0 {
		err = nil
	}
	return mine, err
}

func whyNot(pid int) error {
	return &TargetError{Target: fmt.Sprint(pid), Err: ErrNotHooked, Why: "no socket of it is in this user's directories", Hint: serveHint}
}

// pidsNamed can't tell here; only processes that serve are known.
func pidsNamed(string) []int { return nil }

// mainOf can't tell here.
func mainOf(Process) string { return "" }

func peerPID(*net.UnixConn) (pid int, ok bool) { return 0, false }

// whyClosed words why a process may have closed the connection.
func (p Process) whyClosed() string {
	if p.PID != 0 && !sockdir.Alive(p.PID) {
		return "the process has ended"
	}
	return whyClosedAlive
}
