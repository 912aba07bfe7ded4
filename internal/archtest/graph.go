package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// A pkg is one package as go list -json describes it.
type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	Standard   bool
	DepOnly    bool // not asked for, but imported
	GoFiles    []string
	CgoFiles   []string
	Imports    []string

	TestGoFiles  []string
	XTestGoFiles []string
}

// A graph is the packages of the module with all that they import, on one
// platform, by import path.
type graph map[string]*pkg

// load runs go list in the module's root for a platform such as "linux/arm64".
func load(root, platform string) (graph, error) {
	goos, goarch, _ := strings.Cut(platform, "/")
	cmd := exec.Command("go", "list", "-deps",
		"-json=ImportPath,Name,Dir,Standard,DepOnly,GoFiles,CgoFiles,Imports,TestGoFiles,XTestGoFiles", "./...")
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages for %s: %w\n%s", platform, err, &stderr)
	}

	g := make(graph)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		switch err := dec.Decode(p); {
		case errors.Is(err, io.EOF):
			return g, nil
		case err != nil:
			return nil, fmt.Errorf("reading go list's output: %w", err)
		}
		g[p.ImportPath] = p
	}
}

// own returns the module's packages, sorted by import path.
func (g graph) own() []*pkg {
	var ps []*pkg
	for _, p := range g {
		if isOwn(p.ImportPath) {
			ps = append(ps, p)
		}
	}
	slices.SortFunc(ps, func(a, b *pkg) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return ps
}

// isOwn reports whether an import path is of this module.
func isOwn(path string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}

// short returns an import path as the tables write it: a package of this module
// as its folder.
func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// long is the reverse of short for patterns.
func long(pattern string) string {
	switch first := firstElement(pattern); {
	case first == ".":
		return module + strings.TrimPrefix(pattern, ".")
	case slices.ContainsFunc(layers, func(l layer) bool {
		return slices.ContainsFunc(l.units, func(u string) bool { return firstElement(u) == first })
	}):
		return module + "/" + pattern
	}
	return pattern
}

// firstElement returns a path up to its first slash.
func firstElement(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// matches reports whether an import path matches any of the patterns.
func matches(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		pattern = long(pattern)
		if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
			return path == prefix || strings.HasPrefix(path, prefix+"/")
		}
		return path == pattern
	})
}
