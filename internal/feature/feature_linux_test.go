package feature

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

const (
	allCaps = "CapEff:\t000001fffeffffff\n"
	noCaps  = "CapEff:\t0000000000000000\n"
)

// good is a host with everything: root on a new kernel.
func good() (host, fstest.MapFS) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o444} }
	files := fstest.MapFS{
		"proc/self/status":                           file("Name:\tgkhi\nUid:\t0\t0\t0\t0\nTracerPid:\t0\n" + allCaps + "Seccomp:\t0\n"),
		"proc/sys/kernel/osrelease":                  file("6.18.3-cloud\n"),
		"proc/sys/kernel/yama/ptrace_scope":          file("0\n"),
		"proc/sys/kernel/perf_event_paranoid":        file("2\n"),
		"sys/bus/event_source/devices/uprobe/type":   file("8\n"),
		"sys/bus/event_source/devices/kprobe/type":   file("7\n"),
		"sys/kernel/btf/vmlinux":                     file("\x9f\xeb\x00bpf_uprobe_multi_link\x00bpf_link\x00"),
		"sys/kernel/tracing/events/header_event":     file(""),
		"sys/kernel/security/lsm":                    file("lockdown,capability"),
		"sys/kernel/security/lockdown":               file("[none] integrity confidentiality\n"),
		"proc/4242/status":                           file("Uid:\t1000\t1000\t1000\t1000\nTracerPid:\t0\nSeccomp:\t0\n"),
		"proc/77/comm":                               file("dlv\n"),
		"sys/bus/event_source/devices/software/type": file("1\n"),
	}
	return host{
		fs: files, arch: "amd64", euid: 0,
		membarrier: func() (uint, error) { return 0x1ff, nil },
		hwcap2:     func() (uint, error) { return 2, nil },
		forceWrite: func() error { return nil },
	}, files
}

// denied refuses some paths of a file system, as the kernel does where rights are missing.
type denied struct {
	fs.FS
	prefix string
}

func (d denied) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, d.prefix) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.FS.Open(name)
}

func TestMachineWithEverything(t *testing.T) {
	h, _ := good()
	for _, f := range h.machine() {
		if f.State != OK || f.Advice != "" {
			t.Errorf("%+v, want it ok and without advice", f)
		}
	}
}

