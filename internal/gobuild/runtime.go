package gobuild

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gkhi/gkhi/internal/instrument"
)

// modulePath is the path of the module that the runtime part is of.
const modulePath = "github.com/gkhi/gkhi"

// shortPath is the path of that module in programs that don't use GKHI themselves: the executable has the names of
// all its functions and types. sitetab.ShortAnchor begins with it.
const shortPath = "gkhi"

// What main packages import, of the module: with hooks, in a program that has the root package, or with functions alone.
const (
	hooksRuntime = "/autoserve"
	funcsRuntime = "/internal/funcserve/auto"
)

// runtimePart returns which package main packages import, of which module, and whether that
// is the program's own: its build, when it uses GKHI itself, or the source that gkhi carries. Without
// a control socket nobody could ask for functions, so that there is no runtime part, and path is empty.
func (b *builder) runtimePart(pkgs []*pkg) (module, path string, own bool) {
	module, path = shortPath, funcsRuntime
	for _, p := range pkgs {
		switch {
		case p.ImportPath == modulePath:
			own, path = true, hooksRuntime
		case strings.HasPrefix(p.ImportPath, modulePath+"/"):
			own = true
		case p.ImportPath == shortPath, strings.HasPrefix(p.ImportPath, shortPath+"/"): // somebody else's
			module = modulePath
		}
	}
	if own {
		module = modulePath
	}
	if !b.args.Serve {
		return module, "", own
	}
	return module, module + path, own
}

// vendored refuses a program that has GKHI in a vendor folder and there not the package that its main packages are to import.
func vendored(path string, pkgs []*pkg) error {
	const folder = "/vendor/"
	for _, p := range pkgs {
		dir := filepath.ToSlash(p.Dir)
		main, ok := strings.CutSuffix(dir, folder+p.ImportPath)
		if !ok || path == "" || p.ImportPath != modulePath && !strings.HasPrefix(p.ImportPath, modulePath+"/") {
			continue
		}
		if !fileExists(main + folder + path) {
			return fmt.Errorf("the program's vendor folder has GKHI without package %[1]s, which serves the functions' points: "+
				"add import _ %[1]q to the main package and run go mod vendor, or build with -hooks-serve=false", path)
		}
	}
	return nil
}

// unpack writes the carried source to the user's cache, once for each version of it, as that of a module of this path.
func (b *builder) unpack(module string) (string, error) {
	files := map[string][]byte{
		"go.mod": []byte("module " + module + "\n\ngo " + minGo + "\n"),
	}
	h := sha256.New()
	err := fs.WalkDir(b.opt.Source, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(b.opt.Source, name)
		files[name] = bytes.ReplaceAll(text, []byte(`"`+modulePath+"/"), []byte(`"`+module+"/"))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the source that gkhi carries: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %q\n", name, files[name])
	}
	dir := filepath.Join(b.opt.Cache, "runtime-"+hex.EncodeToString(h.Sum(nil)[:10]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(b.opt.Cache, 0o700); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(b.opt.Cache, "unpack-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp) //nolint:errcheck // it is moved away when all went well
	for name, text := range files {
		to := filepath.Join(temp, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			return "", err
		}
	}
	if err := os.Rename(temp, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(dir); there != nil { // another gkhi was faster
			return "", err
		}
	}
	return dir, nil
}

// exports builds packages and all that they import as the program's build will, and
// returns where their archives are.
func (b *builder) exports(dir, module string, own bool, extra []string, path string) (map[string]string, error) {
	args := append([]string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}\t{{.Export}}{{end}}"},
		b.args.only(exportFlags)...)
	env := []string{"GOTOOLCHAIN=" + b.env.GOVERSION}
	if own {
		args = append(args, b.args.only(words("mod modfile overlay pkgdir"))...)
	} else {
		env = append(env, "GOWORK=off", "GOFLAGS="+withoutFlags(b.env.GOFLAGS, words("mod modfile overlay pkgdir")))
		overlay, err := b.absoluteOverlay()
		if err != nil {
			return nil, err
		}
		if overlay != "" {
			args = append(args, "-overlay="+overlay)
		}
		if dir := b.value("pkgdir"); dir != "" {
			args = append(args, "-pkgdir="+b.absolute(dir))
		}
		// Nobody debugs the runtime part, whose debug information is a fifth of what it adds to a program. That its files
		// have the same names on every machine makes programs the same, too, and smaller.
		trim := quote("-trimpath=" + dir + "=>gkhi")
		extra = append(slices.Clip(extra), "-gcflags="+module+"/...=-dwarf=false "+trim, "-asmflags="+module+"/...="+trim)
	}
	if b.static {
		env = append(env, "CGO_ENABLED=0")
	}
	if f := b.profile; f != "" {
		args = append(args, "-pgo="+f)
	}
	args = append(append(args, extra...), "--", path)
	out, err := b.goOutput(dir, env, args...)
	if err != nil {
		if own {
			return nil, fmt.Errorf("build package %s, of the GKHI that the program uses: %w", path, err)
		}
		return nil, fmt.Errorf("build the runtime part of gkhi: %w", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			files[path] = file
		}
	}
	if files[instrument.RuntimeAtomic.Import] == "" {
		return nil, fmt.Errorf("go list names no archive of package %s", instrument.RuntimeAtomic.Import)
	}
	return files, nil
}

// nameless are the packages of the runtime part that have no symbols, as they have no debug information: all but the one
// that points call, which profiles of the CPU should tell from the program.
func nameless(exports map[string]string, module string) (paths []string) {
	for path := range exports {
		if strings.HasPrefix(path, module+"/") && path != module+"/internal/record" {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// needsNoC reports whether a program has no C code, and so is linked statically. Package net, which the runtime part brings, would
// change that: the program would need the C library of the machine that it was built on.
func (b *builder) needsNoC(pkgs []*pkg) bool {
	linksC := words("race msan asan linkshared")
	if slices.ContainsFunc(b.args.Flags, func(f flag) bool {
		return linksC[f.name] || f.name == "ldflags" && strings.Contains(f.value, "linkmode") ||
			f.name == "buildmode" && f.value == "c-shared"
	}) || slices.ContainsFunc([]string{"race", "msan", "asan", "link", "c-shared"}, func(s string) bool {
		return strings.Contains(b.env.GOFLAGS, s)
	}) {
		return false
	}
	return len(pkgs) > 0 && !slices.ContainsFunc(pkgs, func(p *pkg) bool { return p.ImportPath == "runtime/cgo" })
}
