package patch

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/testenv"
)

var torture = flag.Duration("torture", 3*time.Second,
	"how long TestTorture runs; from a minute on it changes a million sites, however long that takes")

// buildTorture builds testdata/torture, most of which is written for it.
func buildTorture(t *testing.T, flags ...string) (prog string) {
	t.Helper()
	testenv.Need(t, testenv.GoCommand)
	const dir = "testdata/torture"
	generated, overlay := filepath.Join(t.TempDir(), "sites"), filepath.Join(t.TempDir(), "overlay.json")
	gen := exec.CommandContext(t.Context(), "go", "run", dir+"/gen.go", generated)
	gen.Env = append(gen.Environ(), "GOOS=", "GOARCH=") // it runs here
	if msg, err := gen.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	place, err := filepath.Abs(dir + "/sites_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"Replace": map[string]string{place: generated}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return testenv.Build(t, "./"+dir, append([]string{"-overlay=" + overlay}, flags...)...)
}

// TestTorture runs testdata/torture, in which goroutines arm and disarm hundreds of
// sites that they run through, and count each event. The program is one of its
// own, since the sites are of the library, which this package is below.
func TestTorture(t *testing.T) {
	testenv.Need(t, testenv.OS("linux"), testenv.Arch("amd64", "arm64"), testenv.NoRace)
	builds := []struct {
		name  string
		flags []string
		args  []string
		quiet bool // hooks are to go back to their flags, and to be patched again, all the while
		share int  // of the time, in percent
		long  bool
	}{
		{name: "ordinary", share: 40},
		{name: "restless", share: 20, quiet: true},
		// Text is written the other way when /proc/self/mem can't be written.
		{name: "remap", args: []string{"-refuse=pwrite"}, share: 10, long: true},
		{name: "pie", flags: []string{"-buildmode=pie"}, share: 15, long: true},
		{name: "pie, restless", flags: []string{"-buildmode=pie"}, share: 10, long: true, quiet: true},
		{name: "cgo", flags: []string{"-tags=cgothreads"}, share: 15, long: true},
		{name: "cgo, restless", flags: []string{"-tags=cgothreads"}, share: 10, long: true, quiet: true},
	}
	for _, b := range builds {
		t.Run(b.name, func(t *testing.T) {
			if b.long {
				testenv.Need(t, testenv.NotShort, testenv.Tool("gcc"))
			}
			if b.args != nil {
				testenv.Need(t, testenv.Arch("amd64"), testenv.Native)
			}
			toggles := 0
			if *torture >= time.Minute {
				toggles = 12_500 * b.share // those that are restless have 20 % and may make few
			}
			if b.quiet {
				toggles = 0
				b.args = append(b.args, "-quiet=2ms")
			}
			workers := 10
			if len(testenv.Emulator()) > 0 { // each change of code makes it translate anew
				workers, toggles = 4, max(toggles/100, 2000)
			}
			prog := buildTorture(t, b.flags...)
			cmd := testenv.Command(t, prog, append(b.args, "-d", (*torture*time.Duration(b.share)/100).String(),
				"-toggles", strconv.Itoa(toggles), "-workers", strconv.Itoa(workers))...)
			// qemu's memory allocator may hold a lock when another thread forks, and the
			// child hang; this one takes none that outlives a fork.
			cmd.Env = append(cmd.Environ(), "G_SLICE=always-malloc")
			var out, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &stderr
			err := cmd.Run()
			t.Logf("%s", out.Bytes())
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.Bytes())
			}
			var report struct{ Toggles, Returns, Calls, Noted uint64 }
			if err := json.Unmarshal(out.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			if report.Toggles == 0 || report.Calls == 0 || report.Noted == 0 || b.quiet != (report.Returns > 0) {
				t.Error("something was not exercised")
			}
		})
	}
}
