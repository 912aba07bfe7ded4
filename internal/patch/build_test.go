package patch

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

var allBuilds = flag.Bool("builds", false, "TestBuildModes tries the build modes that differ little, too")

// withInlining is in what a program says that has no sites.
const withInlining = "is the program built with inlining"

// TestBuildModes finds, patches and counts in programs built in every way.
func TestBuildModes(t *testing.T) {
	testenv.Need(t, patchable...)
	for _, tt := range []struct {
		name  string
		flags []string
		env   []string
		need  []testenv.Requirement
		extra bool // with -builds only
	}{
		{name: "ordinary"},
		{name: "trimpath", flags: []string{"-trimpath"}, extra: true},
		{name: "stripped", flags: []string{"-ldflags=-s -w"}},
		{name: "no optimisation", flags: []string{"-gcflags=github.com/gkhi/gkhi/...=-N -l"}, extra: true},
		{name: "static", env: []string{"CGO_ENABLED=0"}},
		{name: "external linking", flags: []string{"-ldflags=-linkmode=external"}, need: []testenv.Requirement{testenv.Tool("gcc")}, extra: true},
		{name: "asan", flags: []string{"-asan"}, need: []testenv.Requirement{testenv.Tool("gcc")}, extra: true},
		{name: "pie", flags: []string{"-buildmode=pie"}, need: []testenv.Requirement{testenv.NotShort}},
		{name: "pie stripped", flags: []string{"-buildmode=pie", "-ldflags=-s -w"}, need: []testenv.Requirement{testenv.NotShort}, extra: true},
	} {
		if tt.extra && !*allBuilds {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			testenv.Need(t, tt.need...)
			prog := testenv.BuildWith(t, testenv.BuildSpec{Pkg: "./testdata/subject", Flags: tt.flags, Env: tt.env})
			as := tell(t, testenv.Command(t, prog, wholeStory...))
			if tt.name == "no optimisation" {
				// The compiler makes no sites then: the flag serves hooks, and says so.
				for i, a := range as {
					if a.Calls != wholeCalls[i] || a.Hits != 0 || (a.Word == "armpoint") != strings.Contains(a.Error, withInlining) {
						t.Errorf("%d, %s: %d calls, want %d; %d hits; error %q", i, a.Word, a.Calls, wholeCalls[i], a.Hits, a.Error)
					}
				}
				last := as[len(as)-1]
				if last.Mode != "flag" || !strings.Contains(last.Reason, withInlining) {
					t.Errorf("there are no sites, and the status is %s", last.Status)
				}
				for _, s := range last.Sites {
					if s.Reason == "" && s.State == "as compiled" {
						t.Errorf("%s is not patched and no reason is given", s.Func)
					}
				}
				return
			}
			checkWhole(t, as, "/proc/self/mem")
		})
	}
}

// TestFIPS runs the subject in FIPS mode: Go hashes its own text at the start, and
// patching comes later.
func TestFIPS(t *testing.T) {
	testenv.Need(t, patchable...)
	cmd := testenv.Command(t, testenv.Build(t, "./testdata/subject"), append([]string{"fips"}, wholeStory...)...)
	cmd.Env = append(cmd.Environ(), "GODEBUG=fips140=on")
	as := tell(t, cmd)
	if as[0].Error != "" {
		t.Fatal(as[0].Error)
	}
	checkWhole(t, as[1:], "/proc/self/mem")
	for _, s := range as[len(as)-1].Sites {
		if strings.HasPrefix(s.Func, "crypto/internal/fips140") {
			t.Errorf("a site in %s", s.Func)
		}
	}
}

// sharedLibrary builds the subject as a C shared library, and a program that loads it.
func sharedLibrary(t *testing.T) (loader, lib string) {
	testenv.Need(t, append(slices.Clone(patchable), testenv.NotShort, testenv.Tool("gcc"))...)
	lib = testenv.Build(t, "./testdata/subject/shared", "-buildmode=c-shared")
	loader = filepath.Join(t.TempDir(), "load")
	gcc := exec.Command("gcc", "-x", "c", "-o", loader, "testdata/subject/shared/load.c.txt", "-ldl")
	if out, err := gcc.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return loader, lib
}

func TestCShared(t *testing.T) {
	loader, lib := sharedLibrary(t)
	as := tell(t, testenv.Command(t, loader, append([]string{lib}, wholeStory...)...))
	checkWhole(t, as, "/proc/self/mem")
}

