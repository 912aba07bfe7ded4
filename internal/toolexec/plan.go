package toolexec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gkhi/gkhi/internal/instrument"
)

// A Plan says how a program gets points. It is made before the build and doesn't change.
type Plan struct {
	// Version tells one build of gkhi from another: code that a different one rewrote is not used again.
	Version string

	// Patterns choose functions, as instrument.ParsePatterns reads them, and Min is instrument.Options.Min.
	Patterns []string
	Min      int

	// Runtime is the import path of the package that main packages import, or empty. Its function
	// AtExit is called as the program ends. Module is the path of the module that it is of.
	Runtime, Module string
	// Export has the package archives of Runtime and of all that it imports, by import path.
	Export map[string]string

	// Nameless are those whose symbols nobody needs in the executable's symbol table.
	Nameless []string

	// Symbols says that a stripped executable may have symbols and debug information, since nobody keeps it:
	// go run, go test.
	Symbols bool

	// Tagged says that the compiler's version carries the tag, and no flag chooses packages.
	Tagged bool
}

// Flag is the compiler flag by which packages are chosen. Its value is made by [Plan.Flag].
const Flag = "-gkhi"

// What a flag's value begins with.
const (
	withPoints  = "p"
	withRuntime = "r"
)

// Points reports whether functions of the package may get points.
func (p *Plan) Points(importPath string) bool {
	if _, excluded := instrument.Excluded(importPath); excluded {
		return false
	}
	patterns, err := instrument.ParsePatterns(p.Patterns)
	return err == nil && patterns.MayMatch(importPath)
}

// Flag returns the flag for a package, or "" when it is compiled as ever. main is whether
// it may be a command, or may have one made for its tests.
func (p *Plan) Flag(importPath string, main bool) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", p.Version)
	value := ""
	if p.Points(importPath) {
		value += withPoints
		fmt.Fprintf(h, "points %d %q\n", p.Min, p.relevant(importPath))
		// The go command doesn't know that the package imports this, and would use one again that was compiled with another.
		fmt.Fprintf(h, "atomic %q\n", p.Export[instrument.RuntimeAtomic.Import])
	}
	if main && p.Runtime != "" {
		value += withRuntime
		fmt.Fprintf(h, "runtime %q\n", p.mainFile())
		for _, path := range slices.Sorted(maps.Keys(p.Export)) {
			fmt.Fprintf(h, "%q %q\n", path, p.Export[path])
		}
	}
	if value == "" {
		return ""
	}
	return Flag + "=" + value + "-" + hex.EncodeToString(h.Sum(nil)[:10])
}

// relevant are the patterns that decide about functions of a package.
func (p *Plan) relevant(importPath string) []string {
	var rs []string
	for i, pattern := range p.Patterns {
		text, omit := strings.CutPrefix(pattern, "-")
		one, err := instrument.ParsePatterns([]string{text})
		if err != nil || one.MayMatch(importPath) || i == 0 && omit {
			rs = append(rs, pattern)
		}
	}
	return rs
}

// Tag stands for the whole plan, for a compiler's version.
func (p *Plan) Tag() string {
	b, _ := json.Marshal(p) // a struct of strings, numbers and maps
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:10])
}

// Save writes the plan to a file that Load reads.
func (p *Plan) Save(name string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o600)
}

// Load reads a plan that Save wrote.
func Load(name string) (*Plan, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	p := new(Plan)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("%s is no plan of gkhi build: %w", name, err)
	}
	return p, nil
}

// exitHooks is the package by which the standard library writes coverage data as a program ends: when main returns
// and in os.Exit. The compiler lets it be imported where the go command would not.
const exitHooks = "internal/runtime/exithook"

// mainFile is the file that main packages get.
func (p *Plan) mainFile() string {
	return fmt.Sprintf(`package main

import (
	gkhi_exithook %q
	gkhi_runtime %q
)

func init() { gkhi_exithook.Add(gkhi_exithook.Hook{F: gkhi_runtime.AtExit, RunOnFailure: true}) }
`, exitHooks, p.Runtime)
}