func TestFindings(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(h *host, files fstest.MapFS)
		group  string
		probe  string // its finding; "" means that there must be none called like name
		state  State
		detail string // part of it
		advice string // part of it; "" means none
	}{
		{"no membarrier", func(h *host, _ fstest.MapFS) { h.membarrier = func() (uint, error) { return 0, unix.ENOSYS } },
			GroupPatching, "core-sync", Missing, "no membarrier", "CONFIG_MEMBARRIER"},
		{"membarrier forbidden", func(h *host, _ fstest.MapFS) { h.membarrier = func() (uint, error) { return 0, unix.EPERM } },
			GroupPatching, "core-sync", Missing, "sandbox", "seccomp"},
		{"membarrier without sync core", func(h *host, _ fstest.MapFS) { h.membarrier = func() (uint, error) { return 0x1f, nil } },
			GroupPatching, "core-sync", Missing, "4.16", "newer kernel"},
		{"membarrier fails oddly", func(h *host, _ fstest.MapFS) { h.membarrier = func() (uint, error) { return 0, unix.EIO } },
			GroupPatching, "core-sync", Limited, "can't be told: input/output error", ""},
		{"no forced writes", func(h *host, _ fstest.MapFS) { h.forceWrite = func() error { return unix.EIO } },
			GroupPatching, "text-write", Missing, "input/output error", "proc_mem.force_override"},
		{"no proc", func(h *host, _ fstest.MapFS) { h.forceWrite = func() error { return os.ErrNotExist } },
			GroupPatching, "text-write", Missing, "no /proc/self/mem", "mount /proc"},
		{"no gs base", func(h *host, _ fstest.MapFS) { h.hwcap2 = func() (uint, error) { return 1, nil } },
			GroupPatching, "fsgsbase", Limited, "per CPU", "Linux 5.9"},
		{"gs base unknown", func(h *host, _ fstest.MapFS) { h.hwcap2 = func() (uint, error) { return 0, errors.New("no auxv") } },
			GroupPatching, "fsgsbase", Limited, "no auxv", ""},

		{"old kernel", func(_ *host, m fstest.MapFS) { m["proc/sys/kernel/osrelease"].Data = []byte("4.19.0-21-amd64\n") },
			GroupKernel, "release", Limited, "Linux 4.19.0-21-amd64: older than 5.8", "5.8"},
		{"odd kernel", func(_ *host, m fstest.MapFS) { m["proc/sys/kernel/osrelease"].Data = []byte("plan9\n") },
			GroupKernel, "release", Limited, `"plan9"`, ""},
		{"no uprobes", func(_ *host, m fstest.MapFS) { delete(m, "sys/bus/event_source/devices/uprobe/type") },
			GroupKernel, "uprobes", Missing, "no uprobes", "CONFIG_UPROBE_EVENTS"},
		{"uprobes trap", func(_ *host, m fstest.MapFS) { m["proc/sys/kernel/osrelease"].Data = []byte("6.17.9\n") },
			GroupKernel, "uprobes", OK, "with a trap at each hit", ""},
		{"uprobes on arm64", func(h *host, _ fstest.MapFS) { h.arch = "arm64" },
			GroupKernel, "uprobes", OK, "user code can be probed", ""},
		{"no uprobe_multi", func(_ *host, m fstest.MapFS) { m["sys/kernel/btf/vmlinux"].Data = []byte("\x00bpf_link\x00") },
			GroupKernel, "uprobe-multi", Limited, "one by one", "6.6"},
		{"a longer name is not uprobe_multi", func(_ *host, m fstest.MapFS) {
			m["sys/kernel/btf/vmlinux"].Data = []byte("\x00bpf_uprobe_multi_link_x\x00")
		}, GroupKernel, "uprobe-multi", Limited, "one by one", "6.6"},
		{"uprobe_multi by symbol", func(_ *host, m fstest.MapFS) {
			delete(m, "sys/kernel/btf/vmlinux")
			m["proc/kallsyms"] = &fstest.MapFile{Data: []byte("0000 t bpf_uprobe_multi_link_release\n")}
		}, GroupKernel, "uprobe-multi", OK, "at once", ""},
		{"uprobe_multi unknown", func(_ *host, m fstest.MapFS) { delete(m, "sys/kernel/btf/vmlinux") },
			GroupKernel, "uprobe-multi", Limited, "can't be told", ""},
		{"no kprobes", func(_ *host, m fstest.MapFS) { delete(m, "sys/bus/event_source/devices/kprobe/type") },
			GroupKernel, "kprobes", Missing, "without kprobes", "tracepoints"},
		{"tracefs not mounted", func(_ *host, m fstest.MapFS) { delete(m, "sys/kernel/tracing/events/header_event") },
			GroupKernel, "tracefs", Missing, "not mounted", "mount -t tracefs"},
		{"tracefs at its old place", func(_ *host, m fstest.MapFS) {
			delete(m, "sys/kernel/tracing/events/header_event")
			m["sys/kernel/debug/tracing/events/header_event"] = &fstest.MapFile{}
		}, GroupKernel, "tracefs", OK, "mounted", ""},
		{"tracefs not for this user", func(h *host, m fstest.MapFS) { h.fs = denied{m, "sys/kernel/tracing/"} },
			GroupKernel, "tracefs", Limited, "not readable", "remount"},
		{"no btf", func(_ *host, m fstest.MapFS) { delete(m, "sys/kernel/btf/vmlinux") },
			GroupKernel, "btf", Missing, "no /sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF"},

		{"a user", func(h *host, m fstest.MapFS) { h.euid = 1000 },
			GroupRights, "user", OK, "uid 1000", "as root"},
		{"no capabilities", func(h *host, m fstest.MapFS) { h.euid = 1000; m["proc/self/status"].Data = []byte(noCaps) },
			GroupRights, "bpf", Missing, "no CAP_BPF and CAP_PERFMON", "setcap"},
		{"root in a container", func(_ *host, m fstest.MapFS) { m["proc/self/status"].Data = []byte(noCaps) },
			GroupRights, "bpf", Missing, "no CAP_BPF and CAP_PERFMON", "--cap-add"},
		{"one of two capabilities", func(_ *host, m fstest.MapFS) { m["proc/self/status"].Data = []byte("CapEff:\t0000008000000000\n") },
			GroupRights, "bpf", Missing, "no CAP_PERFMON", "--cap-add"},
		{"just the capabilities", func(_ *host, m fstest.MapFS) { m["proc/self/status"].Data = []byte("CapEff:\t000000c000000000\n") },
			GroupRights, "bpf", OK, "CAP_BPF and CAP_PERFMON", ""},
		{"status hidden", func(h *host, m fstest.MapFS) { h.fs = denied{m, "proc/self/"} },
			GroupRights, "bpf", Limited, "can't be told", "as root"},
		{"status odd", func(_ *host, m fstest.MapFS) { m["proc/self/status"].Data = []byte("CapEff:\tmany\n") },
			GroupRights, "bpf", Limited, "CapEff", ""},

		{"no yama", func(_ *host, m fstest.MapFS) { delete(m, "proc/sys/kernel/yama/ptrace_scope") },
			GroupRights, "ptrace", OK, "no Yama", ""},
		{"yama 1 as root", yama("1", allCaps), GroupRights, "ptrace", OK, "CAP_SYS_PTRACE", ""},
		{"yama 1", yama("1", noCaps), GroupRights, "ptrace", Limited, "only a parent", "nothing for hooks"},
		{"yama 2", yama("2", noCaps), GroupRights, "ptrace", Limited, "only root", "nothing for hooks"},
		{"yama 3 as root", yama("3", allCaps), GroupRights, "ptrace", Missing, "nobody", "boot"},
		{"yama odd", yama("x", allCaps), GroupRights, "ptrace", Limited, "ptrace_scope", ""},

		{"perf without rights", perf("2", noCaps), GroupRights, "perf-events", Limited, "perf_event_paranoid 2: user code", "CAP_PERFMON"},
		{"perf open", perf("-1", noCaps), GroupRights, "perf-events", Limited, "perf_event_paranoid -1: counters", "CAP_PERFMON"},
		{"perf closed", perf("4", noCaps), GroupRights, "perf-events", Missing, "perf_event_paranoid 4: closed", "CAP_PERFMON"},
		{"perf closed, not for root", perf("4", allCaps), GroupRights, "perf-events", OK, "perf_event_paranoid 4, which does not bind", ""},
		{"no perf", func(_ *host, m fstest.MapFS) { delete(m, "proc/sys/kernel/perf_event_paranoid") },
			GroupRights, "perf-events", Missing, "without perf events", "CONFIG_PERF_EVENTS"},

		{"lockdown integrity", lockdown("none [integrity] confidentiality"), GroupRights, "lockdown", Limited, "integrity", "Secure Boot"},
		{"lockdown confidentiality", lockdown("none integrity [confidentiality]"), GroupRights, "lockdown", Missing, "confidentiality", "lockdown=integrity"},
		{"lockdown odd", lockdown("none"), GroupRights, "lockdown", Limited, `"none"`, ""},
		{"lockdown not built in", func(_ *host, m fstest.MapFS) { delete(m, "sys/kernel/security/lockdown") },
			GroupRights, "lockdown", OK, "no lockdown", ""},
		{"securityfs not mounted", func(_ *host, m fstest.MapFS) {
			delete(m, "sys/kernel/security/lockdown")
			delete(m, "sys/kernel/security/lsm")
		}, GroupRights, "lockdown", Limited, "securityfs is not mounted", "mount -t securityfs"},
		{"lockdown hidden", func(h *host, m fstest.MapFS) { h.fs = denied{m, "sys/kernel/security"} },
			GroupRights, "lockdown", Limited, "can't be told", "as root"},

		{"seccomp", func(_ *host, m fstest.MapFS) { m["proc/self/status"].Data = []byte(allCaps + "Seccomp:\t2\n") },
			GroupRights, "seccomp", Limited, "a filter", "container"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, files := good()
			tt.change(&h, files)
			checkFinding(t, h.machine(), tt.group, tt.probe, tt.state, tt.detail, tt.advice)
		})
	}
}

