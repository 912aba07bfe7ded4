package scan_test

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/scan/elfimage"
	"github.com/gkhi/gkhi/internal/testenv"
)

// TestRealProgramARM64 is TestRealProgram for arm64. Here too the runtime's
// writeBarrier is made a byte, by turning MOVWU writeBarrier(SB), R into MOVBU.
func TestRealProgramARM64(t *testing.T) {
	testenv.Need(t, testenv.NotShort, testenv.NoRace)
	im, err := elfimage.Open(testenv.BuildWith(t, testenv.BuildSpec{
		Pkg: "cmd/gofmt", Env: []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	barrier, ok := im.Syms["runtime.writeBarrier"]
	if !ok {
		t.Fatal("no symbol runtime.writeBarrier")
	}
	var all []access
	var where []*armOracle
	var bare, refs []uint64
	for _, f := range im.Funcs {
		o := newARMOracle(im, f)
		for _, a := range o.accesses() {
			if a.addr == barrier && a.op == arm64asm.LDR {
				b := im.Code(f)[4*a.at:]
				w := o.words[a.at]
				if off := w >> 10 & 0xFFF; w>>22 == 0xB9400000>>22 && off < 1024 {
					binary.LittleEndian.PutUint32(b, 0x39400000|off<<12|w&0x3FF)
					a.op = arm64asm.LDRB
				}
			}
			if a.op == arm64asm.LDAR {
				bare = append(bare, a.addr)
			}
			refs = append(refs, a.addr)
			all, where = append(all, a), append(where, o)
		}
	}
	keys := []scan.Key{{Addr: uintptr(barrier), Size: 4}}
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < 3000; n++ {
		from := refs
		if n < 1000 {
			from = bare
		}
		a := uintptr(from[rng.IntN(len(from))])
		if !slices.ContainsFunc(keys, func(k scan.Key) bool { return k.Addr+16 > a && a+16 > k.Addr }) {
			keys = append(keys, scan.Key{Addr: a, Size: 8, Bare: n < 1000})
		}
	}
	slices.SortFunc(keys, func(a, b scan.Key) int { return cmp.Compare(a.Addr, b.Addr) })
	got := im.Scan(&scan.Input{Keys: keys})

	sites, rejects := map[uintptr]scan.Site{}, map[uintptr]scan.Reject{}
	guarded := 0
	for _, s := range got.Sites {
		if s.Form == scan.GuardedBranch {
			guarded++
		}
		sites[s.Addr] = s
	}
	why := map[scan.Reason]int{}
	for _, r := range got.Rejects {
		why[r.Reason]++
		rejects[r.Addr] = r
	}
	for n, a := range all {
		k, found := keyAt(keys, a.addr)
		if !found {
			continue
		}
		o := where[n]
		pc := uintptr(o.entry) + 4*uintptr(a.at)
		f, _ := im.Find(uint64(pc))
		patch := pc
		want := keys[k].Bare && a.op == arm64asm.LDAR && o.words[a.at]>>30 == 3
		if !keys[k].Bare {
			want = a.op == arm64asm.LDRB && a.branch != 0 && a.dead && o.words[a.branch]>>25&0x3F != 0x2A
			patch = uintptr(o.entry) + 4*uintptr(a.branch)
		}
		want = want && uintptr(a.addr) == keys[k].Addr
		s, isSite := sites[patch]
		r, isReject := rejects[pc]
		switch {
		case isSite && s.Key == k && want:
			delete(sites, patch)
		case want && isReject && (r.Reason == scan.ValueLive && keys[k].Bare || r.Reason == scan.ValueUnknown):
			delete(rejects, pc)
		case want:
			t.Errorf("%s: %#x: missed: %v; reject %v %v", f.Name, pc, o.code[a.at], isReject, r.Reason)
		case !isReject || r.Key != k:
			t.Errorf("%s: %#x: the reference is missing: %v", f.Name, pc, o.code[a.at])
		default:
			delete(rejects, pc)
		}
	}
	for _, s := range sites {
		f, _ := im.Find(uint64(s.Addr))
		t.Errorf("%s: a false site: %+v", f.Name, s)
	}
	// What is left of the rejects are uses in another block than the address, and
	// addresses taken.
	t.Logf("%d keys, %d guarded sites, %d bare, rejects: %v; %+v", len(keys), guarded, len(got.Sites)-guarded, why, got.Stats)
	if why[scan.ValueUnknown] > guarded/100 {
		t.Error("of too many sites it is not known whether the value is used")
	}
	if guarded < 500 || len(got.Sites)-guarded < 10 {
		t.Error("too few sites to show anything")
	}
}
