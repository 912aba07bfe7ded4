package demo

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestBuild(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.Native)
	from, err := source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := from.shown("nohooks"), "build -tags nohooks ./examples/kvd"; got != want {
		t.Errorf("shown as %q, want %q", got, want)
	}
	bin, err := from.build(t.Context(), filepath.Join(t.TempDir(), "twin"), "nohooks")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), bin, "-h").CombinedOutput(); err != nil || !strings.Contains(string(out), "-slow-fsync") {
		t.Errorf("%s -h: %v\n%s", bin, err, out)
	}
	t.Setenv("GOFLAGS", "-nonsense")
	if _, err := from.build(t.Context(), filepath.Join(t.TempDir(), "x"), ""); err == nil || !strings.Contains(err.Error(), "-nonsense") {
		t.Errorf("a build that fails: %v", err)
	}
}

// Outside of the checkout there is nothing to build but a released version.
func TestNoSource(t *testing.T) {
	testenv.Need(t, testenv.GoCommand)
	t.Chdir(t.TempDir())
	if s, err := source(t.Context()); err == nil || !strings.Contains(err.Error(), "checkout") {
		t.Errorf("source %+v, error %v", s, err)
	}
	t.Setenv("PATH", os.DevNull)
	if s, err := source(t.Context()); err == nil || !strings.Contains(err.Error(), "go command") {
		t.Errorf("source %+v, error %v", s, err)
	}
}

func TestInstallable(t *testing.T) {
	for _, c := range []struct{ path, version, want string }{
		{module, "v1.2.3", "v1.2.3"},
		{module, "v0.0.0-20260102030405-0123456789ab", "v0.0.0-20260102030405-0123456789ab"},
		{module, "v0.0.0-20260102030405-0123456789ab+dirty", ""},
		{module, "(devel)", ""},
		{module, "", ""},
		{"example.com/fork", "v1.2.3", ""},
	} {
		if got := installable(&debug.BuildInfo{Main: debug.Module{Path: c.path, Version: c.version}}); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.path, c.version, got, c.want)
		}
	}
	if got, want := (sourceOf{version: "v1.2.3"}).shown(""), "install "+kvdPkg+"@v1.2.3"; got != want {
		t.Errorf("shown as %q, want %q", got, want)
	}
}
