// Package seccomp has the kernel refuse system calls of the running process.
package seccomp

import (
	"fmt"
	"syscall"
	"unsafe"
)

// A rule says what of a system call is refused: all calls of that number, or
// those with an argument (counted from 0) that has some bits set to a value.
type rule struct {
	nr, arg, mask, value uint32
	err                  syscall.Errno
}

// rules are for x86-64. Go's runtime would not survive a refused rt_sigaction for
// its own signals, and paths can't be told apart, so opening is refused for O_RDWR.
var rules = map[string]rule{
	"membarrier":   {nr: 324, err: syscall.EPERM},
	"rt_sigaction": {nr: 13, mask: ^uint32(0), value: uint32(syscall.SIGTRAP), err: syscall.EPERM},
	"open":         {nr: 257, arg: 2, mask: syscall.O_ACCMODE, value: syscall.O_RDWR, err: syscall.EACCES},
	"pwrite":       {nr: 18, err: syscall.EPERM},
	"mremap":       {nr: 25, err: syscall.EPERM},
	"mprotect":     {nr: 10, arg: 2, mask: ^uint32(0), value: syscall.PROT_READ | syscall.PROT_EXEC, err: syscall.EACCES},
	"fstat":        {nr: 5, err: syscall.EPERM},
}

// Refuse installs a seccomp filter for all threads. call is a name in rules.
func Refuse(call string) error {
	r, ok := rules[call]
	if !ok {
		return fmt.Errorf("no rule for %q", call)
	}
	const (
		ld   = syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS
		and  = syscall.BPF_ALU | syscall.BPF_AND | syscall.BPF_K
		jeq  = syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K
		ret  = syscall.BPF_RET | syscall.BPF_K
		errn = 0x0005_0000 // SECCOMP_RET_ERRNO
		okay = 0x7FFF_0000 // SECCOMP_RET_ALLOW

		sysSeccomp, setModeFilter, tsync = 317, 1, 1
		prSetNoNewPrivs                  = 38
	)
	filter := []syscall.SockFilter{
		{Code: ld, K: 0},
		{Code: jeq, K: r.nr, Jf: 4},
		{Code: ld, K: 16 + 8*r.arg},
		{Code: and, K: r.mask},
		{Code: jeq, K: r.value, Jf: 1},
		{Code: ret, K: errn | uint32(r.err)},
		{Code: ret, K: okay},
	}
	prog := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		return fmt.Errorf("prctl: %w", e)
	}
	if _, _, e := syscall.RawSyscall(sysSeccomp, setModeFilter, tsync, uintptr(unsafe.Pointer(&prog))); e != 0 {
		return fmt.Errorf("seccomp: %w", e)
	}
	return nil
}
