//go:build unix

package sockdir

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	for range 2 { // the second finds it made
		if err := Make(dir); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := Make(filepath.Join(dir, "no", "parent")); err == nil {
		t.Error("a directory was made with its parent")
	}
}

func TestCheckRefuses(t *testing.T) {
	tmp := t.TempDir()
	path := func(name string) string { return filepath.Join(tmp, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(path("good"), 0o700))
	must(os.Symlink(path("good"), path("link")))
	must(os.WriteFile(path("file"), nil, 0o600))
	for name, mode := range map[string]os.FileMode{"readable": 0o740, "writable": 0o702, "searchable": 0o710} {
		must(os.Mkdir(path(name), 0o700))
		must(os.Chmod(path(name), mode))
	}
	if err := Check(path("good")); err != nil {
		t.Errorf("a good one: %v", err)
	}
	for name, want := range map[string]string{
		"link": "is a symbolic link", "file": "is not a directory", "absent": "no such file",
		"readable": "mode 0740", "writable": "mode 0702", "searchable": "mode 0710",
	} {
		for what, check := range map[string]func(string) error{"Check": Check, "Make": Make} {
			if what == "Make" && name == "absent" {
				continue
			}
			if err := check(path(name)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %s: %v, want %q", what, name, err, want)
			}
		}
	}
}

func TestCheckRefusesForeignOwner(t *testing.T) {
	testenv.Need(t, testenv.Root)
	dir := filepath.Join(t.TempDir(), "s")
	if err := Make(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 12345, -1); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir); err == nil || !strings.Contains(err.Error(), "belongs to user 12345, not to 0") {
		t.Error(err)
	}
}

func TestChoose(t *testing.T) {
	tmp, private, public := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(public, 0o777); err != nil {
		t.Fatal(err)
	}
	inTmp := filepath.Join(tmp, "gkhi-"+strconv.Itoa(os.Geteuid()))
	for name, tt := range map[string]struct{ gkhi, xdg, want string }{
		"set":             {"/set", private, "/set"},
		"runtime":         {"", private, filepath.Join(private, "gkhi")},
		"public runtime":  {"", public, inTmp},
		"no such runtime": {"", filepath.Join(private, "absent"), inTmp},
		"relative":        {"", "run", inTmp},
		"neither":         {"", "", inTmp},
	} {
		t.Setenv("TMPDIR", tmp)
		t.Setenv(EnvDir, tt.gkhi)
		t.Setenv("XDG_RUNTIME_DIR", tt.xdg)
		got, err := choose()
		if err != nil || got != tt.want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, tt.want)
		}
		all := Candidates()
		if all[0] != tt.want {
			t.Errorf("%s: the first candidate is %s", name, all[0])
		}
		if !slices.Contains(all, inTmp) {
			t.Errorf("%s: %s is no candidate of %q", name, inTmp, all)
		}
	}
}
