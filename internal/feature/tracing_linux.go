package feature

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// What probes attach to is named here with the release that brought it. Releases are those of
// kernel.org; distributions carry some features back, so the feature itself is looked for where it can be.

// A version is a kernel release's first two numbers.
type version struct{ major, minor int }

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

// parseVersion reads a release such as 6.1.0-22-cloud-amd64.
func parseVersion(release string) (v version, ok bool) {
	major, rest, ok := strings.Cut(release, ".")
	if !ok {
		return v, false
	}
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	var err1, err2 error
	v.major, err1 = strconv.Atoi(major)
	v.minor, err2 = strconv.Atoi(digits)
	return v, err1 == nil && err2 == nil && v.major >= 0
}

func (h host) version() (v version, release string, err error) {
	release, err = h.read("proc/sys/kernel/osrelease")
	if err != nil {
		return v, "", err
	}
	v, ok := parseVersion(release)
	if !ok {
		return v, release, fmt.Errorf("release %q is not of the form 6.1.0", release)
	}
	return v, release, nil
}

func (h host) release() Finding {
	v, release, err := h.version()
	if err != nil {
		return unread("release", err)
	}
	f := Finding{Name: "release", State: OK, Detail: "Linux " + release}
	if !v.atLeast(5, 8) {
		f.State, f.Detail = Limited, f.Detail+": older than 5.8, so it has no BPF ring buffers"
		f.Advice = "use Linux 5.8 or newer for probes; hooks that a program declares work on any"
	}
	return f
}

func (h host) uprobes() Finding {
	f := Finding{Name: "uprobes", State: OK, Detail: "user code can be probed"}
	if !h.exists("sys/bus/event_source/devices/uprobe/type") {
		f.State, f.Detail = Missing, "no uprobes: there is no uprobe device in /sys/bus/event_source"
		f.Advice = "use a kernel with CONFIG_UPROBE_EVENTS, 4.17 or newer, and mount /sys; hooks that a program declares need none"
		return f
	}
	if v, _, err := h.version(); err == nil && h.arch == "amd64" {
		if v.atLeast(6, 18) {
			f.Detail += ", and a probe on a 5-byte no-op is a call, not a trap"
		} else {
			f.Detail += ", with a trap at each hit (from Linux 6.18 on, with a call where there is a 5-byte no-op)"
		}
	}
	return f
}

// uprobeMulti looks for the link type by its name, since to create one takes rights that the user may not have.
func (h host) uprobeMulti() Finding {
	f := Finding{Name: "uprobe-multi", State: OK, Detail: "thousands of places are attached at once"}
	found, err := h.kernelHas("bpf_uprobe_multi_link")
	switch {
	case err != nil:
		return unread(f.Name, err)
	case !found:
		f.State, f.Detail = Limited, "no uprobe_multi links: places are attached one by one"
		f.Advice = "use Linux 6.6 or newer to attach to many places fast"
	}
	return f
}

// kernelHas looks for a name in the kernel's type information, else in its symbols.
func (h host) kernelHas(name string) (bool, error) {
	b, err := fs.ReadFile(h.fs, "sys/kernel/btf/vmlinux")
	if err == nil {
		return bytes.Contains(b, append([]byte(name), 0)), nil
	}
	b, symErr := fs.ReadFile(h.fs, "proc/kallsyms")
	if symErr == nil && len(b) > 0 {
		return bytes.Contains(b, []byte(name)), nil
	}
	return false, errors.Join(err, symErr)
}

func (h host) kprobes() Finding {
	f := Finding{Name: "kprobes", State: OK, Detail: "kernel functions can be probed"}
	if !h.exists("sys/bus/event_source/devices/kprobe/type") {
		f.State, f.Detail = Missing, "this kernel was built without kprobes"
		f.Advice = "use tracepoints, or a kernel with CONFIG_KPROBE_EVENTS"
	}
	return f
}

func (h host) tracefs() Finding {
	f := Finding{Name: "tracefs", State: OK, Detail: "mounted: kernel tracepoints can be listed"}
	denied := false
	for _, dir := range []string{"sys/kernel/tracing", "sys/kernel/debug/tracing"} {
		_, err := fs.Stat(h.fs, dir+"/events")
		if err == nil {
			return f
		}
		denied = denied || errors.Is(err, fs.ErrPermission)
	}
	if denied {
		f.State, f.Detail = Limited, "mounted, but not readable by this user"
		f.Advice = "run gkhi as root, or remount it: mount -o remount,mode=755 /sys/kernel/tracing"
		return f
	}
	f.State, f.Detail = Missing, "not mounted: kernel tracepoints can't be listed"
	f.Advice = "mount -t tracefs nodev /sys/kernel/tracing"
	return f
}

func (h host) btf() Finding {
	f := Finding{Name: "btf", State: OK, Detail: "the kernel describes its own types"}
	if !h.exists("sys/kernel/btf/vmlinux") {
		f.State, f.Detail = Missing, "no /sys/kernel/btf/vmlinux: probes can't know the kernel's types"
		f.Advice = "use a kernel with CONFIG_DEBUG_INFO_BTF, as all large distributions build theirs"
	}
	return f
}
