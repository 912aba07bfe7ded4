//go:build race || msan || asan || !linux || !(amd64 || arm64)

package gkhi

// openFence says that there is no cheap barrier for all other threads here, or that
// a detector is built in, for which atomics are something else: all slots are shared ones then.
func openFence() bool { return false }

func fence() {}
