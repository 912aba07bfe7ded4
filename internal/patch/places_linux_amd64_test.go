package patch

import (
	"encoding/binary"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/testenv"
	"github.com/gkhi/gkhi/internal/textmem"
)

// madeFlag is the flag of made sites.
var madeFlag testFlag

// A madeSite is a site in memory of its own, so that each place in it can be called: a function that returns 1
// if it acts armed, and else 0.
type madeSite struct {
	scan.Site
	next uintptr // free memory behind it
}

// makeSite makes a site with no-ops between its compare and its branch at addr.
func makeSite(t *testing.T, mem *textmem.Mem, addr uintptr, pad []byte, long, bodyNext bool) madeSite {
	t.Helper()
	le := binary.LittleEndian
	code := le.AppendUint32([]byte{0x80, 0x3D}, uint32(uintptr(unsafe.Pointer(&madeFlag))-addr-encode.LenSite))
	code = append(append(code, 0), pad...)
	s := scan.Site{Form: scan.Guarded, Func: addr, Ref: addr, Addr: addr, Len: encode.LenSite, TakenDormant: bodyNext}
	s.Branch, s.BranchLen = addr+uintptr(len(code)), encode.LenJcc8
	cond := byte(0x75) // JNE
	if bodyNext {
		cond = 0x74
	}
	answer := func(n byte) []byte { return []byte{0xB8, n, 0, 0, 0, 0xC3} } // MOVL $n, AX; RET
	if long {
		s.BranchLen = encode.LenJcc32
		code = append(code, 0x0F, cond+0x10, 6, 0, 0, 0)
	} else {
		code = append(code, cond, 6)
	}
	s.Target = s.Branch + uintptr(s.BranchLen) + 6
	first, second := byte(0), byte(1)
	if bodyNext {
		first, second = 1, 0
	}
	code = slices.Concat(code, answer(first), answer(second))
	if err := mem.Write([]textmem.Write{{Addr: addr, Bytes: code}}); err != nil {
		t.Fatal(err)
	}
	return madeSite{s, addr + 64}
}

// call runs code at an address.
func call(at uintptr) int {
	f := &at
	return (*(*func() int)(unsafe.Pointer(&f)))()
}

// TestPlacesOfThreads patches sites of each sort and calls each place in them where a thread may stand: in whatever form they
// are, it comes out at one of the two ends, and from the start at the right one. While a site is flagged that is so too
// for a thread that has run the compiled compare, as under a uprobe.
func TestPlacesOfThreads(t *testing.T) {
	testenv.Need(t, testenv.NoRace)
	mem, err := textmem.Open(kernel{}, probe)
	if err != nil {
		t.Skipf("code can't be written here: %v", err)
	}
	t.Cleanup(mem.Close)
	area, err := mapNearForTest()
	if err != nil {
		t.Fatal(err)
	}
	at := area
	for _, pad := range [][]byte{nil, {nop}, {0x66, nop}, {nop, nop}, {0x0F, 0x1F, 0}} {
		for _, long := range []bool{false, true} {
			for _, bodyNext := range []bool{false, true} {
				t.Run(fmt.Sprintf("pad=%x/long=%v/bodyNext=%v", pad, long, bodyNext), func(t *testing.T) {
					made := makeSite(t, mem, at, pad, long, bodyNext)
					at = made.next
					placesOfThreads(t, mem, made)
				})
			}
		}
	}
}

func placesOfThreads(t *testing.T, mem *textmem.Mem, made madeSite) {
	p := New(kernel{})
	p.SetLimit(Limit{})
	n := p.Add(scan.Key{Addr: uintptr(unsafe.Pointer(&madeFlag)), Size: 8})
	k := p.keys[n]
	s := p.newSite(k, made.Site)
	if len(s.pieces) == 0 {
		t.Fatal(s.whyNot)
	}
	k.sites, p.pending = []*site{s}, []*site{s}
	p.find = func(*Patcher, []*keyState) ([]*site, error) { return p.pending, nil }
	t.Cleanup(resetTrap)

	// Where a thread may have been before: at each instruction's start in a form that was there.
	parked := map[uintptr]bool{}
	look := func(on bool) {
		t.Helper()
		want := 0
		if on {
			want = 1
		}
		if got := call(made.Addr); got != want {
			t.Errorf("%v, on=%v: acts as %d", s.state, on, got)
		}
		for _, pc := range s.pieces {
			for place := range (pc.starts | atStart).addrs(pc.addr) {
				parked[place] = true
			}
		}
		for place := range parked {
			if got := call(place); got != 0 && got != 1 {
				t.Errorf("%v, on=%v: from +%d it answers %d", s.state, on, place-made.Addr, got)
			}
		}
	}
	set := func(on bool) {
		t.Helper()
		madeFlag.on = on
		if err := p.Set([]Change{{Key: n, On: on}}); err != nil {
			t.Fatal(err)
		}
		look(on)
	}
	madeFlag.on = false
	look(false)
	for range 2 {
		p.SetLimit(Limit{})
		set(true)
		set(false)
		set(true)
		before := slices.Clone(textmem.Bytes(made.Addr, int(made.End()-made.Addr)))
		p.limit = Limit{Burst: 1, Every: 1 << 60, Quiet: 1 << 60}
		k.due = k.due.AddDate(9999, 0, 0)
		set(false)
		if s.state != flagged {
			t.Fatalf("toggled too often it is %v: %v", s.state, s.flagForms())
		}
		for _, on := range []bool{true, false, true} {
			set(on)
			// CMPB $0, flag; JMP to where the branch was, or the no-op before it.
			probe := append(slices.Clone(originalCompare(made)), 0xE9)
			probe = binary.LittleEndian.AppendUint32(probe, uint32(made.Addr+encode.LenSite-(made.next-16)-uintptr(len(probe))-4))
			if err := mem.Write([]textmem.Write{{Addr: made.next - 16, Bytes: probe}}); err != nil {
				t.Fatal(err)
			}
			if err := mem.Serialize(); err != nil {
				t.Fatal(err)
			}
			if got := call(made.next - 16); (got == 1) != on {
				t.Errorf("%v, on=%v: behind the compiled compare it answers %d", s.state, on, got)
			}
		}
		p.SetLimit(Limit{})
		look(true)
		if after := textmem.Bytes(made.Addr, len(before)); !slices.Equal(after, before) {
			t.Errorf("patched again it is % x and was % x", after, before)
		}
	}
}

// originalCompare returns the compiled compare, for the place 16 bytes before the end.
func originalCompare(made madeSite) []byte {
	at := made.next - 16
	return append(binary.LittleEndian.AppendUint32([]byte{0x80, 0x3D}, uint32(uintptr(unsafe.Pointer(&madeFlag))-at-encode.LenSite)), 0)
}

// mapNearForTest maps memory from which the program's variables are in reach.
func mapNearForTest() (at uintptr, err error) {
	for at = (probePC() + 1<<25) &^ (areaSize - 1); at < probePC()+1<<27; at += 1 << 22 {
		if err = mapAt(at, areaSize, syscall.PROT_READ|syscall.PROT_EXEC); err == nil {
			return at, nil
		}
	}
	return 0, err
}
