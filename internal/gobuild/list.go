package gobuild

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A pkg is what go list tells of a package.
type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	ForTest    string
	Standard   bool
	DepOnly    bool // not named on the command line
	Module     *struct {
		Path, Dir string
		Main      bool
	}
}

// list asks for the packages to be built and all that they import, each once.
func (b *builder) list() ([]*pkg, error) {
	args := []string{"list", "-deps", "-json=ImportPath,Name,Dir,ForTest,Standard,DepOnly,Module"}
	if b.args.Verb == "test" {
		args = append(args, "-test")
	}
	args = append(args, b.args.only(listFlags)...)
	args = append(append(args, "--"), b.args.Packages...)
	out, err := b.goOutput(b.dir, nil, args...)
	if err != nil {
		return nil, err
	}
	seen := map[string]*pkg{}
	var pkgs []*pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		p := new(pkg)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, fmt.Errorf("what go list prints can't be read: %w", err)
		}
		p.ImportPath, _, _ = strings.Cut(p.ImportPath, " ") // "p [p.test]"
		if p.Name == "main" && strings.HasSuffix(p.ImportPath, ".test") || p.ForTest != "" && p.ImportPath == p.ForTest+"_test" {
			continue // they are compiled with the flags of the package that they test
		}
		if old := seen[p.ImportPath]; old != nil {
			old.DepOnly = old.DepOnly && p.DepOnly
			continue
		}
		seen[p.ImportPath] = p
		pkgs = append(pkgs, p)
	}
}

// loose is the import path of a package that is given as a list of files.
const loose = "command-line-arguments"

// patterns returns what the user chose, with folders turned into import paths, or the
// default: the main modules' packages.
func (b *builder) patterns(pkgs []*pkg) ([]string, error) {
	type module struct{ path, dir string }
	var mains []module
	for _, p := range pkgs {
		if m := p.Module; m != nil && m.Main && !slices.Contains(mains, module{m.Path, m.Dir}) {
			mains = append(mains, module{m.Path, m.Dir})
		}
	}
	if len(b.args.Hooks) == 0 {
		out := []string{loose}
		for _, m := range mains {
			out = append(out, m.path+"/...")
		}
		return out, nil
	}
	var out []string
	for _, p := range b.args.Hooks {
		text, omit := strings.CutPrefix(p, "-")
		if text == "." || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") {
			folder, all := strings.CutSuffix(text, "/...")
			if text == "./..." {
				folder, all = ".", true
			}
			dir := filepath.Join(b.dir, folder)
			found := false
			for _, m := range mains {
				rel, err := filepath.Rel(m.dir, dir)
				if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
					text, found = path.Join(m.path, filepath.ToSlash(rel)), true
				}
			}
			if !found {
				return nil, fmt.Errorf("-hooks %s: the folder is in no main module", p)
			}
			if all {
				text += "/..."
			}
		}
		if omit {
			text = "-" + text
		}
		out = append(out, text)
	}
	return out, nil
}
