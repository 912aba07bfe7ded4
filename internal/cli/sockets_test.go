package cli

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/control/sockdir"
	"github.com/gkhi/gkhi/internal/feature"
)

func TestSockets(t *testing.T) {
	parent := t.TempDir()
	dir := func(name string, mode os.FileMode) string {
		path := filepath.Join(parent, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, open := dir("good", 0o700), dir("open", 0o777)
	for _, name := range []sockdir.Name{{PID: os.Getpid()}, {PID: 1 << 30, Start: 1}} {
		l, err := net.Listen("unix", filepath.Join(good, name.String()))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	none := filepath.Join(parent, "none")

	got := sockets([]string{none, good, filepath.Join(parent, "neither"), open})
	names := []string{"directory", "directory-2", "directory-4"}
	states := []feature.State{feature.OK, feature.OK, feature.Missing}
	details := []string{none + " is made", "sockets: 1, and 1 of processes that have ended", open}
	if runtime.GOOS == "windows" { // modes say nothing there
		states[2], details[2] = feature.OK, open
	}
	if len(got) != len(names) {
		t.Fatalf("%+v, want %q", got, names)
	}
	for i, f := range got {
		if f.Group != groupSockets || f.Name != names[i] || f.State != states[i] || !strings.Contains(f.Detail, details[i]) {
			t.Errorf("%+v, want %s, %s, with %q", f, names[i], states[i], details[i])
		}
		if (f.State == feature.OK) != (f.Advice == "") {
			t.Errorf("%s: advice %q", f.Name, f.Advice)
		}
	}
	if !slices.IsSortedFunc(got, func(a, b feature.Finding) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("not in the order of the directories: %+v", got)
	}
}
