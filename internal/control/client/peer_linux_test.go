package client_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/testenv"
)

// peerSpec says how the other process is to be; see testdata/peer.
type peerSpec struct {
	args []string
	env  []string
	exe  string // a copy of the program; default: the program
	attr *syscall.SysProcAttr
}

type peer struct {
	*exec.Cmd
	in   io.WriteCloser
	said string // its first line
}

// program builds the other process. It is static, to run in another root directory.
func program(t *testing.T) string {
	t.Helper()
	testenv.Need(t, testenv.Native) // the kernel shows an emulator's own start and executable
	return testenv.BuildWith(t, testenv.BuildSpec{Pkg: "./testdata/peer", Env: []string{"CGO_ENABLED=0"}})
}

// start runs the other process and waits for its first line.
func start(t *testing.T, spec peerSpec) *peer {
	t.Helper()
	if spec.exe == "" {
		spec.exe = program(t)
	}
	p := &peer{Cmd: testenv.Command(t, spec.exe, spec.args...)}
	p.Env = append(os.Environ(), spec.env...)
	p.SysProcAttr = spec.attr
	p.Stderr = os.Stderr
	var err error
	if p.in, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		if spec.attr != nil && errors.Is(err, syscall.EPERM) {
			t.Skipf("needs to start a process with another root, user or pid namespace: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill(); p.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the other process said nothing: %v", err)
	}
	p.said = strings.TrimSuffix(line, "\n")
	return p
}

// serving starts a server in a directory of its own.
func serving(t *testing.T, copies int) (p *peer, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "s")
	p = start(t, peerSpec{args: []string{"serve", fmt.Sprint(copies)}, env: []string{"GKHI_SOCKET_DIR=" + dir}})
	if p.said != "ready" {
		t.Fatal(p.said)
	}
	return p, dir
}

func (p *peer) pid() int { return p.Process.Pid }

// works dials target and uses the connection.
func works(t *testing.T, target string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), target)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	t.Cleanup(func() { c.Close() })
	if hooks, err := c.Hooks(t.Context()); err != nil || len(hooks) != 1 || hooks[0].Name != "peer.hook" {
		t.Errorf("%s: %+v, %v", target, hooks, err)
	}
	return c
}

// The command has another environment than the service, and finds it all the same.
func TestFindByPID(t *testing.T) {
	p, _ := serving(t, 1)
	c := works(t, fmt.Sprint(p.pid()))
	got := c.Process()
	if got.PID != p.pid() || got.Name != "peer" || got.UID != os.Geteuid() || got.Start.IsZero() || got.Hello.PID != p.pid() || got.Exe != p.Path {
		t.Errorf("%+v", got)
	}
	if age := time.Since(time.Unix(0, got.Hello.Start)); age < -time.Second || age > controltest.Patience {
		t.Errorf("it says that it started %v ago", age)
	}
}

func TestFindByName(t *testing.T) {
	exe := filepath.Join(t.TempDir(), fmt.Sprintf("gkhi-peer-with-a-long-name-%d", os.Getpid()))
	copyFile(t, program(t), exe)
	name := filepath.Base(exe)
	run := func() *peer {
		return start(t, peerSpec{exe: exe, args: []string{"serve", "1"}, env: []string{"GKHI_SOCKET_DIR=" + filepath.Join(t.TempDir(), "s")}})
	}
	_, err := client.Dial(t.Context(), name)
	if !errors.Is(err, client.ErrNoProcess) {
		t.Errorf("before it runs: %v", err)
	}
	one := run()
	works(t, name)
	two := run()
	_, err = client.Dial(t.Context(), name)
	var terr *client.TargetError
	if !errors.Is(err, client.ErrAmbiguous) || !errors.As(err, &terr) || len(terr.Candidates) != 2 {
		t.Fatalf("two of them: %v", err)
	}
	for _, p := range []*peer{one, two} {
		if !strings.Contains(err.Error(), fmt.Sprint(p.pid())) {
			t.Errorf("%q does not list %d", err, p.pid())
		}
	}
	// A name that nothing has, but nearly.
	if _, err = client.Dial(t.Context(), name+"x"); !errors.Is(err, client.ErrNoProcess) {
		t.Errorf("another name: %v", err)
	}
}

