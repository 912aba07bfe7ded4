//go:build unix

package sockdir

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/testenv"
)

// helperEnv names the directory in which this test binary listens instead of testing.
const helperEnv = "GKHI_TEST_LISTEN"

// helpers are more that this test binary does instead of testing, by the environment variable that asks for it.
var helpers = map[string]func(){}

func TestMain(m *testing.M) {
	for env, help := range helpers {
		if os.Getenv(env) != "" {
			help()
			return
		}
	}
	if dir := os.Getenv(helperEnv); dir != "" {
		l, err := Listen(dir)
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(l.Path + "\n")
		io.Copy(io.Discard, os.Stdin)
		return // as a process ends that was killed: the socket stays
	}
	testenv.Main(m)
}

// newDir makes a socket directory.
func newDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "s")
	if err := Make(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// listenElsewhere has another process listen in dir until end is called.
func listenElsewhere(t *testing.T, dir string) (path string, end func()) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := testenv.Command(t, exe)
	cmd.Env = append(os.Environ(), helperEnv+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\n"), func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the other process: %v", err)
		}
	}
}

// age makes a file old enough to be stale.
func age(t *testing.T, path string) {
	t.Helper()
	old := time.Now().Add(-2 * graceTime)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

func clean(t *testing.T, dir string) []string {
	t.Helper()
	removed, err := Clean(dir)
	if err != nil {
		t.Fatal(err)
	}
	return removed
}

func TestClean(t *testing.T) {
	dir := newDir(t)
	path, end := listenElsewhere(t, dir)
	age(t, path)
	if removed := clean(t, dir); len(removed) != 0 {
		t.Errorf("removed %q, on which a live process listens", removed)
	}
	end()
	young := time.Now()
	if err := os.Chtimes(path, young, young); err != nil {
		t.Fatal(err)
	}
	if removed := clean(t, dir); len(removed) != 0 {
		t.Errorf("removed %q, which is young", removed)
	}
	age(t, path)
	if removed := clean(t, dir); !slices.Equal(removed, []string{path}) {
		t.Errorf("removed %q, want %s", removed, path)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("it is still there")
	}
}

// A socket whose pid belongs to another process now is stale; one on which somebody listens is not, whatever its name
// says: the process may be of another pid namespace.
func TestCleanGoesByListening(t *testing.T) {
	dir := newDir(t)
	start, _ := self.StartTicks(os.Getpid())
	if !testenv.Met(testenv.Native) {
		start = 0 // an emulator answers differently each time
	}
	live := filepath.Join(dir, Name{PID: 1 << 30, Start: 5}.String())
	l, err := net.Listen("unix", live)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	leftAs := func(n Name) string {
		path := filepath.Join(dir, n.String())
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
		return path
	}
	mine := leftAs(Name{PID: os.Getpid(), Start: start, Copy: 9})
	other := leftAs(Name{PID: 1 << 30, Start: 6})
	notSocket := filepath.Join(dir, Name{PID: 1 << 30, Start: 7}.String())
	stranger := filepath.Join(dir, "notes.txt")
	for _, path := range []string{notSocket, stranger} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{other}
	if start != 0 { // where starts are known, a pid is not taken for another process's
		want = append(want, leftAs(Name{PID: os.Getpid(), Start: start + 1}))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		age(t, filepath.Join(dir, e.Name()))
	}
	got := clean(t, dir)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("removed %q, want %q", got, want)
	}
	for _, path := range []string{live, mine, notSocket, stranger} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestCleanRefusesForeignDirectory(t *testing.T) {
	dir := newDir(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if removed, err := Clean(dir); err == nil {
		t.Errorf("removed %q from a directory that anybody can write to", removed)
	}
	if removed, err := Clean(filepath.Join(dir, "absent")); err != nil || removed != nil {
		t.Errorf("absent: %q, %v", removed, err)
	}
}

func TestListen(t *testing.T) {
	dir := newDir(t)
	one, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if one.Name.Copy != 0 || two.Name.Copy != 1 || one.Name.PID != os.Getpid() {
		t.Errorf("names %v and %v", one.Name, two.Name)
	}
	if info, err := os.Stat(one.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, err := Entries(dir)
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	// An emulator tells a process another time at which it started than the kernel tells others, by a tick now and then.
	dead := err == nil && len(entries) > 0 && entries[0].Dead() && len(testenv.Emulator()) == 0
	if err != nil || len(entries) != 2 || entries[1].Name != two.Name || entries[1].Path != two.Path || dead {
		t.Errorf("entries %+v, %v", entries, err)
	}
	if err := one.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(one.Path); err == nil {
		t.Error("the socket is left")
	}
	// Its number is free again, and closing the first once more does not hit the new one.
	three, err := Listen(dir)
	if err != nil || three.Name != one.Name {
		t.Fatalf("%v, %v", three, err)
	}
	defer three.Close()
	one.Close()
	if _, err := os.Lstat(three.Path); err != nil {
		t.Error(err)
	}
}

// A process that calls exec leaves a socket with its own name.
func TestListenAfterExec(t *testing.T) {
	dir := newDir(t)
	before, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	before.unix.Close()
	young, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if young.Name.Copy != 1 {
		t.Errorf("a socket that may be about to listen was taken over: %v", young.Name)
	}
	young.Close()
	age(t, before.Path)
	after, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	if after.Name != before.Name {
		t.Errorf("listens as %v, want %v", after.Name, before.Name)
	}
}

func TestTooManyCopies(t *testing.T) {
	dir := newDir(t)
	for range MaxCopies {
		l, err := Listen(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	if l, err := Listen(dir); err == nil {
		l.Close()
		t.Error("one more")
	} else if !strings.Contains(err.Error(), "64 copies") {
		t.Error(err)
	}
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := Make(dir); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(dir)
	if err != nil {
		if !testenv.Met(testenv.Linux) && strings.Contains(err.Error(), EnvDir) {
			return // says what to do
		}
		t.Fatal(err)
	}
	defer l.Close()
	dial := func() error {
		t.Helper()
		short, release, err := Short(dir, l.Name.String())
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		conn, err := net.Dial("unix", short)
		if err == nil {
			conn.Close()
		}
		return err
	}
	if err := dial(); err != nil {
		t.Error(err)
	}
	age(t, l.Path)
	if isRefused(l.Path) {
		t.Error("a socket on which somebody listens is said to be stale")
	}
	l.unix.Close() // as a process ends that was killed
	if err := dial(); !Refused(err) {
		t.Errorf("%v, want a refusal", err)
	}
	if !isRefused(l.Path) {
		t.Error("a socket on which nobody listens is not said to be stale")
	}
}

func TestAlive(t *testing.T) {
	if !Alive(os.Getpid()) || !Alive(1) {
		t.Error("this process, or the first, is not alive")
	}
	if Alive(1 << 30) {
		t.Error("a process that can't be is alive")
	}
}

func TestRefused(t *testing.T) {
	if Refused(nil) || Refused(syscall.ENOENT) || !Refused(&net.OpError{Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}) {
		t.Error("a refusal is not told from something else")
	}
}
