package patch

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/testenv"
)

// uprobe has the kernel probe an address of a file in all processes, until the
// function that it returns is called. The kernel writes an INT3 there.
func uprobe(file string, offset uint64) (remove func(), err error) {
	kind, err := os.ReadFile("/sys/bus/event_source/devices/uprobe/type")
	if err != nil {
		return nil, err
	}
	typ := uint32(0)
	for _, c := range strings.TrimSpace(string(kind)) {
		typ = 10*typ + uint32(c-'0')
	}
	path, err := syscall.BytePtrFromString(file)
	if err != nil {
		return nil, err
	}
	attr := struct { // struct perf_event_attr, as far as PERF_ATTR_SIZE_VER1
		typ, size                      uint32
		config, period, sample, format uint64
		flags                          uint64
		wakeup, bp                     uint32
		config1, config2               uint64 // path, offset
	}{typ: typ, size: 72, config1: uint64(uintptr(unsafe.Pointer(path))), config2: offset}
	const anyProcess, cpu, noGroup, cloexec = ^uintptr(0), 0, ^uintptr(0), 8
	fd, _, e := syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN, uintptr(unsafe.Pointer(&attr)), anyProcess, cpu, noGroup, cloexec, 0)
	if e != 0 {
		return nil, e
	}
	return func() { _ = syscall.Close(int(fd)) }, nil
}

var uprobes = testenv.Feature{
	Name: "uprobes through perf_event_open",
	Probe: func() error {
		exe, err := os.Executable()
		if err != nil {
			return err
		}
		remove, err := uprobe(exe, 0x1000)
		if err == nil {
			remove()
		}
		if errors.Is(err, os.ErrNotExist) {
			return errors.ErrUnsupported
		}
		return err
	},
}

// offsetOf turns an address of a program into an offset in its file.
func offsetOf(t *testing.T, prog string, addr uint64) uint64 {
	t.Helper()
	f, err := elf.Open(prog)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && addr-p.Vaddr < p.Filesz {
			return addr - p.Vaddr + p.Off
		}
	}
	t.Fatalf("%#x is in no segment", addr)
	return 0
}

// The sites of the subject, as its answers list them.
const (
	guardedSite = iota
	loopSite
	awaySite    // a JNE
	farAwaySite // a long one
	overSite    // a long JEQ
	bareSite
)

