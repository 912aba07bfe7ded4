package gobuild

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Of a package with a version, as in go install example.com/cmd@latest, go list tells nothing: it wants a module that requires
// the package's. Such a one is made, in the build's temporary folder.

// versioned reports whether the packages to build are given with a version.
func (b *builder) versioned() bool {
	return len(b.args.Packages) > 0 && !slices.ContainsFunc(b.args.Packages, func(p string) bool { return !strings.Contains(p, "@") })
}

// named returns the packages to build without their versions, and what the environment needs for go list to find
// them in moduleDir.
func (b *builder) named() (packages, env []string, err error) {
	if !b.versioned() {
		return b.args.Packages, nil, nil
	}
	for _, p := range b.args.Packages {
		path, _, _ := strings.Cut(p, "@")
		packages = append(packages, path)
	}
	env = []string{"GOWORK=off", "GOFLAGS=" + withoutFlags(b.env.GOFLAGS, words("mod modfile"))}
	if b.moduleDir != b.dir {
		return packages, env, nil
	}
	dir := filepath.Join(b.temp, "module")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module gkhi.invalid/build\n"), 0o600); err != nil {
		return nil, nil, err
	}
	b.moduleDir = dir
	cmd := b.goCommand(dir, env, slices.Concat([]string{"get"}, b.args.Packages)...)
	var messages bytes.Buffer // on success they are about our go.mod
	cmd.Stdout, cmd.Stderr = &messages, &messages
	if err := cmd.Run(); err != nil {
		b.opt.Stderr.Write(messages.Bytes()) //nolint:errcheck // nobody can be told
		return nil, nil, fmt.Errorf("go get: %w", err)
	}
	return packages, env, nil
}

// adopt makes the modules of the packages to build, which the made one only requires, main ones.
func adopt(pkgs []*pkg) {
	mains := map[string]bool{}
	for _, p := range pkgs {
		if p.Module != nil && !p.DepOnly {
			mains[p.Module.Path] = true
		}
	}
	for _, p := range pkgs {
		if p.Module != nil {
			p.Module.Main = mains[p.Module.Path]
		}
	}
}
