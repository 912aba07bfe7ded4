package feature

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// caps returns the effective capabilities of this process, one bit each.
func (h host) caps() (uint64, error) {
	status, err := h.procStatus("self")
	if err != nil {
		return 0, err
	}
	caps, err := strconv.ParseUint(status["CapEff"], 16, 64)
	if err != nil {
		return 0, fmt.Errorf("CapEff in /proc/self/status: %w", err)
	}
	return caps, nil
}

func has(caps uint64, c int) bool { return caps&(1<<c) != 0 }

// user says who runs this, which decides what processes can be reached.
func (h host) user() Finding {
	f := Finding{Name: "user", State: OK, Detail: "root: reaches the hooked processes of every user"}
	if h.euid != 0 {
		f.Detail = fmt.Sprintf("uid %d: reaches this user's hooked processes", h.euid)
		f.Advice = "run gkhi as root to reach those of other users"
	}
	return f
}

// tracing asks for the capabilities that probes need. Declared hooks need none of them.
func (h host) tracing() Finding {
	f := Finding{Name: "bpf", State: OK}
	caps, err := h.caps()
	if err != nil {
		return unread(f.Name, err)
	}
	if has(caps, unix.CAP_SYS_ADMIN) {
		f.Detail = "CAP_SYS_ADMIN: may load and attach probes"
		return f
	}
	var lacks []string
	for _, c := range []struct {
		bit  int
		name string
	}{{unix.CAP_BPF, "CAP_BPF"}, {unix.CAP_PERFMON, "CAP_PERFMON"}} {
		if !has(caps, c.bit) {
			lacks = append(lacks, c.name)
		}
	}
	if len(lacks) == 0 {
		f.Detail = "CAP_BPF and CAP_PERFMON: may load and attach probes"
		return f
	}
	f.State = Missing
	f.Detail = "no " + strings.Join(lacks, " and ") + ": may not load and attach probes"
	f.Advice = "run gkhi as root, or give it what it lacks: setcap cap_bpf,cap_perfmon+ep gkhi; hooks that a program declares need neither"
	if h.euid == 0 {
		f.Advice = "this root lives in a container: start it with --cap-add BPF --cap-add PERFMON; hooks that a program declares need neither"
	}
	return f
}

// yama tells who may trace whom. It concerns debuggers and reading memory, not hooks.
func (h host) yama() Finding {
	const file = "proc/sys/kernel/yama/ptrace_scope"
	f := Finding{Name: "ptrace", State: OK}
	scope, err := h.number(file)
	if errors.Is(err, fs.ErrNotExist) {
		f.Detail = "no Yama: a user may trace their own processes"
		return f
	}
	if err != nil {
		return unread(f.Name, err)
	}
	caps, err := h.caps()
	if err != nil {
		return unread(f.Name, err)
	}
	const notHooks = "nothing for hooks, which don't trace; "
	switch {
	case scope == 0:
		f.Detail = "ptrace_scope 0: a user may trace their own processes"
	case scope < 3 && has(caps, unix.CAP_SYS_PTRACE):
		f.Detail = fmt.Sprintf("ptrace_scope %d, and CAP_SYS_PTRACE: may trace", scope)
	case scope == 1:
		f.State, f.Detail = Limited, "ptrace_scope 1: only a parent may trace its children"
		f.Advice = notHooks + "for a debugger: sysctl kernel.yama.ptrace_scope=0"
	case scope == 2:
		f.State, f.Detail = Limited, "ptrace_scope 2: only root may trace"
		f.Advice = notHooks + "for a debugger: run it as root"
	default:
		f.State, f.Detail = Missing, fmt.Sprintf("ptrace_scope %d: nobody may trace until the next boot", scope)
		f.Advice = notHooks + "for a debugger: boot with kernel.yama.ptrace_scope below 3"
	}
	return f
}

// perf tells what perf_event_open is left to users without CAP_PERFMON.
func (h host) perf() Finding {
	f := Finding{Name: "perf-events", State: OK}
	level, err := h.number("proc/sys/kernel/perf_event_paranoid")
	if errors.Is(err, fs.ErrNotExist) {
		f.State, f.Detail = Missing, "this kernel was built without perf events"
		f.Advice = "use a kernel with CONFIG_PERF_EVENTS for probes"
		return f
	}
	if err != nil {
		return unread(f.Name, err)
	}
	caps, err := h.caps()
	if err != nil {
		return unread(f.Name, err)
	}
	f.Detail = fmt.Sprintf("perf_event_paranoid %d", level)
	switch {
	case has(caps, unix.CAP_PERFMON), has(caps, unix.CAP_SYS_ADMIN):
		f.Detail += ", which does not bind this user"
	case level >= 3:
		f.State = Missing
		f.Detail += ": closed to this user"
	case level == 2:
		f.State = Limited
		f.Detail += ": user code only, and no probes"
	default:
		f.State = Limited
		f.Detail += ": counters only, no probes"
	}
	if f.State != OK {
		f.Advice = "run gkhi as root or with CAP_PERFMON for probes; hooks that a program declares need neither"
	}
	return f
}

// lockdown tells what the kernel keeps even from root.
func (h host) lockdown() Finding {
	f := Finding{Name: "lockdown", State: OK, Detail: "none"}
	text, err := h.read("sys/kernel/security/lockdown")
	if errors.Is(err, fs.ErrNotExist) {
		if h.exists("sys/kernel/security/lsm") {
			f.Detail = "none: the kernel has no lockdown"
			return f
		}
		f.State, f.Detail = Limited, "can't be told: securityfs is not mounted"
		f.Advice = "mount -t securityfs none /sys/kernel/security"
		return f
	}
	if err != nil {
		return unread(f.Name, err)
	}
	// The file lists the levels and brackets the one in force: none [integrity] confidentiality
	_, rest, _ := strings.Cut(text, "[")
	switch level, _, _ := strings.Cut(rest, "]"); level {
	case "none":
	case "integrity":
		f.State, f.Detail = Limited, "integrity: probes can't write to memory, and some kernels refuse kernel probes"
		f.Advice = "boot without lockdown (it often comes with Secure Boot) if probes are refused; hooks that a program declares are not touched"
	case "confidentiality":
		f.State, f.Detail = Missing, "confidentiality: the kernel refuses kprobes, tracefs and reads by BPF"
		f.Advice = "boot with lockdown=integrity or less for probes; hooks that a program declares are not touched"
	default:
		f.State, f.Detail = Limited, fmt.Sprintf("can't be told: /sys/kernel/security/lockdown says %q", text)
	}
	return f
}

// sandbox tells whether system calls are filtered, as in most containers.
func (h host) sandbox() Finding {
	f := Finding{Name: "seccomp", State: OK, Detail: "system calls are not filtered"}
	status, err := h.procStatus("self")
	if err != nil {
		return unread(f.Name, err)
	}
	if mode := status["Seccomp"]; mode != "" && mode != "0" {
		f.State, f.Detail = Limited, "a filter is on system calls, as in most containers"
		f.Advice = "where something above is refused, allow membarrier, perf_event_open and bpf in the container's seccomp profile"
	}
	return f
}
