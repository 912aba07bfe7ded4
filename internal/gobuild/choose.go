package gobuild

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gkhi/gkhi/internal/instrument"
	"github.com/gkhi/gkhi/internal/toolexec"
)

// loose is the import path of a package that is given as a list of files.
const loose = "command-line-arguments"

// patterns returns what the user chose, with folders and the go command's own words turned into import paths, or the
// default: the main modules' packages.
func (b *builder) patterns(pkgs []*pkg) ([]string, error) {
	if len(b.args.Hooks) == 0 {
		out := []string{loose}
		for _, m := range mainModules(pkgs) {
			out = append(out, m.path+"/...")
		}
		return out, nil
	}
	var out []string
	for _, p := range b.args.Hooks {
		ps, err := b.pattern(p, pkgs)
		if err != nil {
			return nil, err
		}
		out = append(out, ps...)
	}
	return out, nil
}

type module struct{ path, dir string }

func mainModules(pkgs []*pkg) []module {
	var mains []module
	for _, p := range pkgs {
		if m := p.Module; m != nil && m.Main && !slices.Contains(mains, module{m.Path, m.Dir}) {
			mains = append(mains, module{m.Path, m.Dir})
		}
	}
	return mains
}

// pattern returns the patterns of import paths and names that one of the user's stands for.
func (b *builder) pattern(p string, pkgs []*pkg) ([]string, error) {
	text, omit := strings.CutPrefix(p, "-")
	texts := []string{text}
	switch rest, isMain := strings.CutPrefix(text, "main"); {
	case isFolder(text):
		var err error
		if texts[0], err = b.folder(text, pkgs); err != nil {
			return nil, fmt.Errorf("-hooks %s: %w", p, err)
		}
	case text == "all":
		texts[0] = "..."
	case text == "std":
		texts = nil
		for _, p := range pkgs {
			if _, excluded := instrument.Excluded(p.ImportPath); p.Standard && !excluded {
				texts = append(texts, p.ImportPath)
			}
		}
	case isMain && (rest == "" || rest[0] == '.'): // as names of functions in the program have it
		var mains []string
		for _, p := range pkgs {
			if p.Name == "main" && !p.DepOnly {
				mains = append(mains, p.ImportPath+rest)
			}
		}
		if len(mains) > 0 {
			texts = mains
		}
	}
	if omit {
		for i := range texts {
			texts[i] = "-" + texts[i]
		}
	}
	return texts, nil
}

func isFolder(text string) bool {
	return text == "." || strings.HasPrefix(text, "./") || text == ".." || strings.HasPrefix(text, "../") || filepath.IsAbs(text)
}

// folder turns a folder of a main module, or such with /... behind it, into import paths.
func (b *builder) folder(text string, pkgs []*pkg) (string, error) {
	folder, all := strings.CutSuffix(text, "/...")
	dir := b.absolute(folder)
	found := ""
	for _, m := range mainModules(pkgs) {
		rel, err := filepath.Rel(m.dir, dir)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			found = path.Join(m.path, filepath.ToSlash(rel))
		}
	}
	if found == "" {
		return "", errors.New("the folder is in no main module")
	}
	if all {
		found += "/..."
	}
	return found, nil
}

// check refuses patterns that choose nothing of the build, and warns of those that do beside others.
func (b *builder) check(plan *toolexec.Plan, pkgs []*pkg) error {
	some := slices.ContainsFunc(pkgs, func(p *pkg) bool { return plan.Points(p.ImportPath) })
	for _, hook := range b.args.Hooks {
		ps, err := b.pattern(hook, pkgs)
		if err != nil {
			return err
		}
		err = useless(ps, pkgs)
		if err == nil {
			continue
		}
		if err = fmt.Errorf("-hooks %s: %w", hook, err); !some {
			return err
		}
		fmt.Fprintf(b.opt.Stderr, "gkhi: warning: %v\n", err) //nolint:errcheck // nobody can be told
	}
	switch {
	case some:
		return nil
	case len(b.args.Hooks) == 0:
		return errors.New("no package of the main module is in the build: -hooks says which others have points")
	}
	return fmt.Errorf("-hooks %s: it leaves out all that it chooses", strings.Join(b.args.Hooks, ","))
}

// useless is why patterns, which one of the user's stands for, choose nothing or leave nothing out.
func useless(patterns []string, pkgs []*pkg) error {
	reason := ""
	for _, p := range patterns {
		text, omit := strings.CutPrefix(p, "-")
		one, err := instrument.ParsePatterns([]string{text})
		if err != nil {
			return nil // that has been said
		}
		if why, excluded := instrument.Excluded(text); excluded {
			reason = why
		}
		for _, p := range pkgs {
			if !one.MayMatch(p.ImportPath) {
				continue
			}
			why, excluded := instrument.Excluded(p.ImportPath)
			if !excluded || omit {
				return nil
			}
			if reason == "" {
				reason = why
			}
		}
	}
	if reason != "" {
		return fmt.Errorf("the package can't have points: %s", reason)
	}
	return errors.New("no package of the build matches")
}
