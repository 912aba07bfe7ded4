package testenv

import (
	"fmt"
	"os/exec"
)

// tools lists the programs that CI installs, with what to type to get each.
// .ci/packages and .ci/tools/go.mod are where CI installs them from; a test
// holds the three together.
var tools = map[string]string{
	"chromium":     "apt-get install chromium",
	"dlv":          "go install github.com/go-delve/delve/cmd/dlv@latest",
	"gcc":          "apt-get install gcc",
	"gdb":          "apt-get install gdb",
	"qemu-aarch64": "apt-get install qemu-user",
	"shellcheck":   "apt-get install shellcheck",
}

// GoCommand needs the go command. It is demanded when [Strict] holds.
var GoCommand = Requirement{
	missing: func() string {
		if _, err := exec.LookPath("go"); err != nil {
			return "needs the go command in PATH"
		}
		return ""
	},
	demanded: func() bool { return true },
}

// Tool needs the program name in PATH. It is demanded when [Strict] holds, if
// name is one of the programs that CI installs.
func Tool(name string) Requirement {
	how, installed := tools[name]
	return Requirement{
		missing: func() string {
			if _, err := exec.LookPath(name); err == nil {
				return ""
			}
			if how == "" {
				return fmt.Sprintf("needs %s in PATH", name)
			}
			return fmt.Sprintf("needs %s in PATH (%s)", name, how)
		},
		demanded: func() bool { return installed },
	}
}

// QEMUUser needs QEMU's user-mode emulator of an architecture, in QEMU's
// spelling: "aarch64", not "arm64".
func QEMUUser(arch string) Requirement { return Tool("qemu-" + arch) }
