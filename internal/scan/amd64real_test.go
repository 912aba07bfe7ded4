package scan_test

import (
	"cmp"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/scan/elfimage"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// goProgram opens one of the Go command's own programs, the largest real programs that are
// wherever Go is: the compiler, or where time counts gofmt.
func goProgram(t testing.TB) *elfimage.Image {
	t.Helper()
	testenv.Need(t, testenv.OS("linux"), testenv.Arch("amd64"), testenv.GoCommand)
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	name := "pkg/tool/linux_amd64/compile"
	if testing.Short() || !testenv.Met(testenv.NoRace) {
		name = "bin/gofmt"
	}
	im, err := elfimage.Open(filepath.Join(strings.TrimSpace(string(out)), name))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// TestRealProgram scans a large program for variables that it really uses as keys
// and compares with the oracle: no false site, none missed, every reference accounted for.
//
// The runtime's writeBarrier is tested in thousands of places as hooks are, but as
// a word of four bytes: CMPL $0, writeBarrier(SB). Each is first turned into CMPB,
// which is as long.
func TestRealProgram(t *testing.T) {
	im := goProgram(t)
	barrier, ok := im.Syms["runtime.writeBarrier"]
	if !ok {
		t.Fatal("no symbol runtime.writeBarrier")
	}
	var funcs []*oracle
	var refs []uint64
	for _, f := range im.Funcs {
		o := newOracle(f.Entry, im.Code(f))
		if o == nil {
			t.Fatalf("%s does not decode", f.Name)
		}
		for i := range o.code {
			in := &o.code[i]
			if in.rip == barrier && in.x.Op == x86asm.CMP && in.size == 7 {
				b := im.Code(elfimage.Func{Entry: in.pc, End: in.pc + 7})
				if b[0] == 0x83 && b[1] == 0x3D && b[6] == 0 {
					b[0] = 0x80
					in.x.MemBytes = 1
				}
			}
			if in.rip != 0 && in.x.Op != 0 {
				refs = append(refs, in.rip)
			}
		}
		funcs = append(funcs, o)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	keys := []scan.Key{{Addr: uintptr(barrier), Size: 4}}
	for len(keys) < 2000 {
		a := uintptr(refs[rng.IntN(len(refs))])
		if !slices.ContainsFunc(keys, func(k scan.Key) bool { return k.Addr+8 > a && a+8 > k.Addr }) {
			keys = append(keys, scan.Key{Addr: a, Size: 1 + 7*uintptr(rng.IntN(2)), Bare: rng.IntN(2) == 0})
		}
	}
	slices.SortFunc(keys, func(a, b scan.Key) int { return cmp.Compare(a.Addr, b.Addr) })
	got := im.Scan(&scan.Input{Keys: keys})
	checkOracle(t, funcs, keys, got)
	// A marker that the linker puts between functions, of nothing but INT3, then
	// counts as padding: hence not Stats.
	again := scan.AMD64(&scan.Input{Keys: keys, Text: im.Text, Funcs: withEntries{im}})
	if !slices.Equal(got.Sites, again.Sites) || !slices.Equal(got.Rejects, again.Rejects) {
		t.Error("the result is another one where the text has to show the ends of functions")
	}

	guarded, bare := 0, 0
	for _, s := range got.Sites {
		if s.Form == scan.Guarded {
			guarded++
		} else {
			bare++
		}
	}
	why := map[scan.Reason]int{}
	for _, r := range got.Rejects {
		why[r.Reason]++
	}
	t.Logf("%d guarded sites, %d bare, rejects: %v; %+v", guarded, bare, why, got.Stats)
	if guarded < 500 || bare < 100 || len(got.Rejects) < 1000 {
		t.Error("too few sites or rejects to show anything")
	}
}

// withEntries makes the scan find ends as in a running program.
type withEntries struct{ *elfimage.Image }

func (w withEntries) Entry(pc uintptr) (uintptr, bool) {
	f, ok := w.Find(uint64(pc))
	return uintptr(f.Entry), ok
}

// checkOracle compares a result with the oracle's view of all functions.
func checkOracle(t *testing.T, funcs []*oracle, keys []scan.Key, got *scan.Result) {
	t.Helper()
	sites, rejects := map[uint64]scan.Site{}, map[uint64]scan.Reject{}
	for _, s := range got.Sites {
		if _, dup := sites[uint64(s.Ref)]; dup {
			t.Errorf("two sites at %#x", s.Ref)
		}
		sites[uint64(s.Ref)] = s
	}
	for _, r := range got.Rejects {
		if _, dup := sites[uint64(r.Addr)]; dup {
			t.Errorf("%#x is a site and a reject (%v)", r.Addr, r.Reason)
		}
		rejects[uint64(r.Addr)] = r
	}
	for _, o := range funcs {
		for i := range o.code {
			in := &o.code[i]
			k, found := keyAt(keys, in.rip)
			if in.rip == 0 || !found {
				continue
			}
			s, isSite := sites[in.pc]
			r, isReject := rejects[in.pc]
			delete(sites, in.pc)
			delete(rejects, in.pc)
			if !isSite && !isReject || isSite && s.Key != k || isReject && r.Key != k {
				t.Errorf("%#x %v: the reference is missing, or not to key %d", in.pc, in.x, k)
				continue
			}
			v := verdict{}
			if uintptr(in.rip) == keys[k].Addr {
				v = o.judge(i, keys[k].Bare)
			}
			switch {
			case isSite && !v.site:
				t.Errorf("%#x %v: a false site: %+v", in.pc, in.x, s)
			case isSite && (uint64(s.Branch) != v.branch || uint64(s.Target) != v.target):
				t.Errorf("%#x %v: branch at %#x to %#x, want %#x to %#x", in.pc, in.x, s.Branch, s.Target, v.branch, v.target)
			case !isSite && v.site && r.Reason != scan.ValueLive:
				t.Errorf("%#x %v: a missed site: %v", in.pc, in.x, r.Reason)
			case isReject && r.Reason == scan.FlagsLive && !v.live:
				t.Errorf("%#x %v: the flags are not live", in.pc, in.x)
			}
		}
	}
	for pc, s := range sites {
		t.Errorf("%#x: a site where nothing refers to a key: %+v", pc, s)
	}
	for pc, r := range rejects {
		if r.Reason != scan.OutsideGo {
			t.Errorf("%#x: a reject where nothing refers to a key: %+v", pc, r)
		}
	}
}

func keyAt(keys []scan.Key, addr uint64) (int, bool) {
	i, found := slices.BinarySearchFunc(keys, uintptr(addr), func(k scan.Key, a uintptr) int { return cmp.Compare(k.Addr, a) })
	if !found {
		i--
	}
	return i, i >= 0 && uintptr(addr) < keys[i].Addr+max(keys[i].Size, 1)
}
