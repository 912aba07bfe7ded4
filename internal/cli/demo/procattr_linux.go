package demo

import "syscall"

// procAttr keeps a terminal's signals from a service, which the demo stops
// itself, and stops it also when the demo is killed: when the thread that
// started it ends, to be exact, which is why startService keeps that thread.
func procAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
