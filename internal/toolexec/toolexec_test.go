package toolexec

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestArchive(t *testing.T) {
	name := filepath.Join(t.TempDir(), "p.a")
	if err := os.WriteFile(name, []byte(archiveMagic), 0o600); err != nil {
		t.Fatal(err)
	}
	members := map[string]string{"__.PKGDEF": "export data", "_go_.o": "odd", "gkhi.points": "the points", "other": ""}
	for _, m := range []string{"__.PKGDEF", "_go_.o", "gkhi.points", "other"} {
		if err := appendMember(name, m, []byte(members[m])); err != nil {
			t.Fatal(err)
		}
	}
	for m, want := range members {
		if got, err := member(name, m); err != nil || string(got) != want || got == nil {
			t.Errorf("%s: %q, %v; want %q", m, got, err, want)
		}
	}
	if got, err := member(name, "none"); got != nil || err != nil {
		t.Errorf("none: %q, %v", got, err)
	}
	if err := os.WriteFile(name, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := appendMember(name, "x", nil); err == nil {
		t.Error("a member was added to what is no archive")
	}
}

func FuzzMember(f *testing.F) {
	name := filepath.Join(f.TempDir(), "p.a")
	if err := os.WriteFile(name, []byte(archiveMagic), 0o600); err != nil {
		f.Fatal(err)
	}
	if err := appendMember(name, "gkhi.points", []byte("abc")); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte("3 "), []byte("9999999999"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(t.TempDir(), "p.a")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := member(name, "gkhi.points"); err == nil && len(got) > len(b) {
			t.Errorf("%d bytes come out of %d", len(got), len(b))
		}
	})
}

func TestFlags(t *testing.T) {
	f := flagSet(strings.Fields("-o out.a -p main -pack --importcfg=cfg -s x.go -D v"))
	for name, want := range map[string]string{"o": "out.a", "p": "main", "importcfg": "cfg", "D": "v"} {
		if got, ok := f.value(name); !ok || got != want {
			t.Errorf("-%s: %q, %v", name, got, ok)
		}
	}
	if got, ok := f.value("q"); ok {
		t.Errorf("-q: %q", got)
	}
	if got := strings.Join(f.with("importcfg", "new"), " "); got != "-o out.a -p main -pack -importcfg=new -s x.go -D v" {
		t.Error(got)
	}
	if got := strings.Join(f.with("o", "new"), " "); got != "-o=new -p main -pack --importcfg=cfg -s x.go -D v" {
		t.Error(got)
	}
}

func TestPlanFlag(t *testing.T) {
	p := &Plan{Version: "v", Patterns: []string{"m/...", "net/http"}, Min: 81, Runtime: "r", Export: map[string]string{"r": "/r.a"}}
	if f := p.Flag("fmt", false); f != "" {
		t.Errorf("a package that nobody chose: %s", f)
	}
	if f := p.Flag("runtime", false); f != "" {
		t.Errorf("a package that can't have points: %s", f)
	}
	points, both := p.Flag("m/x", false), p.Flag("m/x", true)
	if !strings.HasPrefix(points, Flag+"=p-") || !strings.HasPrefix(both, Flag+"=pr-") || !strings.HasPrefix(p.Flag("fmt", true), Flag+"=r-") {
		t.Errorf("%s %s %s", points, both, p.Flag("fmt", true))
	}
	same := func(what string, change func(*Plan), want bool) {
		q := *p
		change(&q)
		if got := q.Flag("m/x", false) == points; got != want {
			t.Errorf("%s: the flag is the same: %v, want %v", what, got, want)
		}
	}
	same("another package's pattern", func(q *Plan) { q.Patterns = []string{"m/...", "net/url"} }, true)
	same("another runtime", func(q *Plan) { q.Export = nil }, true)
	same("a function left out", func(q *Plan) { q.Patterns = append(slices.Clone(q.Patterns), "-m/x.F") }, false)
	same("another size", func(q *Plan) { q.Min = 0 }, false)
	same("another gkhi", func(q *Plan) { q.Version = "w" }, false)
	q := *p
	q.Export = map[string]string{"r": "/other.a"}
	if q.Flag("m/x", true) == both {
		t.Error("another runtime: the flag of a main package is the same")
	}
}

func TestPlanFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "plan")
	p := &Plan{Version: "v", Patterns: []string{"a"}, Min: 3, Runtime: "r", Export: map[string]string{"a": "b"}, Tagged: true}
	if err := p.Save(name); err != nil {
		t.Fatal(err)
	}
	q, err := Load(name)
	if err != nil || q.Tag() != p.Tag() {
		t.Errorf("%+v, %v", q, err)
	}
	if err := os.WriteFile(name, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name); err == nil {
		t.Error("half a plan was read")
	}
}

func TestPackageFiles(t *testing.T) {
	paths, files := packageFiles([]byte("# import config\nimportmap a=b\npackagefile fmt=/x/fmt.a\npackagefile c=\nmodinfo \"x\"\npackagefile os=/x/os.a"))
	if !slices.Equal(paths, []string{"fmt", "c", "os"}) || files["os"] != "/x/os.a" {
		t.Errorf("%v %v", paths, files)
	}
}

func TestStrips(t *testing.T) {
	for flag, want := range map[string]bool{
		"-s": true, "--w": true, "-w=true": true, "-s=1": true, "-s=false": false, "-w=0": false, "-X": false, "s": false, "-installsuffix": false, "-w=x": false,
	} {
		if got := strips(flag); got != want {
			t.Errorf("%s: %v", flag, got)
		}
	}
}
