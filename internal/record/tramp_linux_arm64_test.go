package record

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/patch"
)

// registers are what the fixture puts into the CPU before its site, or finds behind it.
type registers struct {
	x               [31]uint64 // X18 and X28, which have owners, are only found
	nzcv            uint64
	below8, below16 uint64 // the words at SP-8 and SP-16
}

const fixtureSize = 1 << 16

// A fixture is a leaf function with a site, made by hand so that every register is
// live there, and the link register holds no return address. It is no text of the program,
// so its hits are counted as those of an address there.
type fixture struct {
	run   func(in, out *registers)
	mem   []byte
	entry uintptr
	site  uintptr
	as    uintptr // what its hits are counted as
}

// newFixture makes one that is dormant, in memory that can't be executed yet.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	lo, hi := patch.Default.Home()
	if err := Open(lo, hi-lo); err != nil {
		t.Fatal(err)
	}
	mem, err := syscall.Mmap(-1, 0, fixtureSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	f := &fixture{mem: mem, entry: uintptr(unsafe.Pointer(&mem[0]))}
	const (
		sp     = 31
		stp    = 0xA900_0000
		ret    = 0xD65F_03C0
		nzcv   = 31 * 8
		frame  = 64
		toNZCV = 0xD51B_4200
		ofNZCV = 0xD53B_4200
	)
	ldr := func(t, n, at uint32) uint32 { return 0xF940_0000 | at/8<<10 | n<<5 | t }
	str := func(t, n, at uint32) uint32 { return 0xF900_0000 | at/8<<10 | n<<5 | t }
	ldur := func(t uint32, at int32) uint32 { return 0xF840_0000 | uint32(at)&0x1FF<<12 | sp<<5 | t }
	stur := func(t uint32, at int32) uint32 { return 0xF800_0000 | uint32(at)&0x1FF<<12 | sp<<5 | t }
	code := []uint32{
		0xA980_0000 | (128-frame/8)<<15 | 30<<10 | sp<<5 | 29, // STP X29, X30, [SP, #-64]!
		stp | 2<<15 | 1<<10 | sp<<5,                           // STP X0, X1, [SP, #16]
		ldr(2, 0, nzcv), toNZCV | 2,
		ldr(2, 0, nzcv+8), stur(2, -8), ldr(2, 0, nzcv+16), stur(2, -16),
	}
	for _, n := range liveRegisters {
		code = append(code, ldr(n, 0, 8*n))
	}
	code = append(code, ldr(1, 0, 8), ldr(0, 0, 0))
	f.site = f.entry + 4*uintptr(len(code))
	code = append(code, arm64.NOP, str(0, sp, 40), ldr(0, sp, 24))
	for n := uint32(1); n <= 30; n++ {
		code = append(code, str(n, 0, 8*n))
	}
	code = append(code,
		ldr(1, sp, 40), str(1, 0, 0), ofNZCV|1, str(1, 0, nzcv),
		ldur(1, -8), str(1, 0, nzcv+8), ldur(1, -16), str(1, 0, nzcv+16),
		0xA8C0_0000|frame/8<<15|30<<10|sp<<5|29, // LDP X29, X30, [SP], #64
		ret)
	for i, w := range code {
		binary.LittleEndian.PutUint32(mem[4*i:], w)
	}
	// A function value is a pointer to a word with the entry.
	word := &f.entry
	f.run = *(*func(in, out *registers))(unsafe.Pointer(&word))
	return f
}

// liveRegisters are those that the fixture loads besides X0 and X1.
var liveRegisters = []uint32{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30}

// arm makes the site branch to a veneer for the trampoline, or a no-op again. No
// thread may be in the fixture.
func (f *fixture) arm(t *testing.T, k Kind) {
	t.Helper()
	protect := func(p int) {
		if err := syscall.Mprotect(f.mem, p); err != nil {
			t.Fatal(err)
		}
	}
	protect(syscall.PROT_READ | syscall.PROT_WRITE)
	word := arm64.NOP
	if k != 0 {
		call, err := Trampoline(k)
		if err != nil {
			t.Fatal(err)
		}
		at := fixtureSize / 2
		v, err := arm64.Veneer(uint64(f.entry)+uint64(at), uint64(f.site), uint64(call))
		if err != nil {
			t.Fatal(err)
		}
		copy(f.mem[at:], v)
		binary.LittleEndian.PutUint64(f.mem[at+40:], uint64(f.as))
		if word, err = arm64.EncodeB(uint64(f.site), uint64(f.entry)+uint64(at)); err != nil {
			t.Fatal(err)
		}
	}
	binary.LittleEndian.PutUint32(f.mem[f.site-f.entry:], word)
	protect(syscall.PROT_READ | syscall.PROT_EXEC)
}