func yama(scope, caps string) func(*host, fstest.MapFS) {
	return func(_ *host, m fstest.MapFS) {
		m["proc/sys/kernel/yama/ptrace_scope"].Data = []byte(scope + "\n")
		m["proc/self/status"].Data = []byte(caps)
	}
}

func perf(level, caps string) func(*host, fstest.MapFS) {
	return func(_ *host, m fstest.MapFS) {
		m["proc/sys/kernel/perf_event_paranoid"].Data = []byte(level + "\n")
		m["proc/self/status"].Data = []byte(caps)
	}
}

func lockdown(text string) func(*host, fstest.MapFS) {
	return func(_ *host, m fstest.MapFS) { m["sys/kernel/security/lockdown"].Data = []byte(text + "\n") }
}

// checkFinding looks up one finding and compares it.
func checkFinding(t *testing.T, all []Finding, group, name string, state State, detail, advice string) {
	t.Helper()
	for _, f := range all {
		if f.Group != group || f.Name != name {
			continue
		}
		if f.State != state || !strings.Contains(f.Detail, detail) {
			t.Errorf("%s: %s, want %s with %q", f.State, f.Detail, state, detail)
		}
		if !strings.Contains(f.Advice, advice) || (advice == "") != (f.Advice == "") {
			t.Errorf("advice %q, want %q", f.Advice, advice)
		}
		return
	}
	t.Errorf("no finding %s/%s in %v", group, name, all)
}