func TestList(t *testing.T) {
	one, _ := serving(t, 1)
	two, _ := serving(t, 2)
	all, err := client.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range all {
		if p.PID == one.pid() || p.PID == two.pid() {
			if p.Err != nil || p.Hello == nil {
				t.Errorf("%+v", p)
			}
			got = append(got, p.Target())
		}
	}
	want := []string{fmt.Sprint(one.pid()), fmt.Sprintf("%d/0", two.pid()), fmt.Sprintf("%d/1", two.pid())}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

func TestCopies(t *testing.T) {
	p, _ := serving(t, 2)
	_, err := client.Dial(t.Context(), fmt.Sprint(p.pid()))
	var terr *client.TargetError
	if !errors.Is(err, client.ErrAmbiguous) || !errors.As(err, &terr) || len(terr.Candidates) != 2 {
		t.Fatalf("without a copy: %v", err)
	}
	for i, candidate := range terr.Candidates {
		c := works(t, candidate.Target())
		if c.Hello().Copy != i {
			t.Errorf("copy %d answers for %d", c.Hello().Copy, i)
		}
	}
	if _, err := client.Dial(t.Context(), fmt.Sprintf("%d/2", p.pid())); !errors.Is(err, client.ErrNotHooked) {
		t.Errorf("a copy too many: %v", err)
	}
}

func TestFindByThread(t *testing.T) {
	p, _ := serving(t, 1)
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.pid()))
	if err != nil {
		t.Fatal(err)
	}
	c := works(t, threads[len(threads)-1].Name())
	if c.Process().PID != p.pid() {
		t.Errorf("%+v", c.Process())
	}
}

// The kernel's table has no use for a path that is too long for a socket's address; the directory has.
func TestFindByLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 110))
	p := start(t, peerSpec{args: []string{"serve", "1"}, env: []string{"GKHI_SOCKET_DIR=" + dir}})
	if p.said != "ready" {
		t.Fatal(p.said)
	}
	t.Setenv("GKHI_SOCKET_DIR", dir)
	works(t, fmt.Sprint(p.pid()))
	all, err := client.List(t.Context())
	if err != nil || !slices.ContainsFunc(all, func(l client.Process) bool { return l.PID == p.pid() && l.Err == nil }) {
		t.Errorf("it is not in the list %+v, %v", all, err)
	}
}

// A container: another root directory, its own pid namespace, and no /proc in it.
func TestFindInContainer(t *testing.T) {
	testenv.Need(t, testenv.Root)
	root := t.TempDir()
	copyFile(t, program(t), filepath.Join(root, "peer"))
	if err := os.MkdirAll(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := start(t, peerSpec{
		exe: "/peer", args: []string{"serve", "1"}, env: []string{"GKHI_SOCKET_DIR=/run/gkhi"},
		attr: &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET},
	})
	if p.said != "ready" {
		t.Fatal(p.said)
	}
	c := works(t, fmt.Sprint(p.pid()))
	if c.Hello().PID != 1 || c.Process().PID != p.pid() {
		t.Errorf("it calls itself %d, we call it %d, want 1 and %d", c.Hello().PID, c.Process().PID, p.pid())
	}
	if want := fmt.Sprintf("/proc/%d/root/run/gkhi/", p.pid()); !strings.HasPrefix(c.Process().Socket(), want) {
		t.Errorf("socket %s, want it below %s", c.Process().Socket(), want)
	}
	all, err := client.List(t.Context())
	if err != nil || !slices.ContainsFunc(all, func(l client.Process) bool { return l.PID == p.pid() && l.Err == nil }) {
		t.Errorf("it is not in the list %+v, %v", all, err)
	}
}

// The name of a socket lies about who listens; the kernel does not.
func TestWrongPeer(t *testing.T) {
	p, dir := serving(t, 1)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	mine := must[client.Process](t)(client.Resolve(t.Context(), fmt.Sprint(p.pid())))
	other, otherDir := serving(t, 1)
	// The other process's socket in the place of the first one's.
	theirs, err := os.ReadDir(otherDir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(otherDir, theirs[0].Name()), filepath.Join(dir, entries[0].Name())); err != nil {
		t.Fatal(err)
	}
	_, err = mine.Dial(t.Context())
	if !errors.Is(err, client.ErrWrongPeer) || !strings.Contains(err.Error(), fmt.Sprintf("process %d listens", other.pid())) {
		t.Error(err)
	}
}

func TestEnded(t *testing.T) {
	p, _ := serving(t, 1)
	c := works(t, fmt.Sprint(p.pid()))
	tr := must[*client.Trace](t)(c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"*"}}))
	p.Process.Kill()
	p.Wait()
	var last error
	for _, err := range tr.Events() {
		last = err
	}
	if !errors.Is(last, client.ErrBroken) || !strings.Contains(last.Error(), "the process has ended") {
		t.Error(last)
	}
	if _, err := client.Dial(t.Context(), fmt.Sprint(p.pid())); !errors.Is(err, client.ErrNoProcess) {
		t.Error(err)
	}
}

