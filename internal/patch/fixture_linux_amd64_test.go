package patch

import (
	"sync/atomic"
	"syscall"
)

func (r *refusing) rtSigaction(sig syscall.Signal, act, old *sigaction) error {
	if r.ask("rt_sigaction") != pass {
		return syscall.EPERM
	}
	return r.kernel.rtSigaction(sig, act, old)
}

// forgetTraps makes the handler know laid sites only.
func forgetTraps() { atomic.StorePointer(&trapTable, nil) }

// resetTrap gives SIGTRAP back to whom it belonged.
func resetTrap() {
	if !trapInstalled {
		return
	}
	var act sigaction
	if err := (kernel{}).rtSigaction(syscall.SIGTRAP, nil, &act); err != nil {
		panic(err)
	}
	act.handler = chained
	if err := (kernel{}).rtSigaction(syscall.SIGTRAP, &act, nil); err != nil {
		panic(err)
	}
	trapInstalled = false
}
