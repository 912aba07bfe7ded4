package main

import (
	"os"
	"syscall"
)

// peakMemory is the most memory that a process that has ended had resident, in bytes.
func peakMemory(s *os.ProcessState) int64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return int64(u.Maxrss) << 10
	}
	return 0
}
