//go:build !linux

package sockdir

import (
	"fmt"
	"path/filepath"
)

// Short returns a path for bind and connect that names the socket.
func Short(dir, base string) (path string, release func(), err error) {
	path = filepath.Join(dir, base)
	if len(path) > maxPath {
		return "", nil, fmt.Errorf("socket path %s is %d bytes long and the system takes %d; set %s to a shorter directory", path, len(path), maxPath, EnvDir)
	}
	return path, func() {}, nil
}