func TestGSBaseIsForAMD64(t *testing.T) {
	h, _ := good()
	h.arch = "arm64"
	for _, f := range h.machine() {
		if f.Name == "fsgsbase" {
			t.Errorf("%+v on arm64", f)
		}
	}
}

func TestProcess(t *testing.T) {
	for _, tt := range []struct {
		name, status string
		euid         int
		probe        string
		state        State
		detail       string
		advice       string
	}{
		{"same user", "Uid:\t7\t7\t7\t7\n", 7, "owner", OK, "as this user", ""},
		{"root looks", "Uid:\t7\t7\t7\t7\n", 0, "owner", OK, "root may", ""},
		{"another user", "Uid:\t8\t8\t8\t8\n", 7, "owner", Missing, "uid 8, and this is uid 7", "as root"},
		{"set-uid program", "Uid:\t7\t0\t0\t0\n", 7, "owner", Missing, "uid 0", "as root"},
		{"no uid", "Name:\tx\n", 7, "owner", Limited, "no Uid", ""},
		{"odd uid", "Uid:\t7\tx\n", 7, "owner", Limited, "Uid", ""},
		{"debugged", "TracerPid:\t77\n", 0, "tracer", Limited, "process 77 (dlv)", "detach"},
		{"debugged by a hidden one", "TracerPid:\t78\n", 0, "tracer", Limited, "process 78 (unknown)", "detach"},
		{"not debugged", "TracerPid:\t0\n", 0, "tracer", OK, "no debugger", ""},
		{"filtered", "Seccomp:\t2\n", 0, "seccomp", Limited, "filter", "membarrier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, files := good()
			h.euid = tt.euid
			files["proc/4242/status"].Data = []byte(tt.status)
			checkFinding(t, h.process(4242), GroupProcess, tt.probe, tt.state, tt.detail, tt.advice)
		})
	}
	h, _ := good()
	checkFinding(t, h.process(1), GroupProcess, "proc", Missing, "no /proc/1", "hidepid")
	h.fs = denied{h.fs, "proc/4242"}
	checkFinding(t, h.process(4242), GroupProcess, "proc", Limited, "can't be told", "as root")
}

func TestParseVersion(t *testing.T) {
	for _, tt := range []struct {
		release string
		want    version
		ok      bool
	}{
		{"6.1.0-22-cloud-amd64", version{6, 1}, true},
		{"5.15", version{5, 15}, true},
		{"6.18-rc3", version{6, 18}, true},
		{"4.19+", version{4, 19}, true},
		{"6", version{}, false},
		{"6.x", version{6, 0}, false},
		{"-1.2", version{-1, 2}, false},
		{"", version{}, false},
	} {
		got, ok := parseVersion(tt.release)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("parseVersion(%q) = %v, %v; want %v, %v", tt.release, got, ok, tt.want, tt.ok)
		}
	}
	v := version{5, 8}
	for _, tt := range []struct {
		major, minor int
		want         bool
	}{{5, 8, true}, {5, 7, true}, {4, 20, true}, {5, 9, false}, {6, 0, false}} {
		if got := v.atLeast(tt.major, tt.minor); got != tt.want {
			t.Errorf("5.8 at least %d.%d: %v", tt.major, tt.minor, got)
		}
	}
}
