package testenv

import (
	"os"
	"strings"
)

// kernelRelease returns the running kernel's release, as uname -r prints it, or
// "" where it can't be read.
func kernelRelease() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
