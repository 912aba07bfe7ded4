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

	"github.com/gkhi/gkhi/internal/instrument"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// A compilation is one run of the compiler.
type compilation struct {
	r          *Runner
	tool       string
	args       []string // without our flag and without the files
	files      []string
	output     string
	path       string // -p: main for commands
	importPath string
	points     bool
	runtime    bool
}

func (r *Runner) compile(tool string, args []string) error {
	c := &compilation{r: r, tool: tool}
	first := len(args)
	for first > 0 && strings.HasSuffix(args[first-1], ".go") && !strings.HasPrefix(args[first-1], "-") {
		first--
	}
	c.files = args[first:]
	var choice string
	for _, a := range args[:first] {
		if v, ok := strings.CutPrefix(a, Flag+"="); ok {
			choice = v
			continue
		}
		c.args = append(c.args, a)
	}
	c.output, _ = flagSet(c.args).value("o")
	c.path, _ = flagSet(c.args).value("p")
	c.importPath, _, _ = strings.Cut(r.ImportPath, " ") // "p [p.test]"
	if c.importPath == "" {
		c.importPath = c.path
	}
	chosen, _, _ := strings.Cut(choice, "-")
	c.points = strings.Contains(chosen, withPoints)
	c.runtime = strings.Contains(chosen, withRuntime)
	if r.Plan.Tagged {
		c.points = r.Plan.Points(c.importPath)
		c.runtime = r.Plan.Runtime != ""
	}
	c.runtime = c.runtime && c.path == "main"
	if c.testMain() {
		c.points = false
	}
	if len(c.files) == 0 || c.output == "" || !c.points && !c.runtime {
		return r.exec(tool, slices.Concat(c.args, c.files))
	}
	return c.run()
}

// testMain reports whether this is the main package that go test makes.
func (c *compilation) testMain() bool {
	return len(c.files) == 1 && filepath.Base(c.files[0]) == "_testmain.go"
}

// run compiles with points, or without where the package compiles only so, or reports why the program does not compile at all.
func (c *compilation) run() error {
	err := c.changed()
	if err == nil {
		return nil
	}
	if c.points && c.runtime { // which a command needs for the points of others
		c.points = false
		if again := c.changed(); again == nil {
			return c.stays(err)
		}
		c.points = true
	}
	if plain := c.r.exec(c.tool, slices.Concat(c.args, c.files)); plain != nil {
		return plain // what is wrong with the source, in the compiler's words
	}
	if c.runtime {
		return fmt.Errorf("%s: with the runtime part of gkhi it does not compile: %w", c.importPath, err)
	}
	return c.stays(err)
}

// stays warns that a package has no points.
func (c *compilation) stays(why error) error {
	_, err := fmt.Fprintf(c.r.Stderr, "gkhi: warning: %s stays without points, since it does not compile with them; please report it: %v\n",
		c.importPath, why)
	return err
}

// changed compiles what is to be in the place of the source. Its error has the compiler's messages, and is
// none of the tool's, which has reported nothing.
func (c *compilation) changed() error {
	args, pkg, err := c.rewrite()
	if err != nil {
		return err
	}
	var messages bytes.Buffer
	cmd := c.r.command(c.tool, args...)
	cmd.Stdout, cmd.Stderr = &messages, &messages
	if err = cmd.Run(); err != nil {
		return fmt.Errorf("%v\n%s", err, messages.Bytes())
	}
	if _, err := c.r.Stdout.Write(messages.Bytes()); err != nil { // -m, -S and the like
		return err
	}
	return c.leave(pkg)
}

