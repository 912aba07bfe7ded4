package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

const (
	module = "github.com/gkhi/gkhi"
	kvdPkg = module + "/examples/kvd"
)

// A sourceOf says where the go command finds the example.
type sourceOf struct {
	goCmd   string
	version string // of the module, to install; empty: build in the checkout that we are in
}

// source looks for the example: the checkout that the current folder is in,
// or else the version that this gkhi was installed from.
func source(ctx context.Context) (sourceOf, error) {
	goCmd, err := exec.LookPath("go")
	if err != nil {
		return sourceOf{}, errors.New("the demo builds a service and needs the go command, which is not in PATH (https://go.dev/dl)")
	}
	list := exec.CommandContext(ctx, goCmd, "list", "-m")
	if out, err := list.Output(); err == nil && strings.TrimSpace(string(out)) == module {
		return sourceOf{goCmd: goCmd}, nil
	}
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = installable(info)
	}
	if version == "" {
		return sourceOf{}, fmt.Errorf("this gkhi was not installed from a released version, so the demo has to be run in a checkout of %s", module)
	}
	return sourceOf{goCmd, version}, nil
}

// installable returns the version under which go install finds the module that
// this program was built from, or "".
func installable(info *debug.BuildInfo) string {
	v := info.Main.Version
	if info.Main.Path != module || !strings.HasPrefix(v, "v") || strings.Contains(v, "+dirty") {
		return ""
	}
	return v
}

// shown is the go command's arguments as a reader wants to see them.
func (s sourceOf) shown(tags string) string {
	words := []string{"build"}
	pkg := "./examples/kvd"
	if s.version != "" {
		words[0] = "install"
		pkg = kvdPkg + "@" + s.version
	}
	if tags != "" {
		words = append(words, "-tags", tags)
	}
	return strings.Join(append(words, pkg), " ")
}

// build compiles the example into a program at path to, and returns its name.
func (s sourceOf) build(ctx context.Context, to, tags string) (string, error) {
	if runtime.GOOS == "windows" {
		to += ".exe"
	}
	args := []string{"-buildvcs=false", "-tags=" + tags}      // -buildvcs asks git, which may refuse
	env := append(os.Environ(), "GOTMPDIR="+filepath.Dir(to)) // removed with all else, also if go is stopped early
	if s.version == "" {
		args = append([]string{"build", "-o", to}, append(args, kvdPkg)...)
	} else {
		args = append([]string{"install"}, append(args, kvdPkg+"@"+s.version)...)
		env = append(env, "GOBIN="+to+".bin")
	}
	cmd := exec.CommandContext(ctx, s.goCmd, args...)
	cmd.Env = env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("building %s: %w\n%s", kvdPkg, err, out)
	}
	if s.version == "" {
		return to, nil
	}
	installed := filepath.Join(to+".bin", "kvd"+filepath.Ext(to))
	return to, os.Rename(installed, to)
}