// TestUprobe puts the kernel's own probes on patched sites, on their no-op and on
// their branch, and has the sites armed and disarmed below them.
func TestUprobe(t *testing.T) {
	testenv.Need(t, append(slices.Clone(patchable), testenv.Root, uprobes.Needed())...)
	prog := testenv.Build(t, "./testdata/subject", "-ldflags=-linkmode=internal")
	s := converse(t, testenv.Command(t, prog))
	plain := s.do("prepare")
	if plain.Status != "patched 6 of 6 sites through /proc/self/mem" {
		t.Fatal(plain.Status)
	}
	calls := func(word string, calls, hits uint64) answer {
		t.Helper()
		a := s.do(word)
		if a.Calls != calls || a.Hits != hits || a.Error != "" {
			t.Errorf("%s: %d calls and %d hits, error %q; want %d and %d", word, a.Calls, a.Hits, a.Error, calls, hits)
		}
		return a
	}
	probeAt := func(site int, delta uint64) (remove func()) {
		t.Helper()
		remove, err := uprobe(prog, offsetOf(t, prog, plain.Sites[site].Addr+delta))
		if err != nil {
			t.Fatal(err)
		}
		return remove
	}

	// 1. On the 5-byte no-op of a guarded site: the branch toggles all the same.
	// The kernel may turn its INT3 into a call once it was hit.
	remove := probeAt(guardedSite, 0)
	for range 3 {
		calls("arm", 0, 0)
		a := calls("run", 100, 0)
		if !strings.Contains(a.Sites[guardedSite].Reason, "somebody else changed it") || a.Sites[guardedSite].State != "armed" {
			t.Errorf("a uprobe on the no-op: %+v", a.Sites[guardedSite])
		}
		if b := a.Sites[guardedSite].Code[0]; b != 0xCC && b != 0xE8 {
			t.Errorf("the uprobe's byte is gone: % x", a.Sites[guardedSite].Code)
		}
		calls("disarm", 0, 0)
		calls("run", 0, 0)
	}
	remove()
	calls("arm", 0, 0)
	if a := calls("run", 100, 0); a.Sites[guardedSite].Reason != "" {
		t.Errorf("when the uprobe is gone: %+v", a.Sites[guardedSite])
	}
	calls("disarm", 0, 0)

	// 2. On the branch itself, which the site goes around.
	remove = probeAt(guardedSite, 7)
	calls("arm", 0, 0)
	if a := calls("run", 100, 0); a.Sites[guardedSite].State != "armed" || !strings.Contains(a.Sites[guardedSite].Reason, "goes around it") {
		t.Errorf("a uprobe on the branch: %d calls, %+v", a.Calls, a.Sites[guardedSite])
	}
	calls("disarm", 0, 0)
	calls("run", 0, 0)
	remove()

	// 3. On a point's only site: it can't be armed, and says why.
	remove = probeAt(bareSite, 0)
	s.do("run")
	if a := s.do("armpoint"); !strings.Contains(a.Error, "somebody else changed it") {
		t.Errorf("arming a point under a uprobe: error %q", a.Error)
	}
	calls("run", 0, 0)
	remove()

	// 4. All is gone: as before.
	calls("arm", 0, 0)
	calls("armpoint", 0, 0)
	calls("run", 100, 100)
	calls("disarm", 0, 0)
	calls("disarmpoint", 0, 0)
	end := calls("run", 0, 0)
	for i, site := range end.Sites {
		if !bytes.Equal(site.Code, plain.Sites[i].Code) || site.Reason != "" {
			t.Errorf("at the end %+v, at the start %+v", site, plain.Sites[i])
		}
	}

	// 5. On an armed point: the kernel runs the compiled load there instead of the
	// call, and disarming can't reach it. Without the uprobe the call counts for nobody.
	calls("armpoint", 0, 0)
	calls("run", 0, 100)
	remove = probeAt(bareSite, 0)
	a := calls("run", 0, 0)
	if s := a.Sites[bareSite]; s.State != "armed" || !strings.Contains(s.Reason, "somebody else changed it, and hits may not be counted") {
		t.Errorf("a uprobe on an armed point: %+v", s)
	}
	if want := plain.Status + " (1 changed by somebody else)"; a.Status != want {
		t.Errorf("a uprobe on an armed point: %s, want %s", a.Status, want)
	}
	calls("disarmpoint", 0, 0)
	calls("run", 0, 0)
	remove()
	calls("run", 0, 0)
	calls("armpoint", 0, 0)
	if a := calls("run", 0, 100); a.Sites[bareSite].Reason != "" || a.Status != plain.Status {
		t.Errorf("when the uprobe is gone: %s, %+v", a.Status, a.Sites[bareSite])
	}
	calls("disarmpoint", 0, 0)
	calls("run", 0, 0)
}

// TestUprobeBranch puts the kernel's probes on branches, and removes them, in each state of their site. A site whose short body follows goes around
// its branch and misses nothing. Others, unless they test their flag, may miss events meanwhile and until the next toggle, as the kernel
// runs the compiled branch on flags of nobody's. They do nothing else, and then all is as before. With a probe on the compare too threads come to where
// the branch is, or was, whatever stands there.
func TestUprobeBranch(t *testing.T) {
	testenv.Need(t, append(slices.Clone(patchable), testenv.Root, uprobes.Needed())...)
	prog := testenv.Build(t, "./testdata/subject", "-ldflags=-linkmode=internal")
	plain := converse(t, testenv.Command(t, prog)).do("prepare")
	for _, tt := range []struct {
		name string
		site int
	}{{"away", awaySite}, {"far away", farAwaySite}, {"over", overSite}, {"guarded", guardedSite}} {
		for _, both := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/both=%v", tt.name, both), func(t *testing.T) {
				probedBranch(t, prog, plain, tt.site, both)
			})
		}
	}
}

