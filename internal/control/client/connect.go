package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"

	"github.com/gkhi/gkhi/internal/control/sockdir"
)

// connect opens the process's socket and checks who listens on it.
func connect(ctx context.Context, p Process) (net.Conn, error) {
	conn, err := dial(ctx, p.socket)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, p.fail(ErrBroken, "its socket takes no connections: "+ctx.Err().Error(), "")
	case errors.Is(err, fs.ErrPermission):
		return nil, p.fail(ErrPermission, fmt.Sprintf("socket %s: %v", p.socket, err), "run gkhi as the owner of the process, or as root")
	case errors.Is(err, fs.ErrNotExist):
		return nil, p.fail(ErrNotHooked, "its socket "+p.socket+" is not there: it has stopped serving, or the file was removed", "")
	case sockdir.Refused(err):
		return nil, p.fail(ErrNotHooked, "nobody listens on its socket "+p.socket+": it has stopped serving", "")
	default:
		return nil, p.fail(ErrBroken, err.Error(), "")
	}
	if pid, ok := peerPID(conn); ok && p.PID != 0 && pid != p.PID {
		conn.Close()
		return nil, p.fail(ErrWrongPeer, fmt.Sprintf("process %d listens on %s", pid, p.socket), "")
	}
	return conn, nil
}

// dial connects to the socket at path, however long the path is where the system allows that.
func dial(ctx context.Context, path string) (*net.UnixConn, error) {
	dir, base := filepath.Split(path)
	short, release, err := sockdir.Short(filepath.Clean(dir), base)
	if err != nil {
		return nil, err
	}
	defer release()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", short)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// fromDirs finds sockets in the directories that this user's processes use by default. The pid is what the name says; it is
// the sender's own, which is ours only where both are in one pid namespace.
func fromDirs() (ps []Process, err error) {
	for _, dir := range sockdir.Candidates() {
		entries, dirErr := sockdir.Entries(dir)
		if dirErr != nil {
			err = errors.Join(err, dirErr)
			continue
		}
		for _, e := range entries {
			ps = append(ps, Process{Copy: e.Copy, UID: -1, socket: e.Path, nsPID: e.PID})
		}
	}
	return ps, err
}
