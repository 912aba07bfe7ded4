package archtest

import (
	"fmt"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// root is the module's folder, from this one.
var root = filepath.Join("..", "..")

// packages returns the package graph of each platform.
var packages = sync.OnceValues(func() (map[string]graph, error) {
	all := make(map[string]graph)
	for _, platform := range platforms {
		g, err := load(root, platform)
		if err != nil {
			return nil, err
		}
		all[platform] = g
	}
	return all, nil
})

// files returns the module's files, and the Go ones parsed.
func files(t *testing.T) (tree, []source) {
	t.Helper()
	tr, err := walk(root)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := tr.sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) == 0 {
		t.Fatalf("there are no Go files under %s", root)
	}
	return tr, sources
}

// eachPlatform applies a check to the package graph of every platform, and
// reports what breaks it once.
func eachPlatform(t *testing.T, check func(graph) []string) {
	t.Helper()
	testenv.Need(t, testenv.GoCommand)
	graphs, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	broken := make(map[string][]string)
	for _, platform := range platforms {
		if len(graphs[platform].own()) == 0 {
			t.Fatalf("there are no packages for %s", platform)
		}
		for _, b := range check(graphs[platform]) {
			broken[b] = append(broken[b], platform)
		}
	}
	for _, b := range slices.Sorted(maps.Keys(broken)) {
		t.Errorf("%s [%s]", b, strings.Join(broken[b], " "))
	}
}

func TestLayers(t *testing.T) {
	eachPlatform(t, func(g graph) []string { return checkLayers(layers, g) })
}

func TestImports(t *testing.T) {
	eachPlatform(t, func(g graph) []string {
		var broken []string
		for _, b := range bans {
			broken = append(broken, b.check(g)...)
		}
		return broken
	})
}

// TestSamePackages shows that every package has code on every platform: one that
// doesn't would break whoever imports it there.
func TestSamePackages(t *testing.T) {
	testenv.Need(t, testenv.GoCommand)
	graphs, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range platforms {
		for _, p := range graphs[platform].own() {
			if len(p.GoFiles)+len(p.CgoFiles) == 0 {
				t.Errorf("%s has no Go file for %s; its fallback should be a real one, with the reason", short(p.ImportPath), platform)
			}
		}
	}
}

// TestBuild compiles every package for every platform.
func TestBuild(t *testing.T) {
	testenv.Need(t, testenv.NotShort, testenv.GoCommand)
	for _, platform := range platforms {
		t.Run(platform, func(t *testing.T) {
			goos, goarch, _ := strings.Cut(platform, "/")
			cmd := exec.CommandContext(t.Context(), "go", "build", "./...")
			cmd.Dir = root
			cmd.Env = append(cmd.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("GOOS=%s GOARCH=%s go build ./...: %v\n%s", goos, goarch, err, out)
			}
		})
	}
}

// TestCIPlatforms holds the list in .ci/run to the one here.
func TestCIPlatforms(t *testing.T) {
	tr, _ := files(t)
	text, err := tr.read(".ci/run")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\nplatforms=(%s)\n", strings.Join(platforms[1:], " ")); !strings.Contains(text, want) {
		t.Errorf(".ci/run has no line %q", strings.TrimSpace(want))
	}
}

func TestSources(t *testing.T) {
	_, sources := files(t)
	byPackage := make(map[string][]source)
	for _, s := range sources {
		if msg := checkLines(s, maxLines); msg != "" {
			t.Error(msg)
		}
		if isTest(s) {
			continue
		}
		for _, rule := range sourceRules {
			for _, b := range rule.check(s) {
				t.Error(b)
			}
		}
		byPackage[s.pkg] = append(byPackage[s.pkg], s)
	}
	for _, path := range slices.Sorted(maps.Keys(byPackage)) {
		if msg := checkPackageComment(byPackage[path]); msg != "" {
			t.Error(msg)
		}
	}
}

func TestExportedComments(t *testing.T) {
	_, sources := files(t)
	checked := 0
	for _, s := range sources {
		if isTest(s) || generated(s) || s.file.Name.Name == "main" || !public(s.pkg) {
			continue
		}
		checked++
		for _, b := range checkExported(s) {
			t.Error(b)
		}
	}
	if checked == 0 {
		t.Error("no file of a public package was found")
	}
}

// public reports whether other modules can import the package for its API.
func public(path string) bool {
	first := firstElement(short(path))
	return first != "internal" && first != "examples" && first != "bench" && first != "cmd" && first != ".ci"
}

func TestWords(t *testing.T) {
	tr, _ := files(t)
	for _, name := range tr.names {
		text, err := tr.read(name)
		if err != nil {
			t.Fatal(err)
		}
		if isText(text) {
			for _, b := range checkWords(name, text) {
				t.Error(b)
			}
		}
	}
}

func TestLinks(t *testing.T) {
	tr, _ := files(t)
	read := func(name string) string {
		text, err := tr.read(name)
		if err != nil {
			t.Error(err)
		}
		return text
	}
	checked := 0
	for _, name := range tr.names {
		if path.Ext(name) != ".md" {
			continue
		}
		checked++
		for _, b := range checkLinks(name, read(name), tr.exists, read) {
			t.Error(b)
		}
	}
	if checked == 0 {
		t.Error("no Markdown file was found")
	}
}
