package gobuild

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	packages, env, err := b.named()
	if err != nil {
		return nil, err
	}
	flags := listFlags
	if b.versioned() {
		flags = maps.Clone(listFlags)
		delete(flags, "mod")
		delete(flags, "modfile")
	}
	args = append(args, b.args.only(flags)...)
	args = append(append(args, "--"), packages...)
	out, err := b.goOutput(b.moduleDir, env, args...)
	if err != nil {
		return nil, err
	}
	seen := map[string]*pkg{}
	var pkgs []*pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		p := new(pkg)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			if b.versioned() {
				adopt(pkgs)
			}
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
