//go:build !linux

package demo

import "syscall"

// procAttr leaves a service in the demo's process group, so that it goes with it.
func procAttr() *syscall.SysProcAttr { return nil }
