package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/testenv"
)

// These tests run the gkhi binary against testdata/hooked, a real process, and ask that process itself what became of it.

// A hooked is a running testdata/hooked.
type hooked struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	gkhi  string // the command
	file  string // the program's own
	name  string // of the process
	pid   string
	env   []string
	ended sync.Once
}

func startHooked(t *testing.T) *hooked {
	t.Helper()
	// Processes are found by name, and ended by signals.
	testenv.Need(t, testenv.OS("linux", "darwin", "freebsd"))
	h := &hooked{t: t, gkhi: testenv.Build(t, "github.com/gkhi/gkhi/cmd/gkhi")}
	built := testenv.Build(t, "./testdata/hooked")
	dir := t.TempDir()
	// The name is this test's own: other tests on this machine may run the same program.
	h.name = fmt.Sprintf("hk%d-%d", os.Getpid()%100000, time.Now().UnixNano()%100000)
	h.file = filepath.Join(dir, h.name)
	if err := os.Link(built, h.file); err != nil {
		t.Fatal(err)
	}
	h.env = append(os.Environ(), "GKHI_SOCKET_DIR="+filepath.Join(dir, "s"), "NO_COLOR=1")
	h.cmd = testenv.Command(t, h.file)
	h.cmd.Env, h.cmd.Stderr = h.env, os.Stderr
	var err error
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.out = bufio.NewReader(out)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.end)
	if line, err := h.out.ReadString('\n'); line != "ready\n" {
		t.Fatalf("the program said %q: %v", line, err)
	}
	h.pid = fmt.Sprint(h.cmd.Process.Pid)
	return h
}

func (h *hooked) end() {
	h.ended.Do(func() {
		h.in.Close()
		h.cmd.Wait()
	})
}

// A look is what the process says of itself.
type look struct {
	Armed, Failpoints []string
	Failures          uint64
}

func (h *hooked) look() (s look) {
	h.t.Helper()
	if _, err := io.WriteString(h.in, "\n"); err != nil {
		h.t.Fatal(err)
	}
	line, err := h.out.ReadString('\n')
	if err != nil {
		h.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(line), &s); err != nil {
		h.t.Fatalf("%q: %v", line, err)
	}
	return s
}

// dormant is what the process says when nobody does anything to it.
var dormant = []string{"app.tick/own"}

// patience bounds waits for what must happen at some time.
const patience = 30 * time.Second

// eventually waits until the process says what is wanted.
func (h *hooked) eventually(what string, ok func(look) bool) {
	h.t.Helper()
	var s look
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if s = h.look(); ok(s) {
			return
		}
	}
	h.t.Errorf("%s: after %v it is %+v", what, patience, s)
}

func (h *hooked) untouched(after string) {
	h.t.Helper()
	h.eventually("left as before after "+after, func(s look) bool {
		return slices.Equal(s.Armed, dormant) && len(s.Failpoints) == 0
	})
}

// command prepares a gkhi command.
func (h *hooked) command(args ...string) *exec.Cmd {
	cmd := testenv.Command(h.t, h.gkhi, args...)
	cmd.Env = h.env
	return cmd
}

// run runs a gkhi command to its end and checks the exit code.
func (h *hooked) run(code int, args ...string) (stdout, stderr string) {
	h.t.Helper()
	cmd := h.command(args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	cmd.Run() // the code says it
	if got := cmd.ProcessState.ExitCode(); got != code {
		h.t.Errorf("gkhi %q: exit code %d, want %d\n%s%s", args, got, code, out.String(), errOut.String())
	}
	return out.String(), errOut.String()
}

// A background is a gkhi command that runs.
type background struct {
	cmd    *exec.Cmd
	first  string // line of standard output
	errOut bytes.Buffer
	rest   chan string // all that comes after first, once the command has ended
}

// background starts a gkhi command and waits for the first line that it prints.
func (h *hooked) background(args ...string) *background {
	h.t.Helper()
	b := &background{cmd: h.command(args...), rest: make(chan string, 1)}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	b.cmd.Stderr = &b.errOut
	if err := b.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	r := bufio.NewReader(out)
	if b.first, err = r.ReadString('\n'); err != nil {
		b.cmd.Wait()
		h.t.Fatalf("gkhi %q printed %q, and then %v\n%s", args, b.first, err, b.errOut.String())
	}
	go func() {
		rest, _ := io.ReadAll(r) // what there is when the command is killed
		b.rest <- string(rest)
	}()
	return b
}

// stop sends a signal and returns the exit code and the rest of the output.
func (b *background) stop(t *testing.T, sig os.Signal) (code int, rest string) {
	t.Helper()
	if err := b.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	return b.wait()
}

func (b *background) wait() (code int, rest string) {
	rest = <-b.rest
	b.cmd.Wait() // the code says it
	return b.cmd.ProcessState.ExitCode(), rest
}

// lastObject returns the last line of a command's output as JSON.
func lastObject(t *testing.T, out string) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var v map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	return v
}

