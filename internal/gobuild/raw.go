package gobuild

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/toolexec"
)

// FileVersion tells one file's content from another's.
func FileVersion(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// RawPlan makes the plan of a build that somebody began with go build -toolexec="gkhi toolexec FLAG…".
// It is called in each run of a tool, by which that begins; words are the flags, the tool and the tool's
// arguments, of which the last two are returned. What is built, and how, is seen in the
// command line of the go command, the parent process, and kept in a file until that has ended.
func RawPlan(words []string, opt Options) (plan *toolexec.Plan, tool []string, err error) {
	n := 0
	for n < len(words) && strings.HasPrefix(words[n], "-") {
		if w := strings.TrimLeft(words[n], "-"); w == "hooks" || w == "hooks-min" {
			n++
		}
		n++
	}
	if n >= len(words) {
		return nil, nil, errors.New("the tool to run is missing")
	}
	flags, tool := words[:n], words[n:]
	parent, err := goParent()
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", parent.id, flags, opt.Version))
	file := filepath.Join(opt.Cache, fmt.Sprintf("plan-%d-%x.json", parent.pid, sum[:8]))
	if plan, err := toolexec.Load(file); err == nil {
		return plan, tool, nil
	}
	if plan, err = rawPlan(parent.args, flags, opt, file); err != nil {
		return nil, nil, err
	}
	return plan, tool, nil
}

// A process is the go command that runs us.
type process struct {
	pid  int
	id   string // differs between processes that have the same pid one after the other
	args []string
}

func goParent() (process, error) {
	p := process{pid: os.Getppid()}
	dir := "/proc/" + strconv.Itoa(p.pid)
	line, err := os.ReadFile(dir + "/cmdline")
	if err != nil {
		return p, fmt.Errorf("how the go command was called can't be seen here; use gkhi build: %w", err)
	}
	p.args = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return p, err
	}
	if at := bytes.LastIndexByte(stat, ')'); at >= 0 {
		if f := strings.Fields(string(stat[at+1:])); len(f) > 19 {
			p.id = f[19] // when it began: field 22 of proc_pid_stat(5)
		}
	}
	if filepath.Base(p.args[0]) != "go" || len(p.args) < 2 {
		return p, errors.New("gkhi toolexec is run by the go command: go build -toolexec=\"gkhi toolexec\"")
	}
	return p, nil
}

// rawPlan makes the plan from the go command's arguments and our flags, and saves it.
func rawPlan(goArgs, flags []string, opt Options, file string) (*toolexec.Plan, error) {
	goArgs = goArgs[1:]
	switch w := goArgs[0]; { // go -C FOLDER build
	case w == "-C" || w == "--C":
		goArgs = goArgs[min(2, len(goArgs)):]
	case strings.HasPrefix(w, "-C=") || strings.HasPrefix(w, "--C="):
		goArgs = goArgs[1:]
	}
	if len(goArgs) == 0 {
		return nil, errors.New("how the go command was called can't be read; use gkhi build")
	}
	verb, rest := goArgs[0], goArgs[1:]
	var plain []string
	for i := 0; i < len(rest); i++ { // ParseArgs refuses it, for good reason elsewhere
		switch w := strings.TrimLeft(rest[i], "-"); {
		case rest[i] != w && w == "toolexec":
			i++
		case rest[i] != w && strings.HasPrefix(w, "toolexec="):
		default:
			plain = append(plain, rest[i])
		}
	}
	args, err := ParseArgs(verb, plain)
	if err != nil {
		return nil, err
	}
	ours, err := ParseArgs(verb, flags)
	if err != nil {
		return nil, err
	}
	args.Hooks, args.Min, args.Serve = ours.Hooks, ours.Min, ours.Serve
	args.Dir = "" // the go command has changed to it, and so we are there
	opt.Stdout = io.Discard
	b, err := newBuilder(args, opt)
	if err != nil {
		return nil, err
	}
	if b.temp, err = os.MkdirTemp("", "gkhi-build-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.temp) //nolint:errcheck // a temporary folder
	pkgs, err := b.list()
	if err != nil {
		return nil, err
	}
	plan, err := b.plan(pkgs)
	if err != nil {
		return nil, err
	}
	plan.Tagged = true
	if err := b.withRuntime(plan, pkgs, file); err != nil {
		return nil, err
	}
	removeStale(opt.Cache)
	return plan, nil
}

// removeStale removes the plans of go commands that have ended.
func removeStale(cache string) {
	files, _ := filepath.Glob(filepath.Join(cache, "plan-*.json")) // the pattern is right
	for _, f := range files {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(f), "plan-"), "-")
		if _, err := os.Stat("/proc/" + pid); errors.Is(err, os.ErrNotExist) {
			os.Remove(f) //nolint:errcheck // the next one tries again
		}
	}
}
