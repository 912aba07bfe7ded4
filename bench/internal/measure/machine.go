package measure

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/gkhi/gkhi"
)

// A Machine is what the figures hold for.
type Machine struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	CPU    string `json:"cpu,omitempty"`    // the model's name; empty where it isn't told
	Kernel string `json:"kernel,omitempty"` // its release; empty where it isn't told
	CPUs   int    `json:"cpus"`
	Go     string `json:"go"`
	Sites  string `json:"sites,omitempty"` // how gkhi arms the sites of this program; empty where none are measured
}

// ThisMachine looks at the machine that the program runs on.
func ThisMachine() Machine {
	m := Machine{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(),
		Sites: gkhi.Status().String(),
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(b))
	}
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	return m
}

// String is one line for people.
func (m Machine) String() string {
	s := m.OS + "/" + m.Arch
	if m.Kernel != "" {
		s += ", kernel " + m.Kernel
	}
	if m.CPU != "" {
		s += ", " + m.CPU
	}
	s = fmt.Sprintf("%s, %d CPUs, %s", s, m.CPUs, m.Go)
	if m.Sites != "" {
		s += "; sites: " + m.Sites
	}
	return s
}
