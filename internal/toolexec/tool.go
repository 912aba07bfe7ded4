package toolexec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Runner runs tools as a plan says.
type Runner struct {
	Plan           *Plan
	ImportPath     string // what the go command says is built: the environment's TOOLEXEC_IMPORTPATH
	Stdout, Stderr io.Writer
}

// Run runs a tool with its arguments in place of the go command. An error of type
// *exec.ExitError has been reported by the tool itself.
func (r *Runner) Run(tool string, args []string) error {
	name := strings.TrimSuffix(filepath.Base(tool), ".exe")
	if len(args) == 1 && args[0] == "-V=full" {
		return r.version(tool, name)
	}
	switch name {
	case "compile":
		return r.compile(tool, args)
	case "link":
		return r.link(tool, args)
	}
	return r.exec(tool, args)
}

// version answers -V=full, which the go command asks each tool once.
func (r *Runner) version(tool, name string) error {
	if !r.Plan.Tagged || name != "compile" {
		return r.exec(tool, []string{"-V=full"})
	}
	out, err := r.command(tool, "-V=full").Output()
	if err != nil {
		return fmt.Errorf("ask for the compiler's version: %w", err)
	}
	line := strings.TrimSpace(string(out))
	// A compiler under development ends in its build ID, of which the go command reads the last part.
	if at := strings.LastIndex(line, "/"); strings.Contains(line, "devel") && at >= 0 {
		line = line[:at+1] + r.Plan.Tag() + line[at+1:]
	} else {
		line += " gkhi=" + r.Plan.Tag()
	}
	_, err = fmt.Fprintln(r.Stdout, line)
	return err
}

// command makes a command whose messages go where the go command looks for them.
func (r *Runner) command(tool string, args ...string) *exec.Cmd {
	cmd := exec.Command(tool, args...)
	cmd.Stderr = r.Stderr
	return cmd
}

// exec runs a tool as it is.
func (r *Runner) exec(tool string, args []string) error {
	cmd := r.command(tool, args...)
	cmd.Stdout = r.Stdout
	return cmd.Run()
}

// A flagSet finds flags among a tool's arguments, which have one or two dashes and their
// value in the same argument or the next.
type flagSet []string

// value returns the last value of a flag, and whether it is there.
func (f flagSet) value(name string) (value string, ok bool) {
	for i, a := range f {
		a = strings.TrimPrefix(a, "-")
		if a == "-"+name && i+1 < len(f) {
			value, ok = f[i+1], true
		} else if v, has := strings.CutPrefix(a, "-"+name+"="); has {
			value, ok = v, true
		} else if v, has := strings.CutPrefix(a, name+"="); has && strings.HasPrefix(f[i], "-") {
			value, ok = v, true
		} else if a == name && strings.HasPrefix(f[i], "-") && i+1 < len(f) {
			value, ok = f[i+1], true
		}
	}
	return value, ok
}

// with returns the arguments with a flag's value replaced.
func (f flagSet) with(name, value string) []string {
	out := make([]string, 0, len(f))
	for i := 0; i < len(f); i++ {
		bare := strings.TrimLeft(f[i], "-")
		switch {
		case !strings.HasPrefix(f[i], "-"):
			out = append(out, f[i])
		case bare == name && i+1 < len(f):
			out = append(out, "-"+name+"="+value)
			i++
		case strings.HasPrefix(bare, name+"="):
			out = append(out, "-"+name+"="+value)
		default:
			out = append(out, f[i])
		}
	}
	return out
}

// workFolder is a folder of our own beside a tool's output, in the work folder that
// the go command removes.
func workFolder(output, name string) (string, error) {
	dir := filepath.Join(filepath.Dir(output), "gkhi-"+name)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return dir, nil
}
