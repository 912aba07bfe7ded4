package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/control/sockdir"
)

// procDir returns the path of a file under /proc/PID.
func procDir(pid int, file string) string { return fmt.Sprintf("/proc/%d/%s", pid, file) }

// procStatus is what is needed of /proc/PID/status.
type procStatus struct {
	name   string
	tgid   int
	uid    int // effective
	nsPID  int // in the innermost pid namespace
	zombie bool
}

func readStatus(pid int) (procStatus, error) {
	data, err := os.ReadFile(procDir(pid, "status"))
	if err != nil {
		return procStatus{}, err
	}
	return parseStatus(string(data)), nil
}

func parseStatus(text string) procStatus {
	var st procStatus
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		last := fields[len(fields)-1]
		switch key {
		case "Name":
			st.name = strings.TrimPrefix(value, "\t")
		case "State":
			st.zombie = fields[0] == "Z" || fields[0] == "X"
		case "Tgid":
			st.tgid, _ = strconv.Atoi(last)
		case "Uid":
			if len(fields) > 1 {
				st.uid, _ = strconv.Atoi(fields[1])
			}
		case "NSpid":
			st.nsPID, _ = strconv.Atoi(last)
		}
	}
	return st
}

// listening is a socket of /proc/PID/net/unix that somebody listens on and that is named as ours are.
type listening struct {
	inode string
	path  string
	name  sockdir.Name
}

// parseUnix reads /proc/net/unix: Num RefCount Protocol Flags Type St Inode Path. The path is as it was given to bind.
func parseUnix(text string) (found []listening) {
	const acceptCon = 1 << 16 // __SO_ACCEPTCON: listening
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(strings.TrimLeft(line, " "), "\n"), " ", 7)
		if len(fields) < 7 {
			continue
		}
		flags, err := strconv.ParseUint(fields[3], 16, 64)
		if err != nil || flags&acceptCon == 0 {
			continue
		}
		inode, path, _ := strings.Cut(strings.TrimLeft(fields[6], " "), " ")
		name, ok := sockdir.ParseName(filepath.Base(path))
		if ok && filepath.IsAbs(path) && !strings.HasPrefix(path, "/proc/") {
			found = append(found, listening{inode, path, name})
		}
	}
	return found
}

func readUnix(pid int) []listening {
	data, err := os.ReadFile(procDir(pid, "net/unix"))
	if err != nil {
		return nil
	}
	return parseUnix(string(data))
}

// socketInodes returns the inodes of the sockets that a process has open.
func socketInodes(pid int) (map[string]bool, error) {
	dir := procDir(pid, "fd")
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	inodes := map[string]bool{}
	for _, name := range names {
		link, err := os.Readlink(filepath.Join(dir, name))
		if err != nil {
			continue // closed since
		}
		if rest, ok := strings.CutPrefix(link, "socket:["); ok {
			inodes[strings.TrimSuffix(rest, "]")] = true
		}
	}
	return inodes, nil
}

// commLen is how much the kernel keeps of a process's name, in bytes.
const commLen = 15

// describe fills in what /proc tells of a process.
func describe(pid int, st procStatus) Process {
	p := Process{PID: pid, Name: st.name, UID: st.uid, Start: self.StartTime(pid), nsPID: st.nsPID}
	if exe, err := os.Readlink(procDir(pid, "exe")); err == nil {
		p.Exe = strings.TrimSuffix(exe, " (deleted)")
		if base := filepath.Base(p.Exe); len(p.Name) == commLen && strings.HasPrefix(base, p.Name) {
			p.Name = base
		}
	}
	return p
}

// inNamespace finds the process's sockets among those of its network namespace.
func inNamespace(pid int, st procStatus, table []listening) (ps []Process) {
	table = slices.DeleteFunc(slices.Clone(table), func(l listening) bool { return l.name.PID != st.nsPID })
	if len(table) == 0 {
		return nil
	}
	inodes, err := socketInodes(pid)
	start, _ := self.StartTicks(pid)
	for _, l := range table {
		mine := inodes[l.inode]
		if err != nil { // we may not look; the name has to do
			mine = l.name.Start == start
		}
		if !mine {
			continue
		}
		p := describe(pid, st)
		p.Copy, p.socket = l.name.Copy, reach(pid, l.path)
		ps = append(ps, p)
	}
	return ps
}

// reach returns a path by which this process gets at what the other one calls path.
func reach(pid int, path string) string {
	through := procDir(pid, "root") + path
	theirs, err := os.Stat(through)
	if err != nil {
		return path // not allowed; perhaps there is no other root at all
	}
	if ours, err := os.Stat(path); err == nil && os.SameFile(ours, theirs) {
		return path
	}
	return through
}

