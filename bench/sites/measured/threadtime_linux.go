package main

import (
	"syscall"
	"time"
)

// threadTime returns the processor time that the calling thread has used, in and out of the kernel. Time in which others
// had the processor is not in it; interrupts on its account are.
func threadTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		panic(err) // it has no way to fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
