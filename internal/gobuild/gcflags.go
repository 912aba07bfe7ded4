package gobuild

import (
	"path/filepath"
	"strings"
)

// A perPackage is one -gcflags of the user's: flags for the packages of a pattern, or
// for those named on the command line when the pattern is empty.
type perPackage struct{ pattern, flags string }

// gcflags returns the -gcflags of the user's flags, in order.
func gcflags(flags []flag) []perPackage {
	var out []perPackage
	for _, f := range flags {
		if f.name != "gcflags" {
			continue
		}
		v := strings.TrimSpace(f.value)
		if v == "" || strings.HasPrefix(v, "-") {
			out = append(out, perPackage{"", v})
			continue
		}
		pattern, flags, _ := strings.Cut(v, "=")
		out = append(out, perPackage{strings.TrimSpace(pattern), flags})
	}
	return out
}

// effective returns the flags that the go command would give the compiler for a
// package: of several patterns that match the last one counts alone.
func effective(user []perPackage, p *pkg, dir string) string {
	flags := ""
	for _, u := range user {
		if u.match(p, dir) {
			flags = u.flags
		}
	}
	return flags
}

func (u perPackage) match(p *pkg, dir string) bool {
	switch u.pattern {
	case "":
		return !p.DepOnly
	case "all":
		return true
	case "std":
		return p.Standard
	case "cmd":
		return strings.HasPrefix(p.ImportPath, "cmd/")
	}
	if u.pattern == "." || strings.HasPrefix(u.pattern, "./") || strings.HasPrefix(u.pattern, "../") || filepath.IsAbs(u.pattern) {
		pattern := u.pattern
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(dir, pattern)
		}
		return matchPath(filepath.ToSlash(pattern), filepath.ToSlash(p.Dir))
	}
	return matchPath(u.pattern, p.ImportPath)
}

// matchPath matches a pattern in which ... is any text, and a final /... may be
// nothing ("go help packages").
func matchPath(pattern, path string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok && matchPath(base, path) {
		return true
	}
	parts := strings.Split(pattern, "...")
	if len(parts) == 1 {
		return pattern == path
	}
	rest, ok := strings.CutPrefix(path, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
