//go:build !linux

package demo

import "time"

// cpuTime is not known for another process here.
func cpuTime(int) (used time.Duration, ok bool) { return 0, false }
