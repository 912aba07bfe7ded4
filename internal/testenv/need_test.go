package testenv

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"
)

func TestUnmet(t *testing.T) {
	met := Requirement{missing: func() string { return "" }}
	lacking := func(why string, demanded bool) Requirement {
		return Requirement{
			missing:  func() string { return why },
			demanded: func() bool { return demanded },
		}
	}
	tests := []struct {
		name   string
		reqs   []Requirement
		strict bool
		reason string
		fault  bool
	}{
		{name: "none"},
		{name: "met", reqs: []Requirement{met, met}, strict: true},
		{name: "lacking", reqs: []Requirement{met, lacking("needs x", true)}, reason: "needs x"},
		{name: "lacking, strict", reqs: []Requirement{lacking("needs x", true)}, strict: true, reason: "needs x", fault: true},
		{name: "nobody demands it", reqs: []Requirement{lacking("needs x", false)}, strict: true, reason: "needs x"},
		{name: "a fact of the machine", reqs: []Requirement{OS("plan10")}, strict: true, reason: "needs plan10, and this is " + runtime.GOOS},
		// On a Mac, a missing qemu is no fault: the first lack decides.
		{name: "first decides", reqs: []Requirement{lacking("needs x", false), lacking("needs y", true)}, strict: true, reason: "needs x"},
		{name: "unlisted tool", reqs: []Requirement{Tool("no-such-tool")}, strict: true, reason: "needs no-such-tool in PATH"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reason, fault := unmet(tt.reqs, tt.strict)
			if reason != tt.reason || fault != tt.fault {
				t.Errorf("unmet = %q, %v; want %q, %v", reason, fault, tt.reason, tt.fault)
			}
		})
	}
}

// TestListedTool shows that a program CI installs is demanded and that the
// reason says how to get it.
func TestListedTool(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	reason, fault := unmet([]Requirement{QEMUUser("aarch64")}, true)
	if want := "needs qemu-aarch64 in PATH (apt-get install qemu-user)"; reason != want || !fault {
		t.Errorf("unmet = %q, %v; want %q, true", reason, fault, want)
	}
	if reason, fault = unmet([]Requirement{GoCommand}, true); !strings.Contains(reason, "go command") || !fault {
		t.Errorf("unmet(GoCommand) = %q, %v; want a fault that names the go command", reason, fault)
	}
}

func TestFeature(t *testing.T) {
	unsupported := fmt.Errorf("creating a link: %w", errors.ErrUnsupported)
	refused := fmt.Errorf("creating a link: %w", fs.ErrPermission)
	tests := []struct {
		name    string
		since   string
		err     error
		release string
		fault   bool
	}{
		{name: "works", since: "6.6", release: "6.18.0"},
		{name: "kernel too old", since: "6.6", err: unsupported, release: "6.1.0-22-cloud-amd64"},
		{name: "kernel must have it", since: "6.6", err: unsupported, release: "6.18.5", fault: true},
		{name: "kernel may lack it", err: unsupported, release: "6.18.5"},
		{name: "refused", since: "6.6", err: refused, release: "6.18.5"},
		{name: "broken probe", err: errors.New("no such file"), release: "6.18.5", fault: true},
		{name: "unreadable release", since: "6.6", err: unsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			f := &Feature{Name: "links", Since: tt.since, Probe: func() error { calls++; return tt.err }}
			req := f.Needed()
			want := ""
			if tt.err != nil {
				want = "needs links: " + tt.err.Error()
			}
			if got := req.missing(); got != want {
				t.Errorf("missing = %q, want %q", got, want)
			}
			if got := f.fault(tt.release); got != tt.fault {
				t.Errorf("fault(%q) = %v, want %v", tt.release, got, tt.fault)
			}
			if calls != 1 {
				t.Errorf("the probe ran %d times, want 1", calls)
			}
		})
	}
}

func TestAtLeast(t *testing.T) {
	tests := []struct {
		release, want string
		is            bool
	}{
		{"6.18.0", "6.6", true},
		{"6.6.0-rc1", "6.6", true},
		{"6.1.0-22-cloud-amd64", "6.6", false},
		{"5.15.167.4-microsoft-standard-WSL2", "5.15", true},
		{"7.0", "6.99", true},
		{"5.99", "6.0", false},
		{"", "6.6", false},
		{"rolling", "6.6", false},
		{"6", "6.0", false},
	}
	for _, tt := range tests {
		if got := atLeast(tt.release, tt.want); got != tt.is {
			t.Errorf("atLeast(%q, %q) = %v, want %v", tt.release, tt.want, got, tt.is)
		}
	}
}

// TestKernelRelease keeps Since from being ignored because no release is read.
func TestKernelRelease(t *testing.T) {
	Need(t, Linux)
	if r := kernelRelease(); !atLeast(r, "2.6") {
		t.Errorf("kernelRelease() = %q, which isn't read as a release", r)
	}
}

func TestNative(t *testing.T) {
	t.Setenv(execEnv, "qemu-aarch64 -cpu max")
	if want := "needs the real CPU, and this runs under qemu-aarch64"; Native.missing() != want {
		t.Errorf("Native: %q, want %q", Native.missing(), want)
	}
	t.Setenv(execEnv, "")
	if !Met(Native) {
		t.Errorf("Native: %q with no emulator", Native.missing())
	}
}
