package gobuild

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gkhi/gkhi/internal/instrument"
	"github.com/gkhi/gkhi/internal/toolexec"
)

// minGo is the oldest Go release that the runtime part is built with.
const minGo = "1.26.0"

// Options say what a build stands on.
type Options struct {
	Tool    string // path of gkhi, which the go command runs as "gkhi toolexec"
	Version string // tells this build of gkhi from others
	Source  fs.FS  // of the runtime part
	Cache   string // folder for what is kept between builds; made when it is missing
	Go      string // the go command; default "go"

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            []string // of the go command; default: this process's
}

// A builder is one build in the making.
type builder struct {
	opt  Options
	args *Args
	dir  string // where the go command runs, absolute
	temp string // for what nobody needs afterwards
	// moduleDir is where go list finds the program: dir, or a folder in temp where the packages are given with versions.
	moduleDir string
	profile   string // absolute path of the profile that std is built with, or empty
	static    bool   // the program has no C code
	env       struct{ GOOS, GOARCH, GOVERSION, GOFLAGS string }
	goflags   []flag // of GOFLAGS, without -toolexec
	wrapped   bool   // it had that
}

// A Build is a go command that is ready to run. Close removes what it needs.
type Build struct {
	Cmd  *exec.Cmd
	Plan *toolexec.Plan
	temp string
}

// Close removes the build's temporary files.
func (b *Build) Close() error { return os.RemoveAll(b.temp) }

// Prepare makes everything ready for a build. The error of a go command that failed
// is a *exec.ExitError, and its messages are on opt.Stderr already.
func Prepare(args *Args, opt Options) (*Build, error) {
	b, err := newBuilder(args, opt)
	if err != nil {
		return nil, err
	}
	if b.wrapped {
		return nil, fmt.Errorf("GOFLAGS has -toolexec, which gkhi %s uses itself", args.Verb)
	}
	temp, err := os.MkdirTemp("", "gkhi-build-")
	if err != nil {
		return nil, err
	}
	build := &Build{temp: temp}
	b.temp = temp
	if err := b.prepare(build); err != nil {
		build.Close() //nolint:errcheck // the first error tells more
		return nil, err
	}
	return build, nil
}

func newBuilder(args *Args, opt Options) (*builder, error) {
	if opt.Go == "" {
		opt.Go = "go"
	}
	if opt.Env == nil {
		opt.Env = os.Environ()
	}
	b := &builder{opt: opt, args: args}
	var err error
	if b.dir, err = filepath.Abs(args.Dir); err != nil {
		return nil, err
	}
	b.moduleDir = b.dir
	out, err := b.goOutput(b.dir, nil, "env", "-json", "GOOS", "GOARCH", "GOVERSION", "GOFLAGS")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &b.env); err != nil {
		return nil, fmt.Errorf("what go env prints can't be read: %w", err)
	}
	if b.env.GOOS != "linux" || b.env.GOARCH != "amd64" && b.env.GOARCH != "arm64" {
		return nil, fmt.Errorf("points can be laid down for linux/amd64 and linux/arm64, not for %s/%s", b.env.GOOS, b.env.GOARCH)
	}
	if v, _, _ := strings.Cut(b.env.GOVERSION, "-"); version.IsValid(v) && version.Compare(v, "go"+minGo) < 0 {
		return nil, fmt.Errorf("gkhi %s needs go%s or newer; this is %s", args.Verb, minGo, b.env.GOVERSION)
	}
	b.readGoflags()
	if c := b.value("compiler"); c != "" && c != "gc" {
		return nil, fmt.Errorf("points can't be laid down with -compiler=%s", c)
	}
	switch mode := b.value("buildmode"); mode {
	case "", "default", "exe", "pie", "c-shared":
	default:
		return nil, fmt.Errorf("points can't be laid down with -buildmode=%s", mode)
	}
	return b, nil
}

func (b *builder) prepare(build *Build) error {
	pkgs, err := b.list()
	if err != nil {
		return err
	}
	plan, err := b.plan(pkgs)
	if err != nil {
		return err
	}
	file := filepath.Join(build.temp, "plan.json")
	if err := b.withRuntime(plan, pkgs, file); err != nil {
		return err
	}
	args := []string{b.args.Verb}
	if b.args.Dir != "" {
		args = append(args, "-C", b.args.Dir)
	}
	args = append(append(args, b.toolexec(file)), b.flags(plan, pkgs, func(*pkg) bool { return true })...)
	for _, f := range b.args.Flags {
		if f.name != "gcflags" {
			args = append(args, f.String())
		}
	}
	args = append(append(args, b.args.Packages...), b.args.Rest...)
	build.Plan = plan
	build.Cmd = b.goCommand("", nil, args...)
	build.Cmd.Stdin, build.Cmd.Stdout = b.opt.Stdin, b.opt.Stdout
	return nil
}