// TestTransparent runs the fixture with random values in all registers and each
// combination of flags: an armed site must leave all as a dormant one does, whatever
// way the trampoline takes.
func TestTransparent(t *testing.T) {
	f := newFixture(t)
	lo, _ := patch.Default.Home()
	noBlock := func(t *testing.T) {
		owners, n := slots.owner, claims
		slots.owner, claims = [slotCount]uintptr{}, maxClaims
		t.Cleanup(func() { slots.owner, claims = owners, n })
	}
	newThread := func(t *testing.T) {
		noBlock(t)
		claims = 0
	}
	full := func(t *testing.T) {
		t.Cleanup(func() { drain(func(Event) {}) })
		for range ringEvents {
			f.run(new(registers), new(registers))
		}
	}
	for i, tt := range []struct {
		name string
		kind Kind
		with func(*testing.T)
	}{
		{"dormant", 0, nil},
		{"count", Count, nil},
		{"note", Note, nil},
		{"both", Count | Note, nil},
		{"full", Note, full},
		{"first of its thread", Count | Note, newThread},
		{"count without a block", Count, noBlock},
		{"note without a block", Note, noBlock},
		{"both without a block", Count | Note, noBlock},
		{"values", Count | Full, nil},
		{"values, a full ring", Count | Full, full},
		{"values, first of its thread", Count | Full, newThread},
		{"values without a block", Count | Full, noBlock},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			f.as = lo + arm64.WordLen*uintptr(i)
			if tt.kind&Full != 0 {
				if err := SetWants(map[uintptr]Want{f.as: {Frame: 64, Places: []Place{{N: 30}, {Stack: true, N: 8}, {N: 16}}}}); err != nil {
					t.Fatal(err)
				}
				SetDepth(MaxDepth)
				SetValues(true)
			}
			f.arm(t, tt.kind)
			if tt.with != nil {
				tt.with(t)
			}
			const rounds = 64
			before := Hits(f.as)
			in, out := new(registers), new(registers)
			for i := range uint64(rounds) {
				for n := range in.x {
					in.x[n] = rand.Uint64()
				}
				in.nzcv, in.below8, in.below16 = i%16<<28, rand.Uint64(), rand.Uint64()
				f.run(in, out)
				in.x[18], in.x[28] = out.x[18], uint64(getg())
				if *in != *out {
					t.Fatalf("round %d:\nin  %x\nout %x", i, *in, *out)
				}
			}
			want := uint64(0)
			if tt.kind&Count != 0 {
				want = rounds
			}
			if got := Hits(f.as) - before; got != want {
				t.Errorf("%d hits were counted, want %d", got, want)
			}
		})
	}
}

// TestValuesOfAll compares the values of all registers, and of words of the stack, with what was there at the site.
func TestValuesOfAll(t *testing.T) {
	f := newFixture(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	lo, _ := patch.Default.Home()
	places := []Place{{Stack: true, N: 0}, {Stack: true, N: 16}, {Stack: true, N: -8}}
	for n := range int32(31) {
		if n != 18 && n != 28 { // they have owners
			places = append(places, Place{N: n})
		}
	}
	for i, tt := range []struct {
		name    string
		frame   int32
		callers func(x30, atSP uint64) []uint64
	}{
		{"no frame", NoFrame, func(x30, _ uint64) []uint64 { return []uint64{x30} }},
		{"not known", 0, func(_, _ uint64) []uint64 { return nil }},
		{"a frame", 64, func(_, atSP uint64) []uint64 { return []uint64{atSP} }}, // as if it were Go's
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.as = lo + arm64.WordLen*uintptr(100+i)
			if err := SetWants(map[uintptr]Want{f.as: {Frame: tt.frame, Places: places}}); err != nil {
				t.Fatal(err)
			}
			SetDepth(8)
			SetValues(true)
			f.arm(t, Full)
			in, out := new(registers), new(registers)
			here := [4]uint64{1, 1 << 32, 1 << 32, 1 << 32} // in the stack
			var b Batch
			drainAll(&b)
			for round := range 16 {
				for n := range in.x {
					in.x[n] = rand.Uint64()
				}
				// It leads nowhere: it is in the stack and not aligned, or anywhere else.
				if in.x[29] |= 1; round%2 == 0 {
					in.x[29] = uint64(uintptr(unsafe.Pointer(&here))) + 1
				}
				in.below8 = rand.Uint64()
				f.run(in, out)
				drainAll(&b)
				if len(b.Events) != 1 {
					t.Fatalf("%d events", len(b.Events))
				}
				got := b.Values(&b.Events[0])
				want := append([]uint64{got[0], uint64(uintptr(unsafe.Pointer(in))), in.below8}, slices.Concat(in.x[:18], in.x[19:28], in.x[29:])...)
				if !slices.Equal(got, want) {
					t.Fatalf("round %d:\nvalues %x\nwant   %x", round, got, want)
				}
				if got, want := b.Frames(&b.Events[0]), tt.callers(in.x[30], got[0]); !slices.Equal(got, want) {
					t.Fatalf("round %d: callers %x, want %x", round, got, want)
				}
			}
		})
	}
}
