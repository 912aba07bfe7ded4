package gobuild_test

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/testenv"
)

// A liveProgram is the program of testdata/live, built with points, as it runs.
type liveProgram struct {
	t         *testing.T
	gkhi, exe string
	sockets   string
	pid       int
	in        io.Writer
	out       *bufio.Scanner
}

// buildLive builds the program with more flags.
func buildLive(t *testing.T, flags ...string) *liveProgram {
	t.Helper()
	needBuilds(t)
	p := &liveProgram{t: t, gkhi: testenv.Build(t, "github.com/gkhi/gkhi/cmd/gkhi"), exe: filepath.Join(t.TempDir(), "live"), sockets: filepath.Join(t.TempDir(), "s")}
	cmd := testenv.Command(t, p.gkhi, append(append([]string{"build", "-o", p.exe}, flags...), ".")...)
	cmd.Dir = "testdata/live"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return p
}

// start runs it.
func (p *liveProgram) start() *liveProgram {
	p.t.Helper()
	cmd := exec.Command(p.exe) // it ends with its input, in the cleanup below
	cmd.Env = append(cmd.Environ(), "GKHI_SOCKET_DIR="+p.sockets)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err1 != nil || err2 != nil {
		p.t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.pid, p.in, p.out = cmd.Process.Pid, in, bufio.NewScanner(out)
	p.t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			p.t.Errorf("the program ended badly: %v", err)
		}
	})
	p.answer("ready")
	return p
}

func (p *liveProgram) answer(want string) {
	p.t.Helper()
	if !p.out.Scan() || p.out.Text() != want {
		p.t.Fatalf("the program says %q, %v; want %q", p.out.Text(), p.out.Err(), want)
	}
}

func (p *liveProgram) do(what string) {
	p.t.Helper()
	fmt.Fprintln(p.in, what)
	p.answer("done")
}

// command makes a gkhi command on the program.
func (p *liveProgram) command(name string, args ...string) *exec.Cmd {
	cmd := testenv.Command(p.t, p.gkhi, append([]string{name, strconv.Itoa(p.pid)}, args...)...)
	cmd.Env = append(cmd.Environ(), "GKHI_SOCKET_DIR="+p.sockets)
	return cmd
}

// watch runs a gkhi command that watches, calls do when it has begun, ends it and returns its output.
func (p *liveProgram) watch(do func(), name string, args ...string) []byte {
	p.t.Helper()
	cmd := p.command(name, args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	messages, err := cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(messages)
	if !lines.Scan() || !strings.Contains(lines.Text(), "Ctrl-C ends it") {
		p.t.Fatalf("gkhi %s says %q", name, lines.Text())
	}
	do()
	cmd.Process.Signal(os.Interrupt) //nolint:errcheck // it would show below
	for lines.Scan() {
	}
	cmd.Wait() //nolint:errcheck // trace ends with 130
	return out.Bytes()
}

// armed returns the functions that are not dormant.
func (p *liveProgram) armed() (names []string) {
	p.t.Helper()
	out, err := p.command("ls", "--json", "*").Output()
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range bytes.Lines(out) {
		var h struct{ Name, State string }
		if err := json.Unmarshal(line, &h); err != nil {
			p.t.Fatal(err)
		}
		if h.State != "dormant" {
			names = append(names, h.Name)
		}
	}
	return names
}

// TestStat counts calls on many goroutines: exactly, whatever the way they end.
func TestStat(t *testing.T) {
	for _, flags := range [][]string{nil, {"-buildmode=pie"}, {"-ldflags=-s -w", "-trimpath"}, {"-race"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			if len(flags) > 0 && flags[0] == "-race" && cgoOff(t) {
				t.Skip("needs a C compiler for cgo")
			}
			p := buildLive(t, flags...).start()
			out := p.watch(func() { p.do("calls") }, "stat", "--json", "-i", "1m", "main.*")
			type row struct {
				Hook    string
				Total   bool
				Calls   uint64
				TotalNS int64 `json:"totalNs"`
				SelfNS  int64 `json:"selfNs"`
				P50     int64
			}
			rows := map[string]row{}
			for line := range bytes.Lines(out) {
				var r row
				if err := json.Unmarshal(line, &r); err != nil {
					t.Fatal(err)
				}
				if r.Total {
					rows[r.Hook] = r
				}
			}
			for name, calls := range map[string]uint64{
				"main.leaf": 8*1000 + 3, "main.many": 1, "main.many.func1": 8, "main.deep": 3 * 301,
				"main.catcher": 3, "main.thrower": 3 * 2, "main.leaver": 3, "main.sleeper": 1,
			} {
				if rows[name].Calls != calls {
					t.Errorf("%s: %d calls, want %d", name, rows[name].Calls, calls)
				}
			}
			if s := rows["main.sleeper"]; s.TotalNS < int64(20*time.Millisecond) || s.P50 < int64(15*time.Millisecond) {
				t.Errorf("main.sleeper slept 20 ms: %+v", s)
			}
			if d := rows["main.deep"]; d.TotalNS < d.SelfNS || d.SelfNS <= 0 {
				t.Errorf("main.deep, which calls itself: %+v", d)
			}
			if left := p.armed(); len(left) > 0 {
				t.Errorf("still armed: %v", left)
			}
		})
	}
}

