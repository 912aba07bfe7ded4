package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// thirdParty is the pattern for what is neither of the standard library nor of
// this module.
const thirdParty = "thirdparty"

// check returns what breaks the ban, one sentence for each import.
func (b ban) check(g graph) []string {
	var broken []string
	for _, p := range g.own() {
		if !matches(p.ImportPath, b.importers) || matches(p.ImportPath, b.except) {
			continue
		}
		for _, chain := range g.imports(p, b.deep) {
			target := chain[len(chain)-1]
			if b.hits(g, target) && target != p.ImportPath {
				broken = append(broken, fmt.Sprintf("%s imports %s: %s", short(p.ImportPath), route(chain), b.why))
			}
		}
	}
	return broken
}

// hits reports whether the package at path is banned.
func (b ban) hits(g graph, path string) bool {
	if slices.Contains(b.banned, thirdParty) {
		if p := g[path]; p != nil && !p.Standard && !isOwn(path) {
			return true
		}
	}
	return matches(path, b.banned)
}

// imports returns what p imports, each as the chain of import paths that leads
// there. A deep search stays out of the standard library, whose own imports are
// its own affair, but includes the packages of it that are reached.
func (g graph) imports(p *pkg, deep bool) [][]string {
	var chains [][]string
	seen := make(map[string]bool)
	queue := [][]string{nil}
	for len(queue) > 0 {
		chain := queue[0]
		queue = queue[1:]
		from := p
		if len(chain) > 0 {
			from = g[chain[len(chain)-1]]
		}
		if from == nil || from.Standard {
			continue
		}
		for _, path := range from.Imports {
			if seen[path] {
				continue
			}
			seen[path] = true
			next := append(slices.Clone(chain), path)
			chains = append(chains, next)
			if deep {
				queue = append(queue, next)
			}
		}
	}
	return chains
}

// route prints a chain of imports, the last first.
func route(chain []string) string {
	last := len(chain) - 1
	s := short(chain[last])
	if last > 0 {
		via := make([]string, last)
		for i, path := range chain[:last] {
			via[i] = short(path)
		}
		s += " (through " + strings.Join(via, ", ") + ")"
	}
	return s
}

// place returns the layer of the package and its unit; the index is -1 for a
// package that no layer has.
func place(layers []layer, path string) (index int, unit string) {
	index = -1
	for i, l := range layers {
		for _, u := range l.units {
			pattern := u + "/..."
			if u == "." {
				pattern = u // the root's unit is the root alone
			}
			if matches(path, []string{pattern}) && len(u) > len(unit) {
				index, unit = i, u
			}
		}
	}
	return index, unit
}

// checkLayers returns the imports that go up or sideways, and the packages that
// no layer has.
func checkLayers(layers []layer, g graph) []string {
	var broken []string
	for _, p := range g.own() {
		from, unit := place(layers, p.ImportPath)
		if from < 0 {
			broken = append(broken, fmt.Sprintf("%s is in no layer: give it its place in layers, in internal/archtest/rules.go",
				short(p.ImportPath)))
			continue
		}
		for _, path := range p.Imports {
			if !isOwn(path) {
				continue
			}
			to, target := place(layers, path)
			if to >= from && target != unit {
				broken = append(broken, fmt.Sprintf("%s, of the layer %q, imports %s, of %q: %s is %s",
					short(p.ImportPath), layers[from].name, short(path), layers[to].name, layers[from].name, layers[from].why))
			}
		}
	}
	return broken
}
