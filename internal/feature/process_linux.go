package feature

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

func process(pid int) []Finding { return thisHost().process(pid) }

func (h host) process(pid int) []Finding {
	id := strconv.Itoa(pid)
	status, err := h.procStatus(id)
	if err != nil {
		f := unread("proc", err)
		if errors.Is(err, fs.ErrNotExist) {
			f.State, f.Detail = Missing, fmt.Sprintf("there is no /proc/%d: the process has ended, or /proc hides it", pid)
			f.Advice = "as root, gkhi sees processes that hidepid hides"
		}
		f.Group = GroupProcess
		return []Finding{f}
	}
	all := []Finding{h.owner(status), h.tracer(status), filter(status)}
	for i := range all {
		all[i].Group = GroupProcess
	}
	return all
}

// owner compares who runs the process with who asks.
func (h host) owner(status map[string]string) Finding {
	f := Finding{Name: "owner", State: OK}
	fields := strings.Fields(status["Uid"]) // real, effective, saved, file system
	if len(fields) < 2 {
		return unread(f.Name, errors.New("no Uid in its status"))
	}
	uid, err := strconv.Atoi(fields[1])
	switch {
	case err != nil:
		return unread(f.Name, fmt.Errorf("its status: Uid: %w", err))
	case uid == h.euid:
		f.Detail = fmt.Sprintf("uid %d, as this user", uid)
	case h.euid == 0:
		f.Detail = fmt.Sprintf("uid %d, and root may talk to it", uid)
	default:
		f.State, f.Detail = Missing, fmt.Sprintf("uid %d, and this is uid %d", uid, h.euid)
		f.Advice = "run gkhi as that user or as root"
	}
	return f
}

// tracer looks for a debugger on the process: it would see the traps of patching as its own.
func (h host) tracer(status map[string]string) Finding {
	f := Finding{Name: "tracer", State: OK, Detail: "no debugger is attached"}
	pid := status["TracerPid"]
	if pid == "" || pid == "0" {
		return f
	}
	name, err := h.read("proc/" + pid + "/comm")
	if err != nil {
		name = "unknown"
	}
	f.State = Limited
	f.Detail = fmt.Sprintf("process %s (%s) traces it: sites are armed by their flag while it does", pid, name)
	f.Advice = "detach the debugger to let sites be patched"
	return f
}

// filter looks for a system call filter on the process.
func filter(status map[string]string) Finding {
	f := Finding{Name: "seccomp", State: OK, Detail: "its system calls are not filtered"}
	if mode := status["Seccomp"]; mode != "" && mode != "0" {
		f.State, f.Detail = Limited, "a filter is on its system calls, as in most containers"
		f.Advice = "where its sites can't be patched, allow membarrier in its seccomp profile"
	}
	return f
}
