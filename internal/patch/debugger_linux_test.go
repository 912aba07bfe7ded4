package patch

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// A debugger is one that was told to attach.
type debugger struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

// attach starts a debugger; ready is what it prints once it waits for commands.
func attach(t *testing.T, cmd *exec.Cmd, ready string) *debugger {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	d := &debugger{t, in, bufio.NewScanner(out)}
	d.await(ready)
	return d
}

// await reads until a line contains the text.
func (d *debugger) await(text string) {
	d.t.Helper()
	var log []string
	for d.out.Scan() {
		if strings.Contains(d.out.Text(), text) {
			return
		}
		log = append(log, d.out.Text())
	}
	d.t.Fatalf("the debugger never said %q:\n%s", text, strings.Join(log, "\n"))
}

// TestDebugger arms and disarms while a debugger is attached: one that came before
// the first patch, and one that came after.
func TestDebugger(t *testing.T) {
	gdb := func(pid int, breaks ...uint64) (*exec.Cmd, string) {
		// The program goes on in the background, gdb reads commands.
		args := []string{"-q", "-nx", "-batch-silent", "-p", strconv.Itoa(pid), "-ex", "set confirm off", "-ex", "handle SIGURG nostop noprint pass",
			"-ex", `python exec("class Pass(gdb.Breakpoint):\n def stop(self): return False")`}
		for _, at := range breaks {
			args = append(args, "-ex", fmt.Sprintf(`python Pass("*%d")`, at))
		}
		return exec.Command("gdb", append(args, "-ex", "python import sys; sys.stderr.write('ready\\n')", "-ex", "continue")...), "ready"
	}
	dlv := func(pid int, _ ...uint64) (*exec.Cmd, string) {
		return exec.Command("dlv", "attach", "--headless", "--continue", "--accept-multiclient",
			"--listen=127.0.0.1:0", strconv.Itoa(pid)), "API server listening"
	}
	for _, tt := range []struct {
		tool string
		cmd  func(pid int, breaks ...uint64) (*exec.Cmd, string)
	}{{"gdb", gdb}, {"dlv", dlv}} {
		t.Run(tt.tool, func(t *testing.T) {
			testenv.Need(t, append(slices.Clone(patchable), testenv.NotShort, testenv.Native, testenv.Tool(tt.tool))...)
			prog := testenv.Build(t, "./testdata/subject")
			t.Run("before", func(t *testing.T) { debugged(t, prog, tt.cmd, false) })
			t.Run("after", func(t *testing.T) { debugged(t, prog, tt.cmd, true) })
			t.Run("flagged", func(t *testing.T) { debuggedFlagged(t, prog, tt.cmd, false) })
			if tt.tool == "gdb" {
				t.Run("flagged, with breakpoints", func(t *testing.T) { debuggedFlagged(t, prog, tt.cmd, true) })
			}
		})
	}
}

func debugged(t *testing.T, prog string, tool func(int, ...uint64) (*exec.Cmd, string), patched bool) {
	s := converse(t, testenv.Command(t, prog))
	expect := func(word string, calls, hits uint64, problem string) {
		t.Helper()
		a := s.do(word)
		if a.Calls != calls || a.Hits != hits {
			t.Errorf("%s: %d calls and %d hits, want %d and %d", word, a.Calls, a.Hits, calls, hits)
		}
		if !strings.Contains(a.Error, problem) || problem == "" && a.Error != "" {
			t.Errorf("%s: error %q, want %q", word, a.Error, problem)
		}
	}
	if patched {
		expect("prepare", 0, 0, "")
	}
	cmd, ready := tool(s.pid)
	attach(t, cmd, ready)
	waitTraced(t, s.pid, true)

	const why = "a debugger or tracer (pid"
	for range 3 {
		expect("arm", 0, 0, "")
		expect("run", 100, 0, "")
		expect("disarm", 0, 0, "")
		expect("run", 0, 0, "")
	}
	expect("armpoint", 0, 0, why)
	a := s.do("status")
	if patched && a.Mode != "patched" || !patched && !strings.Contains(a.Reason, why) {
		t.Errorf("with a debugger: %s", a.Status)
	}

	_ = cmd.Process.Kill() // the kernel detaches it
	_ = cmd.Wait()
	waitTraced(t, s.pid, false)
	// A debugger that is killed may leave the process stopped, by the signal with which it stopped it for itself.
	if err := syscall.Kill(s.pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	expect("arm", 0, 0, "")
	expect("armpoint", 0, 0, "")
	expect("run", 100, 100, "")
	expect("disarm", 0, 0, "")
	expect("disarmpoint", 0, 0, "")
	expect("run", 0, 0, "")
	if a := s.do("status"); a.Status != "patched 6 of 6 sites through /proc/self/mem" {
		t.Errorf("when the debugger had left: %s", a.Status)
	}
}

// debuggedFlagged attaches a debugger when a hook's sites are back at their flag: they stay there until it leaves. Breaks says
// that it puts breakpoints on their branches; if it were killed these would stay.
func debuggedFlagged(t *testing.T, prog string, tool func(int, ...uint64) (*exec.Cmd, string), breaks bool) {
	s := converse(t, testenv.Command(t, prog))
	toggle := func(state string) {
		t.Helper()
		for _, w := range []struct {
			word  string
			calls uint64
		}{{"arm", 0}, {"run", 100}, {"disarm", 0}, {"run", 0}} {
			if a := s.do(w.word); a.Calls != w.calls || a.Error != "" || a.Sites[0].State != state && w.word == "run" && w.calls == 0 {
				t.Errorf("%s: %d calls, error %q, %+v", w.word, a.Calls, a.Error, a.Sites[0])
			}
		}
	}
	s.do("prepare")
	s.do("limit")
	toggle("flagged")
	var branches []uint64
	for _, site := range s.do("status").Sites {
		if breaks && site.State == "flagged" {
			branches = append(branches, site.Addr+7)
		}
	}
	cmd, ready := tool(s.pid, branches...)
	attach(t, cmd, ready)
	waitTraced(t, s.pid, true)
	toggle("flagged")
	s.do("nolimit")
	toggle("flagged")
	if breaks {
		if a := s.do("status"); a.Status != fmt.Sprintf("patched 1 of 6 sites through /proc/self/mem (5 toggled too often) (%d changed by somebody else)", len(branches)) {
			t.Errorf("with %d breakpoints: %s", len(branches), a.Status)
		}
		return
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	waitTraced(t, s.pid, false)
	if err := syscall.Kill(s.pid, syscall.SIGCONT); err != nil { // see debugged
		t.Fatal(err)
	}
	s.do("nolimit")
	toggle("dormant")
}
