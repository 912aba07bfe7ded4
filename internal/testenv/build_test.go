package testenv

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestBuildAndCommand(t *testing.T) {
	prog := Build(t, "./testdata/hello")
	out, err := Command(t, prog, "a", "b c").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", prog, err, out)
	}
	if got, want := strings.TrimSpace(string(out)), runtime.GOARCH+" [a b c]"; got != want {
		t.Errorf("hello printed %q, want %q", got, want)
	}
}

// TestBuildOnce shows that equal specs share a program and others don't.
func TestBuildOnce(t *testing.T) {
	paths := make([]string, 4)
	var wg sync.WaitGroup
	for i := range paths {
		wg.Go(func() { paths[i] = Build(t, "./testdata/hello") })
	}
	wg.Wait()
	for _, p := range paths[1:] {
		if p != paths[0] {
			t.Errorf("built twice: %s and %s", paths[0], p)
		}
	}
	if p := Build(t, "./testdata/hello", "-ldflags=-s"); p == paths[0] {
		t.Errorf("another flag gave the same program %s", p)
	}
}

func TestCompileError(t *testing.T) {
	Need(t, GoCommand)
	_, err := compile(BuildSpec{Pkg: "./testdata/none", Env: []string{"GOOS=linux"}}, t.TempDir())
	if err == nil {
		t.Fatal("a package that doesn't exist was built")
	}
	for _, want := range []string{"GOOS=linux go build", "./testdata/none", "directory not found"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error doesn't contain %q:\n%v", want, err)
		}
	}
}

func TestUnmanagedBuild(t *testing.T) {
	builds.Lock()
	builds.managed = false
	builds.Unlock()
	defer func() {
		builds.Lock()
		builds.managed = true
		builds.Unlock()
	}()
	if _, err := entry(BuildSpec{Pkg: "x"}); err != errUnmanaged {
		t.Errorf("entry without Main: %v, want %v", err, errUnmanaged)
	}
}

func TestProgramName(t *testing.T) {
	tests := []struct {
		spec BuildSpec
		want string
	}{
		{BuildSpec{Pkg: "./testdata/hello", Env: []string{"GOOS=linux"}}, "hello"},
		{BuildSpec{Pkg: "example.com/x/cmd/y", Env: []string{"GOOS=windows", "GOARCH=amd64"}}, "y.exe"},
		{BuildSpec{Pkg: ".", Env: []string{"GOOS=windows", "GOOS=linux"}}, "program"},
	}
	for _, tt := range tests {
		if got := programName(tt.spec); got != tt.want {
			t.Errorf("programName(%+v) = %q, want %q", tt.spec, got, tt.want)
		}
	}
}

// TestToolsAreInstalledByCI holds the table of tools to what CI installs: a
// tool that is only in the table would fail every strict run, and one that is
// only installed would let its tests skip there.
func TestToolsAreInstalledByCI(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join("..", "..", ".ci", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	got := make(map[string]string)
	for line := range strings.Lines(read("packages")) {
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) == 2 {
			got[f[0]] = "apt-get install " + f[1]
		} else if len(f) != 0 {
			t.Errorf(".ci/packages: %q isn't a program and a package", line)
		}
	}
	const dlv = "github.com/go-delve/delve/cmd/dlv"
	if strings.Contains(read(filepath.Join("tools", "go.mod")), dlv) {
		got["dlv"] = "go install " + dlv + "@latest"
	}
	for name, how := range tools {
		if got[name] != how {
			t.Errorf("tools[%q] = %q, and CI has %q", name, how, got[name])
		}
	}
	for name := range got {
		if tools[name] == "" {
			t.Errorf("CI installs %s, which isn't in tools", name)
		}
	}
}
