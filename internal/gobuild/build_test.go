package gobuild_test

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"debug/gosym"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/sitetab"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// needBuilds skips where points can't be laid down, or whole builds take too long.
func needBuilds(t *testing.T) {
	t.Helper()
	testenv.Need(t, testenv.Linux, testenv.Arch("amd64", "arm64"), testenv.Native, testenv.NotShort, testenv.NoRace)
}

// A project is a copy of the fixture.
type project struct {
	t         *testing.T
	dir, gkhi string
}

func newProject(t *testing.T) *project {
	t.Helper()
	needBuilds(t)
	p := &project{t, t.TempDir(), testenv.Build(t, "github.com/gkhi/gkhi/cmd/gkhi")}
	if err := os.CopyFS(p.dir, os.DirFS("testdata/fixture")); err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs a command in the project and returns what it prints; it must succeed.
func (p *project) run(name string, args ...string) string {
	p.t.Helper()
	out, err := p.try(name, args...)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return out
}

func (p *project) try(name string, args ...string) (string, error) {
	cmd := testenv.Command(p.t, name, args...)
	cmd.Dir = p.dir
	cmd.Env = append(cmd.Environ(), "PWD="+p.dir, "GKHI_SERVE=off", "GOCOVERDIR="+p.t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// files are the project's files, to see what changed.
func (p *project) files() map[string]string {
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(p.dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, e := os.ReadFile(filepath.Join(p.dir, name))
			all[name], err = string(b), e
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

func (p *project) table(exe string) *sitetab.Table {
	p.t.Helper()
	return readTable(p.t, exe)
}

func readTable(t *testing.T, exe string) *sitetab.Table {
	t.Helper()
	f, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tab, err := sitetab.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func find(tab *sitetab.Table, name string) *sitetab.Func {
	for i, f := range tab.Funcs {
		if f.Name == name {
			return &tab.Funcs[i]
		}
	}
	return nil
}

// TestSame builds the fixture in each way that people build, with points and
// without: it must print the same, and the module's files must stay as they are.
func TestSame(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string // for both
		ours  []string
		long  bool
	}{
		{name: "plain"},
		{name: "every function", ours: []string{"-hooks-min=0"}},
		{name: "standard library", ours: []string{"-hooks=..."}},
		{name: "every function of the standard library", ours: []string{"-hooks=...", "-hooks-min", "0"}},
		{name: "trimpath", flags: []string{"-trimpath"}},
		{name: "stripped", flags: []string{"-ldflags=-s -w"}},
		{name: "pie", flags: []string{"-buildmode=pie"}},
		{name: "external link", flags: []string{"-ldflags=-linkmode=external"}},
		{name: "race", flags: []string{"-race"}},
		{name: "cover", flags: []string{"-cover"}},
		{name: "not optimised", flags: []string{"-gcflags=all=-N -l"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProject(t)
			cgo := strings.TrimSpace(p.run("go", "env", "CGO_ENABLED"))
			if cgo != "1" && (slices.Contains(tt.flags, "-race") || tt.name == "external link") {
				t.Skip("needs a C compiler for cgo")
			}
			before := p.files()
			exes := t.TempDir()
			plain, hooked := filepath.Join(exes, "plain"), filepath.Join(exes, "hooked")
			p.run("go", slices.Concat([]string{"build", "-o", plain}, tt.flags, []string{"."})...)
			p.run(p.gkhi, slices.Concat([]string{"build", "-o", hooked}, tt.flags, tt.ours, []string{"."})...)
			want, got := p.run(plain), p.run(hooked)
			if got != want {
				t.Errorf("with points it prints\n%swant\n%s", got, want)
			}
			for name, text := range p.files() {
				if before[name] != text {
					t.Errorf("%s was changed or made", name)
				}
			}
			f := find(p.table(hooked), "main.several")
			if f == nil || len(f.Points) < 3 {
				t.Fatalf("main.several has no points: %+v", f)
			}
			if f.Line != 50 || filepath.Base(f.File) != "main.go" {
				t.Errorf("main.several is at %s:%d, want main.go:50", f.File, f.Line)
			}
			for _, pt := range f.Points {
				if len(pt.Sites) == 0 || pt.Unpatched > 0 {
					t.Errorf("main.several: the %s at line %d has %d sites, and %d loads are left",
						pt.Kind, pt.Line, len(pt.Sites), pt.Unpatched)
				}
			}
		})
	}
}

// TestGoTest runs tests and benchmarks, inside and outside of their package.
func TestGoTest(t *testing.T) {
	p := newProject(t)
	for _, flags := range [][]string{nil, {"-cover"}, {"-bench=.", "-benchtime=1x"}, {"-hooks=...", "-count=1", "-v"}} {
		out := p.run(p.gkhi, slices.Concat([]string{"test"}, flags, []string{"./..."})...)
		if !strings.Contains(out, "ok  \texample.com/fixture/lib") {
			t.Errorf("gkhi test %v prints\n%s", flags, out)
		}
	}
	p.run(p.gkhi, "test", "-c", "-o", "lib.test", "./lib")
	if f := find(p.table(filepath.Join(p.dir, "lib.test")), "example.com/fixture/lib.Map[...]"); f == nil {
		t.Error("lib.Map has no points in the test's executable")
	}
}

// TestRebuilds looks at which packages are compiled: those that a pattern is about, and
// what depends on them, but nothing else.
func TestRebuilds(t *testing.T) {
	p := newProject(t)
	compiled := func(hooks string) []string {
		out := p.run(p.gkhi, "build", "-v", "-o", "x", "-hooks", hooks, ".")
		return slices.DeleteFunc(strings.Fields(out), func(s string) bool { return !strings.HasPrefix(s, "example.com/") && s != "fmt" && s != "os" })
	}
	compiled("./...")
	if got := compiled("./..."); len(got) > 0 {
		t.Errorf("built again, %v are compiled", got)
	}
	// Whatever it was, main is linked with the library, which is as before.
	if got := compiled("./...,-example.com/fixture/cg"); !slices.Equal(got, []string{"example.com/fixture/cg", "example.com/fixture"}) {
		t.Errorf("without points in cg, %v are compiled", got)
	}
	if got := compiled("./...,-example.com/fixture.several"); slices.Contains(got, "example.com/fixture/cg") == false && len(got) > 2 {
		t.Errorf("without points in one function, %v are compiled", got)
	}
	if got := compiled("./...,-net/http"); slices.Contains(got, "fmt") || slices.Contains(got, "os") {
		t.Errorf("a pattern for another package has %v compiled", got)
	}
}

// TestToolexec builds with the go command alone.
func TestToolexec(t *testing.T) {
	p := newProject(t)
	want := p.run("go", "run", ".")
	exe := filepath.Join(p.dir, "x")
	toolexec := "-toolexec=" + p.gkhi + " toolexec -hooks ./...,fmt"
	for _, build := range []func(){
		func() { p.run("go", "build", "-o", "x", toolexec, ".") },
		func() { p.run("go", "-C", p.dir, "build", "-o", "x", toolexec, ".") },
		func() { p.run("go", "-C="+p.dir, "build", "-o", "x", toolexec, ".") },
		func() { p.run("go", "build", "-C", p.dir, "-o", "x", toolexec, ".") },
		func() { p.run("env", "GOFLAGS='"+toolexec+"'", "go", "build", "-o", "x", ".") },
	} {
		os.Remove(exe) //nolint:errcheck // the first time it isn't there
		build()
		if got := p.run(exe); got != want {
			t.Errorf("it prints\n%swant\n%s", got, want)
		}
		tab := p.table(exe)
		for _, name := range []string{"main.several", "fmt.(*pp).doPrintf"} {
			if find(tab, name) == nil {
				t.Errorf("%s has no points", name)
			}
		}
	}
}

// TestEnvironment builds as people do whose flags are in GOFLAGS.
func TestEnvironment(t *testing.T) {
	p := newProject(t)
	p.run(p.gkhi, "build", "-o", "x", ".") // what it compiled must not be used for what follows
	overlay := `{"Replace": {"lib/lib.go": "other/lib.go", "doc.go": "", "go.mod": "go.mod"}}`
	lib, err := os.ReadFile(filepath.Join(p.dir, "lib", "lib.go"))
	if err != nil {
		t.Fatal(err)
	}
	lib = bytes.Replace(lib, []byte("func Lines() string {\n"), []byte("func Lines() string {\n\treturn \"overlaid\"\n"), 1)
	if err := os.Mkdir(filepath.Join(p.dir, "other"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"overlay.json": []byte(overlay), "other/lib.go": lib} {
		if err := os.WriteFile(filepath.Join(p.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exe := filepath.Join(p.dir, "x")
	for _, tt := range []struct{ goflags, flag string }{
		{"'-gcflags=all=-N -l'", ""},
		{"-gcflags=internal/runtime/atomic=-l", ""},
		{"", "-gcflags=internal/runtime/atomic=-l"},
		{"-trimpath -mod=mod '-ldflags=-s -w'", ""},
		{"-overlay=overlay.json", ""},
		{"", "-overlay=overlay.json"},
	} {
		args := []string{"build", "-o", "x", "."}
		if tt.flag != "" {
			args = slices.Insert(args, 1, tt.flag)
		}
		env := []string{"GOFLAGS=" + tt.goflags}
		p.run("env", slices.Concat(env, []string{"go"}, args)...)
		want := p.run(exe)
		p.run("env", slices.Concat(env, []string{p.gkhi}, args)...)
		if got := p.run(exe); got != want {
			t.Errorf("GOFLAGS=%s %s: it prints\n%swant\n%s", tt.goflags, tt.flag, got, want)
		}
		if strings.Contains(tt.goflags+tt.flag, "overlay") != strings.Contains(want, "overlaid") {
			t.Errorf("GOFLAGS=%s %s: it prints\n%s", tt.goflags, tt.flag, want)
		}
		if find(p.table(exe), "main.several") == nil {
			t.Errorf("GOFLAGS=%s %s: main.several has no points", tt.goflags, tt.flag)
		}
	}
	if out, err := p.try("env", "GOFLAGS='-toolexec=x y'", p.gkhi, "build", "."); err == nil || !strings.Contains(out, "GOFLAGS has -toolexec") {
		t.Errorf("with another -toolexec: %v, %s", err, out)
	}
	if out, err := p.try("env", "GOFLAGS=-buildmode=plugin", p.gkhi, "build", "."); err == nil || !strings.Contains(out, "-buildmode=plugin") {
		t.Errorf("a plugin: %v, %s", err, out)
	}
	gocache := strings.TrimSpace(p.run("go", "env", "GOCACHE"))
	p.run("env", "-u", "HOME", "-u", "XDG_CACHE_HOME", "GOCACHE="+gocache, "GOPATH="+t.TempDir(), p.gkhi, "build", "-o", "x", ".")
}

// TestChosen looks at which functions patterns choose, and what is said of those that choose none.
func TestChosen(t *testing.T) {
	p := newProject(t)
	exe := filepath.Join(p.dir, "x")
	for _, tt := range []struct {
		hooks, yes, no, warning string
	}{
		{"main.several", "main.several", "main.main", ""},
		{"main", "main.several", "example.com/fixture/lib.Map[...]", ""},
		{"./..., -main.*", "example.com/fixture/lib.Map[...]", "main.several", ""},
		{"example.com/fixture/lib.Map", "example.com/fixture/lib.Map[...]", "main.several", ""},
		{"example.com/fixture/lib.(*Tree).Insert", "example.com/fixture/lib.(*Tree[...]).Insert", "main.several", ""},
		{p.dir + "/lib", "example.com/fixture/lib.Map[...]", "main.several", ""},
		{"std", "fmt.(*pp).doPrintf", "main.several", ""},
		{"all,-std", "main.several", "fmt.(*pp).doPrintf", ""},
		{"main.several,runtime/...", "main.several", "main.main", "-hooks runtime/...: the package can't have points: it runs on system stacks"},
		{"main.several,net/htp", "main.several", "main.main", "-hooks net/htp: no package of the build matches"},
		{"main.several,-example.com/other", "main.several", "main.main", "-hooks -example.com/other: no package of the build matches"},
		{"main.several,example.com/fixture/lib.Mop", "main.several", "main.main", "-hooks example.com/fixture/lib.Mop: the package has no function of this name"},
		{"main.several,example.com/fixture/lib.Add", "main.several", "main.main", "-hooks example.com/fixture/lib.Add: what it matches is inlined"},
	} {
		out := p.run(p.gkhi, "build", "-o", "x", "-hooks", tt.hooks, ".")
		if tt.warning == "" && out != "" || !strings.Contains(out, tt.warning) {
			t.Errorf("-hooks %s: it says %q, want %q", tt.hooks, out, tt.warning)
		}
		tab := p.table(exe)
		if find(tab, tt.yes) == nil {
			t.Errorf("-hooks %s: %s has no points", tt.hooks, tt.yes)
		}
		if find(tab, tt.no) != nil {
			t.Errorf("-hooks %s: %s has points", tt.hooks, tt.no)
		}
	}
}

// TestMark builds what begins with a byte order mark, and has the ends of lines that go with it.
func TestMark(t *testing.T) {
	p := newProject(t)
	const text = "\ufeffpackage main\n\nimport \"fmt\"\n\nfunc init() { fmt.Println(marked(3)) }\n\n//go:noinline\nfunc marked(n int) (s string) {\n\tfor range n {\n\t\ts += fmt.Sprint(n)\n\t}\n\treturn s\n}\n"
	if err := os.WriteFile(filepath.Join(p.dir, "mark.go"), []byte(strings.ReplaceAll(text, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := p.run(p.gkhi, "build", "-o", "x", "."); out != "" {
		t.Errorf("it says %s", out)
	}
	if f := find(p.table(filepath.Join(p.dir, "x")), "main.marked"); f == nil || f.Line != 8 {
		t.Errorf("main.marked is %+v", f)
	}
	if got := p.run(filepath.Join(p.dir, "x")); !strings.HasPrefix(got, "333\n") {
		t.Errorf("it prints %s", got)
	}
}

// TestNoPoints builds a program whose functions are all too small.
func TestNoPoints(t *testing.T) {
	p := newProject(t)
	for name, text := range map[string]string{"go.mod": "module example.com/fixture\n\ngo 1.24\n", "main.go": "package main\n\nfunc main() { println(3) }\n"} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out := p.run(p.gkhi, "build", "-o", "x", "."); !strings.Contains(out, "no function of example.com/fixture has points") {
		t.Errorf("it says %q", out)
	}
	if out, err := p.try(p.gkhi, "ls", "--file", "x"); err == nil || !strings.Contains(out, "patterns that chose no function") {
		t.Errorf("ls says %q", out)
	}
	if out := p.run(p.gkhi, "build", "-o", "x", "-hooks-min=0", "."); out != "" {
		t.Errorf("with every function it says %q", out)
	}
	if find(p.table(filepath.Join(p.dir, "x")), "main.main") == nil {
		t.Error("main.main has no points")
	}
}

// TestVersion builds a package of another module, given with its version.
func TestVersion(t *testing.T) {
	p := newProject(t)
	proxy := filepath.Join(p.dir, "proxy")
	const mod = "module example.com/tool\n\ngo 1.24\n"
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range map[string]string{"go.mod": mod, "cmd/tool/main.go": "package main\n\nfunc main() { println(work(3)) }\n\n//go:noinline\nfunc work(n int) int {\n\tfor range n {\n\t\tprint(n)\n\t}\n\treturn n\n}\n"} {
		f, err := w.Create("example.com/tool@v1.2.3/" + name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(proxy, "example.com", "tool", "@v")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"list": "v1.2.3\n", "v1.2.3.info": `{"Version":"v1.2.3"}`, "v1.2.3.mod": mod, "v1.2.3.zip": b.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"GOPROXY=file://" + proxy, "GONOSUMDB=*", "GOFLAGS=-modcacherw", "GOMODCACHE=" + t.TempDir(), "GOBIN=" + filepath.Join(p.dir, "bin")}
	exe := filepath.Join(p.dir, "bin", "tool")
	for _, args := range [][]string{
		{p.gkhi, "install", "example.com/tool/cmd/tool@latest"},
		{"go", "install", "-toolexec=" + p.gkhi + " toolexec -hooks main.*", "example.com/tool/cmd/tool@v1.2.3"},
	} {
		os.Remove(exe) //nolint:errcheck // the first time it isn't there
		p.run("env", append(env, args...)...)
		if find(p.table(exe), "main.work") == nil {
			t.Errorf("%s: main.work has no points", args)
		}
	}
	if out := p.run("env", append(env, p.gkhi, "run", "example.com/tool/cmd/tool@v1.2.3")...); out != "3333\n" {
		t.Errorf("it prints %q", out)
	}
	if out, err := p.try("env", append(env, p.gkhi, "install", "example.com/tool/cmd/tool@v9.9.9")...); err == nil || !strings.Contains(out, "v9.9.9") {
		t.Errorf("of a version that isn't there: %v, %s", err, out)
	}
}

// TestErrors compares what is said of programs that don't compile, and reads what
// is said of builds that can't be.
func TestErrors(t *testing.T) {
	p := newProject(t)
	if err := os.WriteFile(filepath.Join(p.dir, "bad.go"), []byte("package main\n\nfunc bad() int { x := 1; return \"\" }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := p.try("go", "build", ".")
	if err == nil {
		t.Fatal("the bad program compiles")
	}
	got, err := p.try(p.gkhi, "build", ".")
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || got != want {
		t.Errorf("%v\n%swant\n%s", err, got, want)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"build", "-hooks", "runtime"}, "can't have points"},
		{[]string{"build", "-hooks", "no/such"}, "no package of the build matches"},
		{[]string{"build", "-buildmode=plugin"}, "-buildmode=plugin"},
		{[]string{"build", "-hooks", "../..."}, "no main module"},
		{[]string{"build", "./nosuch"}, "nosuch"},
		{[]string{"build", "-hooks", "a[", "."}, "a["},
	} {
		if out, err := p.try(p.gkhi, tt.args...); err == nil || !strings.Contains(out, tt.want) {
			t.Errorf("gkhi %v: %v, %q; want something about %q", tt.args, err, out, tt.want)
		}
	}
}

// TestCross builds for the other CPU.
func TestCross(t *testing.T) {
	p := newProject(t)
	arch := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	cmd := testenv.Command(t, p.gkhi, "build", "-o", "x", ".")
	cmd.Dir = p.dir
	cmd.Env = append(cmd.Environ(), "PWD="+p.dir, "GOARCH="+arch, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tab := p.table(filepath.Join(p.dir, "x"))
	f := find(tab, "main.several")
	if tab.Arch != arch || f == nil || len(f.Points[0].Sites) != 1 {
		t.Errorf("the table is for %s, and main.several is %+v", tab.Arch, f)
	}
	for _, os := range []string{"darwin", "windows"} {
		cmd := testenv.Command(t, p.gkhi, "build", "-o", "x", ".")
		cmd.Dir = p.dir
		cmd.Env = append(cmd.Environ(), "PWD="+p.dir, "GOOS="+os)
		if out, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("not for "+os)) {
			t.Errorf("for %s: %v\n%s", os, err, out)
		}
	}
}

// small builds a program that imports nothing.
func small(t *testing.T) (p *project, exe string) {
	t.Helper()
	p = newProject(t)
	if err := os.RemoveAll(filepath.Join(p.dir, "cg")); err != nil {
		t.Fatal(err)
	}
	main := "package main\n\nfunc main() { println(several(3)) }\n\nfunc several(n int) int {\n\tdefer func() {}()\n\treturn n\n}\n"
	if err := os.WriteFile(filepath.Join(p.dir, "main.go"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	exe = filepath.Join(t.TempDir(), "hooked")
	p.run(p.gkhi, "build", "-o", exe, ".")
	if find(p.table(exe), "main.several") == nil {
		t.Error("main.several has no points")
	}
	return p, exe
}

// TestStatic builds a program that needs no C library: with points it needs none either, though the runtime
// part imports net, which does where there is a C compiler.
func TestStatic(t *testing.T) {
	_, exe := small(t)
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if libs, err := f.ImportedLibraries(); err != nil || len(libs) > 0 {
		t.Errorf("it needs %v, %v", libs, err)
	}
}

// TestRuntimePart looks at what is linked into a program that doesn't import GKHI: what is about functions, and nothing of hooks; and at how
// much code that is, of which a program's size depends (bench/overhead).
func TestRuntimePart(t *testing.T) {
	const module = "github.com/gkhi/gkhi"
	_, exe := small(t)
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names, err := f.Section(".gopclntab").Data() // names of functions, each with a zero byte behind it, that were inlined too
	if err != nil {
		t.Fatal(err)
	}
	has := func(prefix string) bool { return bytes.Contains(names, []byte("\x00"+prefix)) }
	if !has("gkhi/internal/funcserve/auto.") {
		t.Error("the runtime part is not linked into it")
	}
	for _, banned := range []string{
		module, "gkhi.", "gkhi/autoserve.", "gkhi/internal/failpoint.", "gkhi/internal/control/eventjson.", "gkhi/internal/scan.Scan",
		"gkhi/internal/patch.(*site)", "slices.pdqsortOrdered[go.shape.uint64]",
		"net.", "encoding/json.", "reflect.(*rtype).MethodByName", "reflect.Value.MethodByName",
	} {
		if has(banned) {
			t.Errorf("%s is linked into it", banned)
		}
	}
	syms, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range syms {
		if strings.HasPrefix(s.Name, "gkhi/") && !strings.HasPrefix(s.Name, "gkhi/internal/record.") {
			t.Errorf("%s has a symbol", s.Name)
		}
	}
	if !slices.ContainsFunc(syms, func(s elf.Symbol) bool { return s.Name == "main.several" }) {
		t.Error("main.several has no symbol")
	}
	lines, err := gosym.NewTable(nil, gosym.NewLineTable(names, f.Section(".text").Addr))
	if err != nil {
		t.Fatal(err)
	}
	code, most := uint64(0), uint64(240<<10)
	for _, fn := range lines.Funcs {
		if strings.HasPrefix(fn.Name, "gkhi/") {
			code += fn.End - fn.Entry
		}
	}
	if code == 0 || code > most && runtime.GOARCH == "amd64" {
		t.Errorf("the runtime part has %d bytes of code, and may have %d: with more go -C bench run ./overhead may miss its target", code, most)
	}
}