func TestRealLook(t *testing.T) {
	h := startHooked(t)
	out, _ := h.run(0, "ls")
	if !strings.Contains(out, h.pid) {
		t.Errorf("ls does not list %s (%s):\n%s", h.name, h.pid, out)
	}
	targets := []string{h.pid}
	if testenv.Met(testenv.Native) { // else the process is the emulator's
		targets = append(targets, h.name, h.file)
	}
	for _, target := range targets {
		out, _ := h.run(0, "ls", target, "app.*")
		for _, want := range []string{"app.commit", "app.tick", "app.read", "a transaction was committed"} {
			if !strings.Contains(out, want) {
				t.Errorf("ls %s lacks %q:\n%s", target, want, out)
			}
		}
	}
	out, _ = h.run(0, "ls", h.pid, "-v")
	for _, want := range []string{"Took time.Duration", "main.go:", "audit  disarmed", "own  armed", "not for remote control"} {
		if !strings.Contains(out, want) {
			t.Errorf("ls -v lacks %q:\n%s", want, out)
		}
	}

	out, _ = h.run(0, "trace", h.pid, "app.commit", "-n", "5")
	if n := strings.Count(out, `Key="a key" Took=`); n != 5 {
		t.Errorf("trace -n 5 prints %d events:\n%s", n, out)
	}
	out, _ = h.run(0, "trace", h.pid, "app.*", "-n", "5", "-g", "--json")
	if end := lastObject(t, out); end["end"] != "max" || end["events"] != 5.0 {
		t.Errorf("trace ends with %v", end)
	}
	out, _ = h.run(0, "trace", h.pid, "app.commit", "-d", "100ms", "--json")
	if end := lastObject(t, out); end["end"] != "canceled" {
		t.Errorf("trace -d ends with %v", end)
	}

	out, _ = h.run(0, "stat", h.pid, "app.commit", "-d", "500ms", "-i", "50ms", "--json", "--hist")
	total := lastObject(t, out)
	calls, _ := total["calls"].(float64)
	if total["total"] != true || calls == 0 || total["p50"] == nil || total["buckets"] == nil {
		t.Errorf("stat ends with %v", total)
	}
	out, _ = h.run(0, "stat", h.pid, "app.tick", "-d", "300ms", "-i", "100ms")
	if !strings.Contains(out, "total") || !strings.Contains(out, "-  ") {
		t.Errorf("stat of a hook without a duration prints\n%s", out)
	}
	out, _ = h.run(0, "top", h.pid, "-n", "2", "-d", "50ms")
	if strings.Count(out, "FUNCTION") != 2 || strings.Count(out, "app.commit") != 2 {
		t.Errorf("top -n 2 prints\n%s", out)
	}
	h.untouched("trace, stat and top")

	out, _ = h.run(0, "doctor", h.pid)
	if !strings.Contains(out, "reached") || !strings.Contains(out, "sites") {
		t.Errorf("doctor prints\n%s", out)
	}
	out, _ = h.run(0, "__complete", "arm", h.pid, "")
	if !strings.Contains(out, "app.commit/audit") || strings.Contains(out, "app.tick/own") {
		t.Errorf("completion of handlers gives\n%s", out)
	}
}

func TestRealSteer(t *testing.T) {
	h := startHooked(t)
	armed := append([]string{"app.commit/audit"}, dormant...)
	h.run(0, "arm", h.pid, "app.commit/audit")
	if s := h.look(); !slices.Equal(s.Armed, armed) {
		t.Errorf("armed is %q after arm", s.Armed)
	}
	out, _ := h.run(0, "arm", h.pid, "*")
	if !strings.Contains(out, "already armed: app.commit/audit") || !strings.Contains(out, "left alone: app.tick/own") {
		t.Errorf("arm of what is armed prints %q", out)
	}
	h.run(0, "disarm", h.pid, "app.commit", "-d", "10ms")
	h.eventually("armed again", func(s look) bool { return slices.Equal(s.Armed, armed) })
	h.run(0, "disarm", h.pid, "app.commit")
	h.untouched("disarm")

	h.run(0, "fail", h.pid, "app.read", `return("disk full")`)
	h.eventually("failing", func(s look) bool {
		return s.Failures > 0 && slices.Equal(s.Failpoints, []string{`app.read=return("disk full")`})
	})
	out, _ = h.run(0, "fail", h.pid, "--json")
	if f := lastObject(t, out); f["name"] != "app.read" || f["calls"] == 0.0 {
		t.Errorf("fail lists %v", f)
	}
	h.run(0, "fail", h.pid, "app.read", "off")
	h.untouched("fail off")

	h.run(0, "fail", h.pid, "app.read", "pause")
	released := func() bool {
		out, _ := h.run(0, "fail", h.pid, "--release", "--json")
		return lastObject(t, out)["released"] == 1.0
	}
	for end := time.Now().Add(patience); !released(); {
		if time.Now().After(end) {
			t.Fatal("no caller was ever held")
		}
	}
	h.run(0, "fail", h.pid, "app.read", "off")
	h.untouched("fail --release")
}

