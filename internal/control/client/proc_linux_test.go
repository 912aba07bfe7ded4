package client

import (
	"errors"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/control/sockdir"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestParseStatus(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want procStatus
	}{
		"container": {
			"Name:\tmy app\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t812\nPid:\t813\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t813\t7\t1\n",
			procStatus{name: "my app", tgid: 812, uid: 1001, nsPID: 1},
		},
		"zombie": {"Name:\tx\nState:\tZ (zombie)\nTgid:\t5\nUid:\t0\t0\t0\t0\nNSpid:\t5\n", procStatus{name: "x", tgid: 5, nsPID: 5, zombie: true}},
		"odd":    {"Name\nUid:\t1\nState:\n\n:", procStatus{}},
		"empty":  {"", procStatus{}},
	} {
		if got := parseStatus(tt.text); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestParseUnix(t *testing.T) {
	const text = `Num       RefCount Protocol Flags    Type St Inode Path
ffff8881: 00000002 00000000 00010000 0001 01 16001 /run/user/1000/gkhi/42-100-0.sock
0000000000000000: 00000003 00000000 00000000 0001 03 16002 /run/user/1000/gkhi/42-100-0.sock
0000000000000000: 00000002 00000000 00010000 0001 01  1600 /tmp/with space/43-100-1.sock
0000000000000000: 00000002 00000000 00010000 0001 01 16004 @44-100-0.sock
0000000000000000: 00000002 00000000 00010000 0001 01 16005 relative/45-100-0.sock
0000000000000000: 00000002 00000000 00010000 0001 01 16006 /proc/self/fd/3/46-100-0.sock
0000000000000000: 00000002 00000000 00010000 0001 01 16007 /run/systemd/private
0000000000000000: 00000003 00000000 00000000 0001 03 16008
broken
`
	want := []listening{
		{"16001", "/run/user/1000/gkhi/42-100-0.sock", sockdir.Name{PID: 42, Start: 100}},
		{"1600", "/tmp/with space/43-100-1.sock", sockdir.Name{PID: 43, Start: 100, Copy: 1}},
	}
	if got := parseUnix(text); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// FuzzParse shows that what is read from /proc, where a process chooses its name and its sockets' paths, can't confuse the reader.
func TestKernelThread(t *testing.T) {
	for stat, want := range map[string]bool{
		"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0":        true,
		"77 (a) b (c) S 1 77 77 0 -1 4194560 0 0":      false,
		"78 (2129984 ) R 1 78 78 0 -1 4194304 2129984": false,
		"79 (x) S 1":              false,
		"79 (x) S 1 2 3 4 5 many": false,
		"":                        false,
	} {
		if got := kernelThread(stat); got != want {
			t.Errorf("%q: %v", stat, got)
		}
	}
	if stat, err := os.ReadFile("/proc/self/stat"); err != nil || kernelThread(string(stat)) {
		t.Errorf("this process: %v, %q", err, stat)
	}
}

// TestHasEnded looks at a process that runs, and at one that does no longer.
func TestHasEnded(t *testing.T) {
	if err := hasEnded(os.Getpid()); err != nil {
		t.Error(err)
	}
	if err := hasEnded(1 << 30); !errors.Is(err, ErrNoProcess) || !strings.Contains(err.Error(), "it has just ended") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Name:\tx\nNSpid:\t1\n")
	f.Add("0: 00000002 00000000 00010000 0001 01 1 /a/1-2-3.sock\n")
	f.Fuzz(func(t *testing.T, text string) {
		parseStatus(text)
		for _, l := range parseUnix(text) {
			if l.path == "" || l.path[0] != '/' || l.name.PID <= 0 {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestLinks(t *testing.T) {
	testenv.Need(t, testenv.Native)
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for function, want := range map[string]bool{
		"github.com/gkhi/gkhi/internal/control/client.newClient": true,
		"github.com/gkhi/gkhi/internal/control/client.newClien":  false,
		"github.com/gkhi/gkhi.Serve":                             false,
	} {
		if linked, known := links(f, function); linked != want || !known {
			t.Errorf("%s: linked %v, known %v", function, linked, known)
		}
	}
}

// Programs of gkhi build don't say which main package they are of; their files do.
func TestMainOf(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Path == "" {
		t.Fatal("this test has no build information")
	}
	if got := mainOf(Process{PID: os.Getpid()}); got != info.Path && testenv.Met(testenv.Native) {
		t.Errorf("%q, want %q", got, info.Path)
	}
	if got := mainOf(Process{PID: 1 << 30}) + mainOf(Process{}); got != "" {
		t.Errorf("a process that can't be is of %q", got)
	}
}