// ofPID finds the sockets of one process. None and no error means that it has none, as far as can be seen.
func ofPID(ctx context.Context, pid int) ([]Process, error) {
	st, err := readStatus(pid)
	if err != nil {
		return nil, &TargetError{Target: fmt.Sprint(pid), Err: ErrNoProcess}
	}
	if st.tgid != 0 && st.tgid != pid { // a thread's id
		pid = st.tgid
		if st, err = readStatus(pid); err != nil {
			return nil, &TargetError{Target: fmt.Sprint(pid), Err: ErrNoProcess}
		}
	}
	if uid := os.Geteuid(); uid != 0 && st.uid != uid {
		return nil, otherUser(pid, st.uid)
	}
	ps := inNamespace(pid, st, readUnix(pid))
	if len(ps) == 0 {
		ps = ofPIDFromDirs(pid, st)
	}
	sortProcesses(ps)
	return ps, nil
}

func otherUser(pid, uid int) error {
	return &TargetError{
		Target: fmt.Sprint(pid), Err: ErrPermission,
		Why:  fmt.Sprintf("it belongs to user %d, you are user %d", uid, os.Geteuid()),
		Hint: "run gkhi as that user or as root",
	}
}

// ofPIDFromDirs finds what /proc/PID/net/unix can't show: sockets whose path is too long for it.
func ofPIDFromDirs(pid int, st procStatus) (ps []Process) {
	start, _ := self.StartTicks(pid)
	entries, _ := fromDirs() // a directory that can't be trusted has nothing for us
	for _, e := range entries {
		name, _ := sockdir.ParseName(filepath.Base(e.socket))
		if name.PID != st.nsPID || name.Start != start {
			continue
		}
		p := describe(pid, st)
		p.Copy, p.socket = e.Copy, e.socket
		ps = append(ps, p)
	}
	return ps
}

// pids returns the ids of all processes, in ascending order.
func pids() (ids []int) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			ids = append(ids, pid)
		}
	}
	slices.Sort(ids)
	return ids
}

// find finds all processes that serve, without asking them anything.
func find(ctx context.Context) ([]Process, error) {
	var found []Process
	tables := map[string][]listening{} // by network namespace
	uid := os.Geteuid()
	all := pids()
	for _, pid := range all {
		netns, err := os.Readlink(procDir(pid, "ns/net"))
		if err != nil {
			continue // gone, or not ours
		}
		table, known := tables[netns]
		if !known {
			table = readUnix(pid)
			tables[netns] = table
		}
		if len(table) == 0 {
			continue
		}
		st, err := readStatus(pid)
		if err != nil || st.zombie || uid != 0 && st.uid != uid {
			continue
		}
		found = append(found, inNamespace(pid, st, table)...)
	}
	// And what that did not show: paths too long for the table, processes that we may not look at though they are ours, and all
	// of them where there is no /proc.
	fromNames, err := fromDirs()
	for _, p := range fromNames {
		known := slices.ContainsFunc(found, func(f Process) bool { return f.socket == p.socket })
		if known {
			continue
		}
		conn, err := connect(ctx, p)
		if err != nil {
			continue // stale
		}
		pid, ok := peerPID(conn.(*net.UnixConn))
		conn.Close()
		dup := slices.ContainsFunc(found, func(f Process) bool { return f.PID == pid && f.Copy == p.Copy })
		if !ok || pid == 0 || dup {
			continue
		}
		if st, err := readStatus(pid); err == nil {
			d := describe(pid, st)
			d.Copy, d.socket = p.Copy, p.socket
			found = append(found, d)
		}
	}
	if len(all) > 0 {
		err = nil // /proc has shown what there is
	}
	sortProcesses(found)
	setCopies(found)
	return found, err
}

// pidsNamed returns the processes that have a name, hooked or not.
func pidsNamed(name string) (found []int) {
	for _, pid := range pids() {
		st, err := readStatus(pid)
		if err != nil || st.zombie {
			continue
		}
		if describe(pid, st).named(name) {
			found = append(found, pid)
		}
	}
	return found
}

// peerPID returns who listens on the other end, in our pid namespace; 0 when it has no pid there.
func peerPID(conn *net.UnixConn) (pid int, ok bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, false
	}
	var cred *syscall.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil || credErr != nil {
		return 0, false
	}
	return int(cred.Pid), true
}

// whyClosed words why a process may have closed the connection. One that ends gives up its memory, and with that the link to its
// executable, before it closes its files; it becomes a zombie only later.
func (p Process) whyClosed() string {
	if p.PID != 0 {
		if _, err := os.Readlink(procDir(p.PID, "exe")); errors.Is(err, fs.ErrNotExist) {
			return "the process has ended"
		}
	}
	return whyClosedAlive
}