// TestForeignTrap looks at what becomes of a SIGTRAP that no site of ours caused,
// where Go has no handler for it: as without us the process ends by the signal.
func TestForeignTrap(t *testing.T) {
	loader, lib := sharedLibrary(t)
	for _, how := range []string{"trap", "int3"} {
		t.Run(how, func(t *testing.T) {
			for _, words := range [][]string{{"status", how, "status"}, {"arm", "run", how, "status"}} {
				cmd := testenv.Command(t, loader, append([]string{lib}, words...)...)
				out, err := cmd.Output()
				exit, ok := err.(*exec.ExitError)
				if !ok {
					t.Fatalf("%v: %v\n%s", words, err, out)
				}
				if ws, ok := exit.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGTRAP {
					t.Errorf("%v: %v\n%s", words, err, out)
				}
			}
		})
	}
}

// withPlugin builds a program and a plugin that it is to load, and has it do the words.
func withPlugin(t *testing.T, words ...string) []answer {
	t.Helper()
	testenv.Need(t, append(slices.Clone(patchable), testenv.NotShort, testenv.Tool("gcc"))...)
	host := testenv.Build(t, "./testdata/subject/host")
	plug := testenv.Build(t, "./testdata/subject/plug", "-buildmode=plugin")
	so := filepath.Join(t.TempDir(), "plug.so")
	if err := os.Symlink(plug, so); err != nil {
		t.Fatal(err)
	}
	return tell(t, testenv.Command(t, host, append([]string{so}, words...)...))
}

// TestPluginLater loads a plugin when the program's sites are patched already. The flag serves the plugin's sites
// until they are looked for.
func TestPluginLater(t *testing.T) {
	as := withPlugin(t, "arm", "armpoint", "run", "load", "plugin", "prepare", "plugin", "disarm", "plugin", "arm", "plugin", "run", "prepare")
	for i, want := range []uint64{0, 0, 100, 10, 0, 10, 0, 0, 0, 10, 100, 0} {
		if a := as[i]; a.Error != "" || a.Calls != want {
			t.Errorf("%d, %s: %d calls, want %d, error %q", i, a.Word, a.Calls, want, a.Error)
		}
	}
	before, after := as[3], as[4]
	if got, want := len(after.Sites), len(before.Sites)+2; got != want {
		t.Errorf("%d sites with the plugin's, want %d", got, want)
	}
	for _, s := range after.Sites {
		if (s.State == "as compiled") != (s.Form == "bare got") || (s.State == "as compiled") != (s.Reason != "") {
			t.Errorf("%s: %s, %s: %q", s.Func, s.Form, s.State, s.Reason)
		}
	}
	if last := as[len(as)-1]; len(last.Sites) != len(after.Sites) || last.Status != after.Status {
		t.Errorf("looking for sites again finds %d, want %d: %s", len(last.Sites), len(after.Sites), last.Status)
	}
}

// TestPlugin loads a plugin with sites of its own of a hook and a point in the program.
func TestPlugin(t *testing.T) {
	as := withPlugin(t, "load", "plugin", "arm", "plugin", "run", "armpoint", "plugin", "run", "disarm", "plugin", "run")
	for i, want := range []struct{ calls, hits uint64 }{
		{}, {}, {10, 0}, {100, 0}, {}, {10, 0}, {100, 100}, {}, {}, {0, 100},
	} {
		a := as[i]
		if a.Error != "" || a.Calls != want.calls {
			t.Errorf("%d, %s: %d calls, %d hits, error %q", i, a.Word, a.Calls, a.Hits, a.Error)
		}
		if a.Word != "plugin" && a.Hits != want.hits {
			t.Errorf("%d, %s: %d hits", i, a.Word, a.Hits)
		}
	}
	inPlugin := 0
	for _, s := range as[len(as)-1].Sites {
		if strings.Contains(s.Func, "/plug") || strings.Contains(s.Func, "plugin/unnamed") || strings.Contains(s.Func, ".Own") || strings.Contains(s.Func, ".Leaf") {
			inPlugin++
			t.Logf("%s: %s, %s: %s", s.Func, s.Form, s.State, s.Reason)
			if (s.State == "as compiled") != strings.Contains(s.Reason, "a plugin's offset table") {
				t.Errorf("%s is %s, and the reason is %q", s.Func, s.State, s.Reason)
			}
		}
	}
	if inPlugin != 2 {
		t.Errorf("%d sites were found in the plugin, want 2: %+v", inPlugin, as[len(as)-1].Sites)
	}
}
