//go:build !unix

package client

import (
	"errors"
	"syscall"
)

// isReset reports whether err is how a connection ends when the other side closes it with something left to read:
// WSAECONNABORTED and WSAECONNRESET on Windows.
func isReset(err error) bool {
	return errors.Is(err, syscall.Errno(10053)) || errors.Is(err, syscall.Errno(10054))
}
