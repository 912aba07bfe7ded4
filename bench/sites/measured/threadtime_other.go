//go:build !linux

package main

import "time"

var started = time.Now()

// threadTime stands in for the thread's own time, which only Linux tells: sites aren't patched elsewhere.
func threadTime() time.Duration { return time.Since(started) }
