package self

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// StartTicks returns when a process started, in clock ticks since the machine did. With the pid it names a process for good: a pid is given again to
// another process, but not with the same ticks. It is false where there is no such process or no /proc.
func StartTicks(pid int) (uint64, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	return parseStartTicks(stat)
}

// parseStartTicks reads field 22 of /proc/PID/stat. Field 2 is the process's name in brackets, which may have spaces and brackets in it.
func parseStartTicks(stat []byte) (uint64, bool) {
	i := bytes.LastIndexByte(stat, ')')
	if i < 0 {
		return 0, false
	}
	var field []byte
	rest := stat[i+1:]
	for range 21 { // an empty one in front of the blank, then from field 3 on
		field, rest, _ = bytes.Cut(rest, []byte(" "))
	}
	ticks, err := strconv.ParseUint(string(field), 10, 64)
	return ticks, err == nil
}

// ticksPerSecond is USER_HZ, which Linux has kept at 100 on every architecture that Go runs on.
const ticksPerSecond = 100

// tickTime turns ticks since the machine's start into wall time, good to a tick.
func tickTime(ticks uint64) (time.Time, bool) {
	const clockBoottime = 7
	var now syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockBoottime, uintptr(unsafe.Pointer(&now)), 0); errno != 0 {
		return time.Time{}, false
	}
	up := time.Duration(now.Nano())
	return time.Now().Add(time.Duration(ticks)*(time.Second/ticksPerSecond) - up), true
}

// StartTime returns when a process started; zero where that can't be told.
func StartTime(pid int) time.Time {
	if ticks, ok := StartTicks(pid); ok {
		if t, ok := tickTime(ticks); ok {
			return t
		}
	}
	return time.Time{}
}