// A client that is killed leaves the process as it was.
func TestKilledClient(t *testing.T) {
	target := controltest.New("a")
	s, err := control.Serve(target, control.Options{Dir: filepath.Join(t.TempDir(), "s")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := start(t, peerSpec{args: []string{"client", fmt.Sprint(os.Getpid())}})
	if p.said != "ready" || target.Left() == "" || !target.Armed("a") {
		t.Fatalf("said %q, left %q", p.said, target.Left())
	}
	p.Process.Kill()
	until(t, "all is undone", func() bool { return target.Left() == "" })
	if target.Armed("a") {
		t.Error("its handler is still armed")
	}
}

func TestOtherUser(t *testing.T) {
	testenv.Need(t, testenv.Root)
	server, dir := serving(t, 1)
	// The program where anybody may run it.
	for d := os.TempDir(); d != "/"; d = filepath.Dir(d) {
		if fi, err := os.Stat(d); err != nil || fi.Mode()&0o001 == 0 {
			t.Skipf("needs a temporary folder that other users may enter: %s is closed to them", d)
		}
	}
	open := t.TempDir()
	for d := open; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	exe := filepath.Join(open, "peer")
	copyFile(t, program(t), exe)
	nobody := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}

	p := start(t, peerSpec{exe: exe, args: []string{"client", fmt.Sprint(server.pid())}, attr: nobody})
	for _, part := range []string{"no permission", "it belongs to user 0, you are user 54321", "as root"} {
		if !strings.Contains(p.said, part) {
			t.Errorf("%q does not say %q", p.said, part)
		}
	}
	// Root gets at everybody's.
	theirs := filepath.Join(open, "theirs")
	if err := os.Mkdir(theirs, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(theirs, 54321, 54321); err != nil {
		t.Fatal(err)
	}
	p = start(t, peerSpec{exe: exe, args: []string{"serve", "1"}, env: []string{"GKHI_SOCKET_DIR=" + theirs}, attr: nobody})
	if p.said != "ready" {
		t.Fatal(p.said)
	}
	works(t, fmt.Sprint(p.pid()))

	// Were it not for the directory's mode, the server would refuse.
	for _, path := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, entries[0].Name())
	if err := os.Chmod(socket, 0o777); err != nil {
		t.Fatal(err)
	}
	p = start(t, peerSpec{exe: exe, args: []string{"socket", socket}, attr: nobody})
	if want := "talks to user 0 and to root only; you are user 54321"; !strings.Contains(p.said, want) {
		t.Errorf("%q does not say %q", p.said, want)
	}
}

func TestWhyNot(t *testing.T) {
	neither := start(t, peerSpec{args: []string{"neither"}})
	off := start(t, peerSpec{args: []string{"neither"}, env: []string{"GKHI_SERVE=off"}})
	sleep := exec.CommandContext(t.Context(), "sleep", "1000")
	zombie := exec.CommandContext(t.Context(), "true")
	for _, cmd := range []*exec.Cmd{sleep, zombie} {
		if err := cmd.Start(); err != nil {
			t.Skip(err)
		}
		defer func() { cmd.Process.Kill(); cmd.Wait() }()
	}
	until(t, "a zombie", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", zombie.Process.Pid))
		return err == nil && strings.Contains(string(stat), ") Z ")
	})
	for name, tt := range map[string]struct {
		pid   int
		is    error
		parts []string
	}{
		"library, no Serve": {neither.pid(), client.ErrNotHooked, []string{"nothing in it calls gkhi.Serve", "call gkhi.Serve"}},
		"switched off":      {off.pid(), client.ErrNotHooked, []string{"GKHI_SERVE=off"}},
		"not Go":            {sleep.Process.Pid, client.ErrNotHooked, []string{"no Go program"}},
		"zombie":            {zombie.Process.Pid, client.ErrNoProcess, []string{"has ended"}},
		"nobody":            {1 << 30, client.ErrNoProcess, nil},
	} {
		_, err := client.Dial(t.Context(), fmt.Sprint(tt.pid))
		if !errors.Is(err, tt.is) {
			t.Errorf("%s: %v, want %v", name, err, tt.is)
			continue
		}
		for _, part := range tt.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", name, err, part)
			}
		}
	}
}

func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if err := controltest.Until(cond); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o755); err != nil {
		t.Fatal(err)
	}
}
