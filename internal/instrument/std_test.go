package instrument

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

type listed struct {
	ImportPath, Dir   string
	GoFiles, CgoFiles []string
	Deps              []string
}

func goList(t testing.TB, args ...string) (list []listed) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,CgoFiles,Deps"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, &stderr)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
}

func (l listed) pkg(t testing.TB) Package {
	p := Package{Path: l.ImportPath}
	for _, name := range slices.Concat(l.GoFiles, l.CgoFiles) {
		src, err := os.ReadFile(filepath.Join(l.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		p.Files = append(p.Files, File{Name: filepath.Join(l.Dir, name), Src: src})
	}
	return p
}

// TestStd rewrites the whole standard library: every file must
// parse and keep its lines.
func TestStd(t *testing.T) {
	testenv.Need(t, testenv.GoCommand)
	packages, points, left, excluded := 0, 0, 0, 0
	for i, l := range goList(t, "std") {
		if testing.Short() && i%8 != 0 {
			continue
		}
		pkg := l.pkg(t)
		res, err := Rewrite(pkg, Options{})
		if errors.Is(err, ErrExcluded) {
			excluded++
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", l.ImportPath, err)
			continue
		}
		packages++
		points += len(res.Points)
		for _, l := range res.Left {
			if l.Return {
				left++
				t.Logf("%s:%d: %s", l.File, l.Line, l.Reason)
			}
		}
		for _, out := range res.Files {
			i := slices.IndexFunc(pkg.Files, func(f File) bool { return f.Name == out.Name })
			checkLines(t, out.Name, pkg.Files[i].Src, out.Src)
		}
	}
	t.Logf("%d packages, %d points, %d returns left without, %d packages excluded", packages, points, left, excluded)
	if points < 1000 {
		t.Errorf("only %d points", points)
	}
}

// TestExcluded holds the table against the go command: all that the runtime
// imports must be in it.
func TestExcluded(t *testing.T) {
	testenv.Need(t, testenv.GoCommand)
	for _, l := range goList(t, "runtime", "sync/atomic") {
		for _, dep := range append(l.Deps, l.ImportPath) {
			if _, excluded := Excluded(dep); !excluded {
				t.Errorf("%s stands under %s and is not excluded", dep, l.ImportPath)
			}
		}
	}
	for path, want := range map[string]bool{
		"runtime/pprof": false, "internal/runtime/maps": true, "crypto/internal/fips140": true,
		"crypto/internal/fips140/aes": true, "crypto/internal/fips140deps": false, "net/http": false,
		"runtime [runtime.test]": true, "github.com/gkhi/gkhi": true, "github.com/gkhi/gkhi/cmd/gkhi": false,
		"runtimes": false,
	} {
		if why, got := Excluded(path); got != want || got == (why == "") {
			t.Errorf("Excluded(%q) = %q, %v", path, why, got)
		}
	}
	_, err := Rewrite(Package{Path: "main", ImportPath: "runtime"}, Options{})
	if !errors.Is(err, ErrExcluded) {
		t.Error(err)
	}
}

// overlay rewrites packages and writes what go build -overlay needs.
func overlay(t *testing.T, list []listed, opt Options) (file string, tables map[string]*Result) {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	tables = map[string]*Result{}
	n := 0
	put := func(path string, src []byte) {
		n++
		to := filepath.Join(dir, strconv.Itoa(n)+".go")
		if err := os.WriteFile(to, src, 0o644); err != nil {
			t.Fatal(err)
		}
		replace[path] = to
	}
	for _, l := range list {
		res, err := Rewrite(l.pkg(t), opt)
		if errors.Is(err, ErrExcluded) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		tables[l.ImportPath] = res
		for _, f := range res.Files {
			put(f.Name, f.Src)
		}
		if res.Words.Name != "" {
			put(filepath.Join(l.Dir, res.Words.Name), res.Words.Src)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file, tables
}

// TestStdCompiles compiles a part of the standard library with points in every function.
func TestStdCompiles(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.NotShort)
	paths := []string{"encoding/json", "go/types", "text/template", "regexp", "compress/flate", "slices", "maps", "strings", "fmt"}
	list := goList(t, paths...)
	file, _ := overlay(t, list, Options{})
	out, err := exec.Command("go", append([]string{"build", "-overlay=" + file}, paths...)...).CombinedOutput()
	if err != nil {
		t.Fatal(fmt.Errorf("%w\n%s", err, out))
	}
}
