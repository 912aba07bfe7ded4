package sockdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/self"
)

// MaxCopies bounds the copies of the library in one process.
const MaxCopies = 64

// graceTime is how old a socket has to be before it can be stale.
const graceTime = 10 * time.Second

// maxPath is the longest path of a socket that every system takes: macOS and the BSDs have 104 bytes, Linux 108, with the
// terminating zero.
const maxPath = 103

// Listener is a listening socket with its name.
type Listener struct {
	Name Name
	Path string

	unix   *unixListener
	socket fs.FileInfo // to remove no other's on Close
	close  sync.Once
}

// start is when this process started; 0 where that can't be told. It is asked once, since an emulator may answer differently each time.
var start struct {
	once  sync.Once
	ticks uint64
}

func ownStart() uint64 {
	start.once.Do(func() { start.ticks, _ = self.StartTicks(os.Getpid()) })
	return start.ticks
}

// Listen makes this process's socket in dir, which has to be checked, under the first copy number that is free.
func Listen(dir string) (*Listener, error) {
	for n := range MaxCopies {
		name := Name{PID: os.Getpid(), Start: ownStart(), Copy: n}
		l, err := listenAs(dir, name)
		if err == nil {
			return l, nil
		}
		if !addrInUse(err) && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s has sockets of %d copies of gkhi in this process already", dir, MaxCopies)
}

func listenAs(dir string, name Name) (*Listener, error) {
	path := filepath.Join(dir, name.String())
	// A process that calls exec keeps its pid and its start; the socket of what it was before is left.
	if isRefused(path) {
		os.Remove(path)
	}
	bind, release, err := Short(dir, name.String())
	if err != nil {
		return nil, err
	}
	defer release()
	ul, err := listenUnix(bind)
	if err != nil {
		return nil, unsupported(err)
	}
	// The directory keeps others out meanwhile.
	if err := os.Chmod(path, 0o600); err != nil && modesMatter {
		ul.Close()
		os.Remove(path)
		return nil, err
	}
	l := &Listener{unix: ul, Name: name, Path: path}
	l.socket, _ = os.Lstat(path)
	return l, nil
}

func unsupported(err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%s has no unix sockets here, so gkhi can't be reached: %w", runtime.GOOS, err)
	}
	return err
}

// Accept waits for the next connection. After Close it returns os.ErrClosed.
func (l *Listener) Accept() (Conn, error) { return l.unix.accept() }

// Close stops listening and removes the socket, unless another file has taken its place. To close again does nothing, since a
// new socket may have the file's name and, on some file systems, its number too.
func (l *Listener) Close() (err error) {
	l.close.Do(func() {
		if now, statErr := os.Lstat(l.Path); statErr == nil && l.socket != nil && os.SameFile(now, l.socket) {
			os.Remove(l.Path)
		}
		err = l.unix.Close()
	})
	return err
}

// isRefused reports whether path is a socket on which nobody listens, and older than the grace time.
func isRefused(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSocket == 0 || time.Since(info.ModTime()) < graceTime {
		return false
	}
	short, release, err := Short(filepath.Split(path))
	if err != nil {
		return false
	}
	defer release()
	return refuses(short)
}

// Entry is a socket in a directory.
type Entry struct {
	Name
	Path string
}

// Entries returns the sockets in dir, which may not exist, in no order. A directory that can't be trusted is an error.
func Entries(dir string) ([]Entry, error) {
	if err := Check(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("socket directory: %w", err)
	}
	defer f.Close()
	files, err := f.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("socket directory: %w", err)
	}
	var entries []Entry
	for _, file := range files {
		if name, ok := ParseName(file); ok {
			entries = append(entries, Entry{name, filepath.Join(dir, file)})
		}
	}
	return entries, nil
}

// Dead reports whether the process that made the socket is gone, as far as this pid namespace can tell.
func (e Entry) Dead() bool {
	if !Alive(e.PID) {
		return true
	}
	start, ok := self.StartTicks(e.PID)
	return ok && e.Start != 0 && start != e.Start
}

// Clean removes stale sockets from dir and returns their paths. See the package comment for what is stale.
func Clean(dir string) (removed []string, err error) {
	entries, err := Entries(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Dead() && isRefused(e.Path) && os.Remove(e.Path) == nil {
			removed = append(removed, e.Path)
		}
	}
	return removed, nil
}
