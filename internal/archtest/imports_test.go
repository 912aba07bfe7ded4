package archtest

import (
	"reflect"
	"testing"
)

// madeUp returns a package graph from import lists: what is of this module is
// written as its folder, and what begins with "x/" is of another module.
func madeUp(imports map[string][]string) graph {
	g := make(graph)
	add := func(name string) *pkg {
		path := long(name)
		if g[path] == nil {
			g[path] = &pkg{ImportPath: path, Standard: !isOwn(path) && path[:2] != "x/"}
		}
		return g[path]
	}
	for name, list := range imports {
		p := add(name)
		for _, target := range list {
			p.Imports = append(p.Imports, add(target).ImportPath)
		}
	}
	return g
}

func TestBan(t *testing.T) {
	tests := []struct {
		name    string
		ban     ban
		imports map[string][]string
		want    []string
	}{
		{
			name:    "third party, through others",
			ban:     ban{importers: []string{"."}, banned: []string{thirdParty}, deep: true, why: "lean"},
			imports: map[string][]string{".": {"internal/a", "fmt"}, "internal/a": {"internal/b"}, "internal/b": {"x/y"}},
			want:    []string{". imports x/y (through internal/a, internal/b): lean"},
		},
		{
			name:    "third party, not reached",
			ban:     ban{importers: []string{"."}, banned: []string{thirdParty}, deep: true},
			imports: map[string][]string{".": {"internal/a"}, "internal/b": {"x/y"}},
		},
		{
			name:    "what the standard library imports is its affair",
			ban:     ban{importers: []string{"."}, banned: []string{"os/..."}, deep: true},
			imports: map[string][]string{".": {"fmt"}, "fmt": {"os"}},
		},
		{
			name:    "shallow",
			ban:     ban{importers: []string{"internal/..."}, except: []string{"internal/c/..."}, banned: []string{"os/..."}, why: "pure"},
			imports: map[string][]string{"internal/a": {"os/exec"}, "internal/b": {"internal/a"}, "internal/c/d": {"os"}},
			want:    []string{"internal/a imports os/exec: pure"},
		},
		{
			name:    "a pattern ends at a slash",
			ban:     ban{importers: []string{"./..."}, banned: []string{"os/...", "log"}},
			imports: map[string][]string{"internal/a": {"osx", "log/slog"}},
		},
		{
			name:    "the root is not its subfolders",
			ban:     ban{importers: []string{"internal/..."}, banned: []string{"."}, why: "below"},
			imports: map[string][]string{"internal/a": {"internal/b", "."}},
			want:    []string{"internal/a imports .: below"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.ban.check(madeUp(tt.imports)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("check = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCheckLayers(t *testing.T) {
	layers := []layer{
		{name: "low", why: "the bottom", units: []string{"internal/a", "internal/b"}},
		{name: "root", why: "the middle", units: []string{"."}},
		{name: "high", why: "the top", units: []string{"internal/a/special", "cmd"}},
	}
	tests := []struct {
		name    string
		imports map[string][]string
		want    []string
	}{
		{"down, and within a unit", map[string][]string{
			".": {"internal/a"}, "internal/a": {"internal/a/x"}, "internal/a/x": {"fmt"}, "cmd/x": {".", "internal/a/special"},
		}, []string{
			`cmd/x, of the layer "high", imports internal/a/special, of "high": high is the top`,
		}},
		{"up", map[string][]string{"internal/a": {"."}},
			[]string{`internal/a, of the layer "low", imports ., of "root": low is the bottom`}},
		{"sideways", map[string][]string{"internal/a/x": {"internal/b"}},
			[]string{`internal/a/x, of the layer "low", imports internal/b, of "low": low is the bottom`}},
		{"the longest unit counts", map[string][]string{"internal/a/special": {"internal/a"}}, nil},
		{"no place", map[string][]string{"other": {"fmt"}, "internal/c": {"fmt"}},
			[]string{"internal/c is in no layer: give it its place in layers, in internal/archtest/rules.go"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := checkLayers(layers, madeUp(tt.imports)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("checkLayers = %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTables finds rules that can't hold: a unit in two layers, or without a
// reason.
func TestTables(t *testing.T) {
	seen := make(map[string]string)
	for _, l := range layers {
		if l.why == "" {
			t.Errorf("the layer %q has no reason", l.name)
		}
		for _, u := range l.units {
			if seen[u] != "" {
				t.Errorf("%s is in the layers %q and %q", u, seen[u], l.name)
			}
			seen[u] = l.name
		}
	}
	for _, b := range bans {
		if b.why == "" || len(b.importers) == 0 || len(b.banned) == 0 {
			t.Errorf("the ban of %q for %q lacks a part", b.banned, b.importers)
		}
	}
	for _, r := range sourceRules {
		if r.why == "" || len(r.calls)+len(r.literals) == 0 {
			t.Errorf("the rule on %q and %q lacks a part", r.calls, r.literals)
		}
	}
}