// TestRealEnds ends commands that hold something in each way that there is. The process has to be as it was.
func TestRealEnds(t *testing.T) {
	h := startHooked(t)
	for _, tt := range []struct {
		name string
		args []string
		held func(look) bool
	}{
		{"trace", []string{"trace", h.pid, "app.commit"}, func(s look) bool { return len(s.Armed) == 2 }},
		{"stat", []string{"stat", h.pid, "app.*", "-i", "10ms"}, func(s look) bool { return len(s.Armed) == 4 }},
		{"top", []string{"top", h.pid, "app.*", "-d", "10ms"}, func(s look) bool { return len(s.Armed) == 4 }},
		{"arm", []string{"arm", h.pid, "app.commit/audit", "--hold"}, func(s look) bool { return len(s.Armed) == 2 }},
		{"fail", []string{"fail", h.pid, "app.read", "return", "--hold"}, func(s look) bool { return len(s.Failpoints) == 1 }},
		{"pause", []string{"fail", h.pid, "app.read", "pause", "--hold"}, func(s look) bool { return len(s.Failpoints) == 1 }},
	} {
		for sig, code := range map[syscall.Signal]int{syscall.SIGINT: 0, syscall.SIGTERM: 0, syscall.SIGHUP: 0, syscall.SIGKILL: -1} {
			t.Run(tt.name+"/"+sig.String(), func(t *testing.T) {
				b := h.background(tt.args...)
				h.eventually("held", tt.held)
				got, rest := b.stop(t, sig)
				if got != code {
					t.Errorf("exit code %d after %v, want %d\n%s%s", got, sig, code, rest, b.errOut.String())
				}
				if code == 0 && tt.name == "stat" && !strings.Contains(rest, "total") {
					t.Errorf("no summary in\n%s", rest)
				}
				if code == 0 && tt.name == "trace" && !strings.Contains(b.errOut.String(), "events in") {
					t.Errorf("no summary in\n%s", b.errOut.String())
				}
				h.untouched(sig.String())
			})
		}
	}
}

// A process that goes away ends a command, which says so.
func TestRealDeath(t *testing.T) {
	h := startHooked(t)
	b := h.background("trace", h.pid, "app.commit", "--json")
	hold := h.background("arm", h.pid, "app.commit/audit", "--hold")
	h.end()
	code, rest := b.wait()
	if end := lastObject(t, rest); code != 1 || end["end"] == nil || !strings.Contains(b.errOut.String(), "the connection broke") {
		t.Errorf("trace: exit code %d, %v\n%s", code, end, b.errOut.String())
	}
	if code, _ := hold.wait(); code != 1 {
		t.Errorf("arm --hold: exit code %d\n%s", code, hold.errOut.String())
	}
	_, errOut := h.run(1, "ls", h.pid) // h.end has waited for the process
	if !strings.Contains(errOut, "no such process") {
		t.Errorf("ls of a process that has ended says %q", errOut)
	}
	_, errOut = h.run(1, "ls", h.file)
	if !strings.Contains(errOut, "no hooked process runs it") {
		t.Errorf("ls of a file that nobody runs says %q", errOut)
	}
}

func TestRealRefusals(t *testing.T) {
	h := startHooked(t)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"trace", h.pid, "app.comit"}, `did you mean "app.commit"?`},
		{[]string{"arm", h.pid, "app.commit/audti"}, "did you mean"},
		{[]string{"arm", h.pid, "app.tick/own"}, "keeps"},
		{[]string{"fail", h.pid, "app.raed", "off"}, `did you mean "app.read"?`},
		{[]string{"fail", h.pid, "app.read", "explode"}, "explode"},
		{[]string{"fail", h.pid, "app.commit", "panic"}, "decision"},
		{[]string{"ls", fmt.Sprint(os.Getpid())}, "not a process that gkhi can talk to"},
		{[]string{"ls", "kernel"}, "later version"},
	} {
		_, errOut := h.run(1, tt.args...)
		if !strings.Contains(errOut, tt.want) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("gkhi %q says %q, want a line with %q", tt.args, errOut, tt.want)
		}
	}
	h.untouched("refusals")
}
