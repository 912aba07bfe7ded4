//go:build !linux

package feature

import (
	"fmt"
	"os"
	"runtime"
)

func machine() []Finding {
	return []Finding{
		{
			Group: GroupPatching, Name: "system", State: Missing,
			Detail: fmt.Sprintf("sites are patched on Linux only; on %s each one tests its flag", runtime.GOOS),
			Advice: "nothing: the flag is always right, and costs a load and a branch",
		},
		{
			Group: GroupKernel, Name: "system", State: Missing,
			Detail: "uprobes, kernel tracepoints and eBPF are Linux's",
			Advice: "hooks that a program declares work here; trace the kernel on Linux",
		},
		user(),
	}
}

// user says who runs this, which decides what processes can be reached.
func user() Finding {
	f := Finding{Group: GroupRights, Name: "user", State: OK}
	switch uid := os.Geteuid(); {
	case uid == 0:
		f.Detail = "root: reaches the hooked processes of every user"
	case uid > 0:
		f.Detail = fmt.Sprintf("uid %d: reaches this user's hooked processes", uid)
	default: // Windows has no user ids
		f.Detail = "reaches this user's hooked processes"
	}
	return f
}

func process(int) []Finding { return nil }
