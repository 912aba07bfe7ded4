package sockdir

import (
	"fmt"
	"path/filepath"
	"syscall"
)

// Short returns a path for bind and connect that names the socket, short enough for the kernel: a path that is too long goes by way of
// a file descriptor of its directory, which release closes.
func Short(dir, base string) (path string, release func(), err error) {
	path = filepath.Join(dir, base)
	if len(path) <= maxPath {
		return path, func() {}, nil
	}
	const oPath = 0x200000 // O_PATH, which package syscall does not name; the same on all architectures
	fd, err := syscall.Open(dir, oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, fmt.Errorf("socket directory %s: %w", dir, err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", fd, base), func() { syscall.Close(fd) }, nil
}
