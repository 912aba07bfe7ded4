package feature

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A host is what the probes see of the machine. Tests make their own.
type host struct {
	fs         fs.FS // of the root directory
	arch       string
	euid       int
	membarrier func() (commands uint, err error) // MEMBARRIER_CMD_QUERY
	hwcap2     func() (bits uint, err error)
	forceWrite func() error // writes to a read-only page through /proc/self/mem
}

// thisHost is the machine that this runs on.
func thisHost() host {
	return host{
		fs:         os.DirFS("/"),
		arch:       runtime.GOARCH,
		euid:       os.Geteuid(),
		membarrier: queryMembarrier,
		hwcap2:     readHWCAP2,
		forceWrite: tryForceWrite,
	}
}

// machine runs the probes of every group.
func machine() []Finding { return thisHost().machine() }

func (h host) machine() []Finding {
	var all []Finding
	for _, group := range []struct {
		name   string
		probes []func(host) Finding
	}{
		{GroupPatching, []func(host) Finding{host.coreSync, host.textWrite, host.gsBase}},
		{GroupKernel, []func(host) Finding{
			host.release, host.uprobes, host.uprobeMulti, host.kprobes, host.tracefs, host.btf,
		}},
		{GroupRights, []func(host) Finding{
			host.user, host.tracing, host.yama, host.perf, host.lockdown, host.sandbox,
		}},
	} {
		for _, probe := range group.probes {
			// A probe that has nothing to ask of this machine has no name.
			if f := probe(h); f.Name != "" {
				f.Group = group.name
				all = append(all, f)
			}
		}
	}
	return all
}

// read returns a file's text, without space around it.
func (h host) read(path string) (string, error) {
	b, err := fs.ReadFile(h.fs, path)
	return strings.TrimSpace(string(b)), err
}

// exists reports whether path is there, as far as this user may see.
func (h host) exists(path string) bool {
	_, err := fs.Stat(h.fs, path)
	return err == nil
}

// procStatus reads the lines "Key: value" of a process, such as self, in /proc.
func (h host) procStatus(pid string) (map[string]string, error) {
	text, err := h.read("proc/" + pid + "/status")
	if err != nil {
		return nil, err
	}
	status := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			status[key] = strings.TrimSpace(value)
		}
	}
	return status, nil
}

// number reads a file that holds one integer.
func (h host) number(path string) (int, error) {
	text, err := h.read(path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("/%s: %w", path, err)
	}
	return n, nil
}

// unread is the finding of a probe whose source can't be read.
func unread(name string, err error) Finding {
	f := Finding{Name: name, State: Limited, Detail: fmt.Sprintf("can't be told: %v", err)}
	if errors.Is(err, fs.ErrPermission) {
		f.Advice = "run gkhi doctor as root to see it"
	}
	return f
}