// plan decides which functions get points.
func (b *builder) plan(pkgs []*pkg) (*toolexec.Plan, error) {
	plan := &toolexec.Plan{Version: b.opt.Version, Min: b.args.Min}
	var err error
	if plan.Patterns, err = b.patterns(pkgs); err != nil {
		return nil, err
	}
	if _, err := instrument.ParsePatterns(plan.Patterns); err != nil {
		return nil, err
	}
	if plan.Min < 0 {
		plan.Min = instrument.DefaultMin
	}
	plan.Symbols = b.args.Verb == "run" || b.args.Verb == "test" && !b.keepsTest()
	return plan, b.check(plan, pkgs)
}

func (b *builder) toolexec(file string) string {
	return "-toolexec=" + quote(b.opt.Tool) + " toolexec -plan " + quote(file)
}

// withRuntime adds the runtime part to a plan, and saves it to file.
func (b *builder) withRuntime(plan *toolexec.Plan, pkgs []*pkg, file string) error {
	b.profile, b.static = b.profileOf(pkgs), b.needsNoC(pkgs)
	module, path, own := b.runtimePart(pkgs)
	if err := vendored(path, pkgs); own && err != nil {
		return err
	}
	dir := b.moduleDir
	if !own {
		var err error
		if dir, err = b.unpack(module); err != nil {
			return err
		}
	}
	plan.Module = module
	if err := b.export(plan, pkgs, file, dir, path, own); err != nil {
		return err
	}
	plan.Runtime = path
	if !own {
		plan.Nameless = nameless(plan.Export, module)
	}
	return plan.Save(file)
}

// export builds package path of the runtime part, which is in dir.
func (b *builder) export(plan *toolexec.Plan, pkgs []*pkg, file, dir, path string, own bool) (err error) {
	// What the runtime part imports may have points too. To build it so the plan must know the one package that points
	// themselves need, which never has any.
	extra := b.userGcflags()
	if slices.ContainsFunc(pkgs, func(p *pkg) bool { return p.Standard && plan.Points(p.ImportPath) }) {
		if plan.Export, err = b.exports(dir, plan.Module, own, nil, instrument.RuntimeAtomic.Import); err != nil {
			return err
		}
		if err := plan.Save(file); err != nil {
			return err
		}
		extra = append([]string{b.toolexec(file)}, extra...)
		if !plan.Tagged {
			extra = append(extra, b.flags(plan, pkgs, func(p *pkg) bool { return p.Standard })...)
		}
	}
	plan.Export, err = b.exports(dir, plan.Module, own, extra, cmp.Or(path, instrument.RuntimeAtomic.Import))
	return err
}

// flags returns the -gcflags by which the compiler is told which packages have points, of those that f chooses,
// behind the user's own.
func (b *builder) flags(plan *toolexec.Plan, pkgs []*pkg, f func(*pkg) bool) []string {
	var ours []string
	user := gcflags(slices.Concat(b.goflags, b.args.Flags))
	for _, p := range pkgs {
		if !f(p) {
			continue
		}
		main := p.Name == "main" || b.args.Verb == "test" && !p.DepOnly
		flag := plan.Flag(p.ImportPath, main)
		if flag == "" {
			continue
		}
		if u := effective(user, p, b.dir); u != "" {
			flag = u + " " + flag
		}
		ours = append(ours, "-gcflags="+p.ImportPath+"="+flag)
	}
	if len(ours) == 0 {
		return nil
	}
	return append(b.userGcflags(), ours...)
}

func (b *builder) userGcflags() []string {
	return b.args.only(words("gcflags"))
}

// keepsTest reports whether go test leaves the test's executable to the user.
func (b *builder) keepsTest() bool {
	return slices.ContainsFunc(b.args.Flags, func(f flag) bool {
		return f.name == "c" || f.name == "o" || strings.HasSuffix(f.name, "profile")
	})
}

// profileOf returns the profile that the go command will optimise the standard library with, too.
func (b *builder) profileOf(pkgs []*pkg) string {
	switch f := b.value("pgo"); f {
	case "off":
		return ""
	case "", "auto":
	default:
		return b.absolute(f)
	}
	if b.args.Verb == "test" {
		return ""
	}
	for _, p := range pkgs {
		if p.Name == "main" && !p.DepOnly {
			if f := filepath.Join(p.Dir, "default.pgo"); fileExists(f) {
				return f
			}
		}
	}
	return ""
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// goCommand makes a go command that runs in dir, or in ours when that is empty.
func (b *builder) goCommand(dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(b.opt.Go, args...)
	cmd.Dir = dir
	cmd.Env = append(slices.Clone(b.opt.Env), env...)
	cmd.Stderr = b.opt.Stderr
	return cmd
}

// goOutput runs a go command and returns what it prints.
func (b *builder) goOutput(dir string, env []string, args ...string) ([]byte, error) {
	var out bytes.Buffer
	cmd := b.goCommand(dir, env, args...)
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("the go command is needed, and isn't in PATH: %w", err)
		}
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return out.Bytes(), nil
}

// quote writes a word so that the go command reads it as one.
func quote(word string) string {
	switch {
	case !strings.ContainsAny(word, " \t\n'\""):
		return word
	case !strings.Contains(word, "'"):
		return "'" + word + "'"
	}
	return `"` + word + `"`
}
