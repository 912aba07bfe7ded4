package toolexec

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/laydown"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// unlaid are the build modes that have no executable text of their own to lay sites into.
var unlaid = []string{"c-archive", "archive", "shared", "plugin"}

// link runs the linker and lays down the sites of what it made.
func (r *Runner) link(tool string, args []string) error {
	flags := flagSet(args)
	output, ok := flags.value("o")
	config, has := flags.value("importcfg")
	if !ok || !has {
		return r.exec(tool, args)
	}
	pkgs, err := packages(args[len(args)-1], config)
	if err != nil {
		return err
	}
	runtime, err := r.wanted(args[len(args)-1])
	if err != nil {
		return err
	}
	if len(pkgs) == 0 && !runtime {
		return r.exec(tool, args)
	}
	if mode, _ := flags.value("buildmode"); slices.Contains(unlaid, mode) {
		return fmt.Errorf("points can't be laid down with -buildmode=%s", mode)
	}
	dir, err := workFolder(output, "link")
	if err != nil {
		return err
	}
	if runtime {
		more, err := r.runtimePackages(config)
		if err != nil {
			return err
		}
		cfg, err := r.addImports(args, filepath.Join(dir, "importcfg.link"), more)
		if err != nil {
			return err
		}
		args = slices.Concat(self.LinkerFlags(r.Plan.Module, r.program(), self.Version()), flagSet(args).with("importcfg", cfg))
	}
	unstripped := slices.DeleteFunc(slices.Clone(args), strips)
	stripped := len(unstripped) < len(args)
	if stripped && r.Plan.Symbols {
		args, stripped = unstripped, false
	}
	if err := r.exec(tool, args); err != nil {
		return err
	}
	if len(pkgs) == 0 {
		if !strings.HasSuffix(r.program(), ".test") {
			fmt.Fprintf(r.Stderr, "gkhi: warning: no function of %s has points: the ones chosen are inlined or small; -hooks-min 0 takes them too\n", //nolint:errcheck // nobody can be told
				r.program())
		}
		return nil
	}
	opt := laydown.Options{First: r.first(), Nameless: r.Plan.Nameless}
	if stripped {
		opt.Twin = filepath.Join(dir, "twin")
		if err := r.exec(tool, flagSet(unstripped).with("o", opt.Twin)); err != nil {
			return err
		}
		defer os.Remove(opt.Twin) //nolint:errcheck // the go command removes the folder
	}
	_, err = laydown.Lay(output, pkgs, opt)
	return err
}

// program is the import path of the main package.
func (r *Runner) program() string {
	path, _, _ := strings.Cut(r.ImportPath, " ") // "p [p.test]"
	return path
}

// strips reports whether a flag has the linker leave out symbols or debug information: what sites are found by, and
// what tells where arguments are.
func strips(flag string) bool {
	flag, is := strings.CutPrefix(strings.Replace(flag, "--", "-", 1), "-")
	name, value, has := strings.Cut(flag, "=")
	if !is || name != "s" && name != "w" {
		return false
	}
	on, err := strconv.ParseBool(value)
	return !has || err == nil && on
}

// packages collects what the compilations left in the archives of a program.
func packages(main, config string) ([]*sitetab.Package, error) {
	cfg, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	paths, files := packageFiles(cfg)
	archives := []string{main}
	for _, path := range paths {
		if files[path] != main {
			archives = append(archives, files[path])
		}
	}
	var pkgs []*sitetab.Package
	for _, a := range archives {
		data, err := member(a, sitetab.MemberName)
		if err != nil {
			return nil, err
		}
		if data == nil {
			continue
		}
		pkg, err := sitetab.DecodePackage(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a, err)
		}
		pkgs = append(pkgs, pkg)
	}
	return pkgs, nil
}

// wanted reports whether the main package imports the runtime part: whether its
// archive names it.
func (r *Runner) wanted(main string) (bool, error) {
	if r.Plan.Runtime == "" {
		return false, nil
	}
	b, err := os.ReadFile(main)
	if err != nil {
		return false, err
	}
	return bytes.Contains(b, []byte(r.Plan.Runtime)), nil
}

// runtimePackages are the packages that the runtime part needs and the program doesn't have. Those of gkhi
// itself that it has must be the ones that the plan was made with.
func (r *Runner) runtimePackages(config string) ([]string, error) {
	cfg, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	_, have := packageFiles(cfg)
	var more []string
	for path := range r.Plan.Export {
		if have[path] == "" {
			more = append(more, path)
		}
	}
	if len(more) == len(r.Plan.Export) {
		return nil, errors.New("the program has not even package runtime")
	}
	slices.Sort(more)
	return more, nil
}

// first are the packages that are initialised before all others: the runtime part and
// what it imports, without what is no package of Go code.
func (r *Runner) first() []string {
	var paths []string
	for path := range r.Plan.Export {
		if path != "unsafe" && !strings.HasSuffix(path, "/cgo") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
