//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyDump passes on the signal that has a flight recording written.
func notifyDump() (signals <-chan os.Signal, stop func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGUSR1)
	return ch, func() { signal.Stop(ch) }
}