func probedBranch(t *testing.T, prog string, plain answer, site int, both bool) {
	probe := func(delta uint64) (remove func()) {
		t.Helper()
		remove, err := uprobe(prog, offsetOf(t, prog, plain.Sites[site].Addr+delta))
		if err != nil {
			t.Fatal(err)
		}
		return remove
	}
	const compare, branch = 0, 7
	s := converse(t, testenv.Command(t, prog))
	do := func(when, word string, least, most uint64) {
		t.Helper()
		if a := s.do(word); a.Calls < least || a.Calls > most || a.Error != "" || a.Hits != 0 {
			t.Errorf("%s, %s: %d calls, error %q, %+v", when, word, a.Calls, a.Error, a.Sites[site])
		}
	}
	toggle := func(when string, least uint64) {
		t.Helper()
		for range 2 {
			do(when, "arm", 0, 0)
			do(when, "run", least, 100)
			do(when, "disarm", 0, 0)
			do(when, "run", 0, 0)
		}
	}
	// Where a probe is when sites are looked for there is none: it stays as compiled, and the flag decides.
	s.do("nolimit")
	remove := probe(branch)
	toggle("probed before the first patch", 100)
	remove()
	toggle("and not any more", 100)

	s = converse(t, testenv.Command(t, prog))
	s.do("prepare")
	if both {
		remove := probe(compare)
		defer func() { remove() }()
	}
	for _, flagged := range []bool{false, true} {
		least := uint64(90)
		if site == guardedSite {
			least = 100
		}
		if flagged {
			s.do("limit")
			toggle("too often", 100)
			if !both {
				least = 100
			}
		} else {
			s.do("nolimit")
		}
		for _, word := range []string{"disarm", "arm"} {
			for _, toggled := range []bool{false, true} {
				now := func(when string) {
					t.Helper()
					when = fmt.Sprintf("flagged=%v, %s, toggled=%v, %s", flagged, word, toggled, when)
					if word == "arm" {
						do(when, "run", least, 100)
					} else {
						do(when, "run", 0, 0)
					}
				}
				s.do(word)
				remove := probe(branch)
				now("probed")
				if toggled {
					toggle("while it is there", least)
					s.do(word)
				}
				remove()
				now("and not any more")
				s.do("disarm")
				toggle("when it is gone", 100)
			}
		}
		// Where a probe is on the compare it can't change.
		if st := s.do("status").Sites[site].State; (st == "flagged") != (flagged && !both) {
			t.Errorf("the site is %s", st)
		}
	}
	s.do("nolimit")
	if a := s.do("status"); !both && (!bytes.Equal(a.Sites[site].Code, plain.Sites[site].Code) || a.Status != plain.Status) {
		t.Errorf("at the end: %s, %+v, and was %+v", a.Status, a.Sites[site], plain.Sites[site])
	}
}

// TestUprobeFlagged puts the kernel's probes on compares, before and after their hook is toggled too often. The kernel runs
// the compiled compare, and then the thread comes to where the branch was.
func TestUprobeFlagged(t *testing.T) {
	testenv.Need(t, append(slices.Clone(patchable), testenv.Root, uprobes.Needed())...)
	prog := testenv.Build(t, "./testdata/subject", "-ldflags=-linkmode=internal")
	for _, early := range []bool{false, true} {
		s := converse(t, testenv.Command(t, prog))
		s.do("nolimit")
		plain := s.do("prepare")
		probe := func() (remove func()) {
			var all []func()
			for site := range 2 {
				remove, err := uprobe(prog, offsetOf(t, prog, plain.Sites[site].Addr))
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, remove)
			}
			return func() { all[0](); all[1]() }
		}
		toggle := func(when string) {
			t.Helper()
			for range 3 {
				for _, w := range []struct {
					word  string
					calls uint64
				}{{"arm", 0}, {"run", 100}, {"disarm", 0}, {"run", 0}} {
					if a := s.do(w.word); a.Calls != w.calls || a.Error != "" {
						t.Errorf("%s, %s: %d calls, error %q", when, w.word, a.Calls, a.Error)
					}
				}
			}
		}
		remove := func() {}
		if early {
			remove = probe()
		}
		s.do("limit")
		toggle("toggled too often")
		for i, site := range s.do("status").Sites[:bareSite] {
			// One that is probed already can't change to what tests a flag. It is patched as ever.
			if probed := early && i <= loopSite; (site.State == "flagged") == probed {
				t.Errorf("early=%v: toggled too often: %+v", early, site)
			}
		}
		if !early {
			remove = probe()
		}
		toggle("probed")
		remove()
		toggle("when the probes are gone")
		s.do("nolimit")
		toggle("without a limit")
		if a := s.do("status"); !bytes.Equal(a.Sites[guardedSite].Code, plain.Sites[guardedSite].Code) || a.Sites[guardedSite].Reason != "" || a.Status != plain.Status {
			t.Errorf("at the end %s, %+v", a.Status, a.Sites[guardedSite])
		}
	}
}
