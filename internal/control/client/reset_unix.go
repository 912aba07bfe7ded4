//go:build unix

package client

import (
	"errors"
	"syscall"
)

// isReset reports whether err is how a connection ends when the other side closes it with something left to read.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