// rewrite returns the compiler's arguments for the changed files, and the points.
func (c *compilation) rewrite() (args []string, pkg *sitetab.Package, err error) {
	dir, err := workFolder(c.output, "src")
	if err != nil {
		return nil, nil, err
	}
	files := slices.Clone(c.files)
	var imports []string
	if c.points {
		res, err := c.instrument(dir)
		if err != nil {
			return nil, nil, err
		}
		c.missed(res.Missed)
		if len(res.Points) > 0 {
			if err := replace(dir, files, res.Files); err != nil {
				return nil, nil, err
			}
			words := filepath.Join(dir, "gkhi_words.go")
			if err := os.WriteFile(words, res.Words.Src, 0o600); err != nil {
				return nil, nil, err
			}
			files = append(files, words)
			imports = append(imports, instrument.RuntimeAtomic.Import)
			pkg = describe(c.importPath, res)
		}
	}
	if c.runtime {
		name := filepath.Join(dir, "gkhi_runtime.go")
		if err := os.WriteFile(name, []byte(c.r.Plan.mainFile()), 0o600); err != nil {
			return nil, nil, err
		}
		files = append(files, name)
		imports = append(imports, c.r.Plan.Runtime, exitHooks)
	}
	args = c.args
	if len(imports) > 0 {
		cfg, err := c.r.addImports(args, filepath.Join(dir, "importcfg"), imports)
		if err != nil {
			return nil, nil, err
		}
		args = flagSet(args).with("importcfg", cfg)
	}
	return slices.Concat(args, files), pkg, nil
}

func (c *compilation) instrument(dir string) (*instrument.Result, error) {
	patterns, err := instrument.ParsePatterns(c.r.Plan.Patterns)
	if err != nil {
		return nil, err
	}
	pkg := instrument.Package{Path: c.path, ImportPath: c.importPath}
	for _, name := range c.files {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		pkg.Files = append(pkg.Files, instrument.File{Name: name, Src: src})
	}
	res, err := instrument.Rewrite(pkg, instrument.Options{
		Patterns: patterns, Min: c.r.Plan.Min, Verdict: verdict(c.verdicts(dir)), Style: instrument.RuntimeAtomic,
	})
	if errors.Is(err, instrument.ErrExcluded) {
		return &instrument.Result{}, nil
	}
	return res, err
}

// missed warns of patterns that meant functions of this package, and have none.
func (c *compilation) missed(patterns []instrument.Missed) {
	for _, m := range patterns {
		why := "the package has no function of this name"
		if m.Named {
			why = "what it matches is inlined, small or can't have points; -hooks-min 0 takes the small ones, too"
		}
		fmt.Fprintf(c.r.Stderr, "gkhi: warning: -hooks %s: %s\n", m.Pattern, why) //nolint:errcheck // nobody can be told
	}
}

// byteOrderMark is what the source of some begins with. The compiler wants it nowhere else.
var byteOrderMark = []byte("\ufeff")

// replace writes the changed files into dir and puts their names into the list in place of the
// originals'. A //line comment keeps the original's name, and the lines.
func replace(dir string, files []string, changed []instrument.File) error {
	for _, f := range changed {
		at := slices.Index(files, f.Name)
		if at < 0 {
			return fmt.Errorf("%s is none of the files to compile", f.Name)
		}
		name := filepath.Join(dir, strconv.Itoa(at)+"_"+filepath.Base(f.Name))
		src := slices.Concat([]byte("//line "+f.Name+":1\n"), bytes.TrimPrefix(f.Src, byteOrderMark))
		if err := os.WriteFile(name, src, 0o600); err != nil {
			return err
		}
		files[at] = name
	}
	return nil
}

func describe(importPath string, res *instrument.Result) *sitetab.Package {
	pkg := &sitetab.Package{ImportPath: importPath, Symbol: res.Symbol}
	for _, p := range res.Points {
		pkg.Points = append(pkg.Points, sitetab.Point{Func: p.Func, Kind: p.Kind, File: p.File, Line: p.Line, InRange: p.InRange, Stored: p.Stored, Params: p.Params, Results: p.Results})
	}
	return pkg
}

// leave puts the points into the package archive.
func (c *compilation) leave(pkg *sitetab.Package) error {
	if pkg == nil {
		return nil
	}
	if _, ok := flagSet(c.args).value("pack"); !ok && !slices.Contains(c.args, "-pack") {
		return fmt.Errorf("%s: the compiler was not asked for an archive, which gkhi needs", c.importPath)
	}
	return appendMember(c.output, sitetab.MemberName, pkg.Append(nil))
}
