package laydown

import (
	"encoding/binary"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// liveWant has what functions of argsSource are called with and return, at the first hit of each kind of point. What
// is neither a number nor a string is shown as a dot.
var liveWant = map[string][2]string{
	"main.ints":             {"1 2 3 4 true 120", "?"}, // n is loaded only behind the site
	"main.words":            {`"a" . . . . .`, `"a" .`},
	"main.floats":           {". . 3 .", ""},
	"main.(*S).method":      {". 1", ""},
	"main.S.value":          {". 1", ""},
	"main.many":             {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", ""},
	"main.literal.func1":    {"8", ""},
	"main.constants":        {"", `7 "abc" . true . 32768`},
	"main.moved":            {"1 2", "4 1"},
	"main.stored":           {"3", "? ."},
	"main.(*G[...]).method": {`. "a"`, ""},
}

// TestLive runs a program under ptrace, with a breakpoint at each site, and reads arguments and results from where the
// table says that they are.
func TestLive(t *testing.T) {
	exe, pkgs := programOf(t, argsSource)
	if _, err := Lay(exe, pkgs, Options{}); err != nil {
		t.Fatal(err)
	}
	table := tableOf(t, exe)
	type place struct {
		f *sitetab.Func
		p *sitetab.FuncPoint
		l *sitetab.Layout
	}
	at := map[uint64]place{}
	for i := range table.Funcs {
		f := &table.Funcs[i]
		for j := range f.Points {
			for k, pc := range f.Points[j].Sites {
				at[pc] = place{f, &f.Points[j], table.Layout(&f.Points[j], k)}
			}
		}
	}
	got := map[string][2]string{}
	seen := map[*sitetab.FuncPoint]bool{}
	traceSites(t, exe, at, func(tid int, pc uint64, regs *syscall.PtraceRegs) {
		s := at[pc]
		if seen[s.p] {
			return
		}
		seen[s.p] = true
		texts := got[s.f.Name]
		texts[s.p.Kind] = valuesText(tid, regs, s.f.Values(s.p.Kind), s.l)
		got[s.f.Name] = texts
	})
	for name, want := range liveWant {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

// traceSites runs a program and calls hit at each of the sites.
func traceSites[T any](t *testing.T, exe string, at map[uint64]T, hit func(tid int, pc uint64, regs *syscall.PtraceRegs)) {
	t.Helper()
	runtime.LockOSThread() // the tracer is a thread
	defer runtime.UnlockOSThread()
	cmd := exec.Command(exe)
	cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	wait := func(which int) (int, syscall.WaitStatus) {
		var ws syscall.WaitStatus
		tid, err := syscall.Wait4(which, &ws, syscall.WALL, nil)
		if err != nil {
			t.Fatal(err)
		}
		return tid, ws
	}
	wait(pid)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACECLONE))
	for pc := range at {
		_, err := syscall.PtracePokeText(pid, uintptr(pc), []byte{0xCC}) // INT3
		must(err)
	}
	for tid, signal := pid, 0; ; {
		must(syscall.PtraceCont(tid, signal))
		var ws syscall.WaitStatus
		for tid, ws = wait(-1); ws.Exited(); tid, ws = wait(-1) {
			if tid == pid {
				return
			}
		}
		if !ws.Stopped() {
			t.Fatalf("the program ended with %v", ws)
		}
		signal = 0
		switch ws.StopSignal() {
		case syscall.SIGSTOP: // a new thread
		case syscall.SIGTRAP:
			if ws.TrapCause() > 0 { // the thread that made it
				continue
			}
			var regs syscall.PtraceRegs
			must(syscall.PtraceGetRegs(tid, &regs))
			pc := regs.Rip - 1
			if _, ok := at[pc]; !ok {
				t.Fatalf("a trap at %#x", pc)
			}
			hit(tid, pc, &regs)
			const length = 7 // of a site, whose instruction does nothing
			regs.Rip = pc + length
			must(syscall.PtraceSetRegs(tid, &regs))
		default:
			signal = int(ws.StopSignal())
		}
	}
}

// valuesText reads values.
func valuesText(tid int, regs *syscall.PtraceRegs, values []sitetab.Param, l *sitetab.Layout) string {
	var list []string
	for i, v := range values {
		places := append(l.Of(values, i), sitetab.Place{})
		switch first, ok := wordAt(tid, regs, places[0]); {
		case v.Kind == sitetab.Other || v.Kind == sitetab.Float || v.Kind > sitetab.String || v.Kind == sitetab.Pointer:
			list = append(list, ".")
		case !ok:
			list = append(list, "?")
		case v.Kind == sitetab.String:
			n, ok := wordAt(tid, regs, places[1])
			text := make([]byte, min(n, 100))
			if len(text) > 0 {
				syscall.PtracePeekData(tid, uintptr(first), text) //nolint:errcheck // the text tells
			}
			list = append(list, fmt.Sprintf("%q", text))
			if !ok {
				list[len(list)-1] = "?"
			}
		default:
			number := first & (1<<(8*v.Size-1)<<1 - 1)
			if v.Kind == sitetab.Bool {
				list = append(list, fmt.Sprint(number == 1))
			} else {
				list = append(list, fmt.Sprint(number))
			}
		}
	}
	return strings.Join(list, " ")
}

func wordAt(tid int, r *syscall.PtraceRegs, p sitetab.Place) (uint64, bool) {
	switch p.Kind {
	case sitetab.Register:
		return [...]uint64{r.Rax, r.Rcx, r.Rdx, r.Rbx, r.Rsp, r.Rbp, r.Rsi, r.Rdi, r.R8, r.R9, r.R10, r.R11, r.R12, r.R13, r.R14, r.R15}[p.N], true
	case sitetab.Stack:
		var b [8]byte
		_, err := syscall.PtracePeekData(tid, uintptr(r.Rsp+uint64(p.N)), b[:])
		return binary.LittleEndian.Uint64(b[:]), err == nil
	case sitetab.Constant, sitetab.Address: // the program is where it was linked
		return uint64(p.N), true
	}
	return 0, false
}
