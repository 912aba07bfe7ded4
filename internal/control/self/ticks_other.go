//go:build !linux

package self

import "time"

// StartTicks is known on Linux only.
func StartTicks(pid int) (uint64, bool) { return 0, false }

func tickTime(uint64) (time.Time, bool) { return time.Time{}, false }

// StartTime is known on Linux only.
func StartTime(pid int) time.Time { return time.Time{} }
