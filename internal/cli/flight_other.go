//go:build !unix

package cli

import "os"

// notifyDump has no signal to pass on here.
func notifyDump() (signals <-chan os.Signal, stop func()) { return nil, func() {} }