// TestArguments has the running program tell where arguments are, also when it is stripped.
func TestArguments(t *testing.T) {
	regs := map[string][2]string{"amd64": {"AX", "BX"}, "arm64": {"R0", "R1"}}[runtime.GOARCH]
	for _, flags := range [][]string{nil, {"-ldflags=-w"}, {"-ldflags=-s -w", "-buildmode=pie"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			p := buildLive(t, flags...).start()
			out, err := p.command("ls", "--json", "main.many").Output()
			if err != nil {
				t.Fatal(err)
			}
			var h wire.Hook
			if err := json.Unmarshal(out, &h); err != nil {
				t.Fatal(err)
			}
			if len(h.Params) != 2 || h.Params[1] != (wire.Param{Name: "calls", Type: "int", Size: 8}) || len(h.Results) != 0 {
				t.Errorf("%+v, %+v", h.Params, h.Results)
			}
			want := []wire.Arg{{Index: 0, Name: "goroutines", Places: regs[:1]}, {Index: 1, Name: "calls", Places: regs[1:]}}
			if s := h.Sites[0]; s.Point != "entry" || !reflect.DeepEqual(s.Args, want) || s.Frame < 16 {
				t.Errorf("%+v", s)
			}
			if out, err := p.command("doctor").Output(); err != nil || !bytes.Contains(out, []byte("where arguments are is known")) {
				t.Errorf("%s%v", out, err)
			}
		})
	}
}

func cgoOff(t *testing.T) bool {
	out, err := testenv.Command(t, "go", "env", "CGO_ENABLED").Output()
	return err != nil || strings.TrimSpace(string(out)) != "1"
}

// TestTraceFunctions reads the call graph.
func TestTraceFunctions(t *testing.T) {
	p := buildLive(t).start()
	out := p.watch(func() { p.do("calls") }, "trace", "--json", "main.deep", "main.catcher", "main.thrower", "main.leaver")
	type call struct {
		Entry   bool
		Level   int
		Took    int64
		Unwound bool
	}
	entries, ends, unwound, deepest := map[string]int{}, map[string]int{}, map[string]int{}, 0
	for line := range bytes.Lines(out) {
		var ev struct {
			Hook    string
			G       uint64
			Call    *call
			Dropped uint64
		}
		if err := json.Unmarshal(line, &ev); err != nil {
			t.Fatal(err)
		}
		if ev.Call == nil {
			if ev.Dropped > 0 {
				t.Fatalf("%d events were dropped", ev.Dropped)
			}
			continue
		}
		switch deepest = max(deepest, ev.Call.Level); {
		case ev.Call.Entry:
			entries[ev.Hook]++
		case ev.Call.Unwound:
			unwound[ev.Hook]++
		default:
			ends[ev.Hook]++
		}
		if ev.G == 0 || ev.Call.Took < 0 {
			t.Errorf("%s", line)
		}
	}
	// thrower returns once of two times, and catcher is left by a panic that it recovers from.
	for name, want := range map[string][2]int{
		"main.deep": {903, 903}, "main.thrower": {6, 3}, "main.catcher": {3, 0}, "main.leaver": {3, 0},
	} {
		if got := [2]int{entries[name], ends[name]}; got != want {
			t.Errorf("%s: %d entries and %d returns, want %v", name, got[0], got[1], want)
		}
	}
	if deepest != 300 {
		t.Errorf("the deepest level is %d, want 300", deepest)
	}
	if unwound["main.thrower"] != 2 { // nothing comes after the third by which that would show
		t.Errorf("%d calls of main.thrower are known not to have returned, want 2", unwound["main.thrower"])
	}
}

// TestKilled kills gkhi while functions are armed: the program notices, and they are dormant again.
func TestKilled(t *testing.T) {
	p := buildLive(t).start()
	cmd := p.command("stat", "main.*")
	messages, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	bufio.NewScanner(messages).Scan()
	p.do("one")
	if len(p.armed()) == 0 {
		t.Error("nothing is armed")
	}
	cmd.Process.Kill()            //nolint:errcheck // it would show below
	io.Copy(io.Discard, messages) //nolint:errcheck // closed by its end
	cmd.Wait()                    //nolint:errcheck // killed
	for end := time.Now().Add(10 * time.Second); len(p.armed()) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after ten seconds still armed: %v", p.armed())
		}
	}
	p.do("calls")
}

