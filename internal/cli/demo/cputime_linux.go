package demo

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the processor time that a process has used, in nanoseconds' resolution.
func cpuTime(pid int) (used time.Duration, ok bool) {
	// The kernel's MAKE_PROCESS_CPUCLOCK with CPUCLOCK_SCHED; clock_getcpuclockid(3) returns the same.
	id := int32(^uint32(pid)<<3 | 2)
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}
