//go:build !linux

package testenv

// kernelRelease returns "": a [Feature] is one of the Linux kernel.
func kernelRelease() string { return "" }