// TestTwoStats has two commands look at the same function: neither disturbs the other.
func TestTwoStats(t *testing.T) {
	p := buildLive(t).start()
	calls := func(out []byte) (n uint64) {
		for line := range bytes.Lines(out) {
			var r struct {
				Total bool
				Calls uint64
			}
			if json.Unmarshal(line, &r) == nil && r.Total {
				n = r.Calls
			}
		}
		return n
	}
	var inner []byte
	outer := p.watch(func() {
		p.do("one")
		inner = p.watch(func() { p.do("one") }, "stat", "--json", "-i", "1m", "main.leaf")
		p.do("one")
	}, "stat", "--json", "-i", "1m", "main.leaf")
	if calls(outer) != 3 || calls(inner) != 1 {
		t.Errorf("counted %d and %d, want 3 and 1", calls(outer), calls(inner))
	}
	if left := p.armed(); len(left) > 0 {
		t.Errorf("still armed: %v", left)
	}
}

// TestTraceFromStart sees what runs before main, and the last call.
func TestTraceFromStart(t *testing.T) {
	p := buildLive(t)
	cmd := testenv.Command(t, p.gkhi, "run", "-trace", "main.prepare,main.leaf", ".")
	cmd.Dir = "testdata/live"
	cmd.Env = append(cmd.Environ(), "GKHI_SOCKET_DIR="+p.sockets)
	cmd.Stdin = strings.NewReader("one\n")
	var out, trace bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trace
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, trace.Bytes())
	}
	if out.String() != "ready\ndone\n" {
		t.Errorf("the program prints %q", out.String())
	}
	text := trace.String()
	if n := strings.Count(text, "main.leaf();"); n != 4 {
		t.Errorf("%d calls of main.leaf, want 4:\n%s", n, text)
	}
	if !strings.Contains(text, "main.prepare() {") || !strings.Contains(text, "} /* main.prepare */") {
		t.Errorf("no call of main.prepare:\n%s", text)
	}
}

// TestForeignBytes has another no-op than ours at one site, as if somebody had changed it: that is left alone, and all
// others work.
func TestForeignBytes(t *testing.T) {
	p := buildLive(t)
	testenv.Need(t, testenv.Arch("amd64"))
	tab := readTable(t, p.exe)
	f, err := elf.Open(p.exe)
	if err != nil {
		t.Fatal(err)
	}
	text := f.Section(".text")
	at := find(tab, "main.leaf").Points[0].Sites[0] - text.Addr + text.Offset
	f.Close()
	file, err := os.OpenFile(p.exe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt([]byte{0x0F, 0x1F, 0x80, 0, 0, 0, 0}, int64(at))
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	p.start()
	out := p.watch(func() { p.do("calls") }, "stat", "--json", "-i", "1m", "main.*")
	if !bytes.Contains(out, []byte(`"hook":"main.many","total":true,"calls":1,`)) || bytes.Contains(out, []byte(`"main.leaf"`)) {
		t.Errorf("%s", out)
	}
}

// TestHello asks who the program is, which it was told by the linker.
func TestHello(t *testing.T) {
	p := buildLive(t).start()
	sockets, err := filepath.Glob(filepath.Join(p.sockets, "*.sock"))
	if err != nil || len(sockets) != 1 {
		t.Fatalf("%q, %v", sockets, err)
	}
	c, err := client.At(sockets[0]).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if h := c.Process().Hello; h.Main != "example.com/live" || h.Version == "" || h.BuildID == "" {
		t.Errorf("%+v", h)
	}
}

// TestServeOff holds to what the environment and the flag say.
func TestServeOff(t *testing.T) {
	for _, tt := range []struct {
		flags   []string
		env, is string
	}{
		{nil, "off", "it has the points of gkhi build, but was started with GKHI_SERVE=off"},
		{[]string{"-hooks-serve=false"}, "", "it has the points of gkhi build, but nothing in it calls gkhi.Serve"},
	} {
		p := buildLive(t, tt.flags...)
		t.Setenv("GKHI_SERVE", tt.env)
		p.start()
		if _, err := os.Stat(p.sockets); err == nil {
			t.Errorf("%v %s: there is a folder for sockets", tt.flags, tt.env)
		}
		if out, err := p.command("stat", "*").CombinedOutput(); err == nil || !strings.Contains(string(out), tt.is) {
			t.Errorf("%v %s: %v, %s", tt.flags, tt.env, err, out)
		}
	}
}
