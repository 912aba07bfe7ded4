package record

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/patch"
)

// registers are what the fixture puts into the CPU before its site, or finds behind it.
type registers struct {
	x     [16]uint64 // RSP is left out, and R14, which has an owner, is only found
	flags uint64
}

// The flags of arithmetic; what else is set in all programs.
const (
	otherFlags = 0x202
	carry      = 1 << 0
	parity     = 1 << 2
	adjust     = 1 << 4
	zero       = 1 << 6
	sign       = 1 << 7
	overflow   = 1 << 11
)

// A fixture is a function with a site, made by hand so that every register and flag is live there. It is no text of the
// program: all blocks' counters, and the wants, are moved so that the fixture's are in memory of its own.
type fixture struct {
	run   func(in, out *registers)
	entry uintptr
	call  *uintptr // the trampoline
	count *uint64
	want  *uint64 // nil for none
}

// newFixture makes one, with the recorder open.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	page := syscall.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	const rax, rsp, r14, flags = 0, 4, 14, 16 * 8
	move := func(op byte, n int) []byte { // between register n and its place behind RAX
		return binary.LittleEndian.AppendUint32([]byte{0x48 | byte(n>>3)<<2, op, 0x80 | byte(n&7)<<3}, uint32(8*n))
	}
	code := []byte{
		0x55, 0x53, // PUSHQ BP, BX: the second argument
		0xFF, 0xB0, flags, 0, 0, 0, 0x9D, // PUSHQ 128(AX), POPFQ
	}
	for n := range 16 {
		if n != rax && n != rsp && n != r14 {
			code = append(code, move(0x8B, n)...)
		}
	}
	code = append(code, move(0x8B, rax)...)
	code = append(code, 0xFF, 0x15) // CALL of what the first word of the second page points to
	code = binary.LittleEndian.AppendUint32(code, uint32(page-len(code)-4))
	returnsTo := uintptr(len(code))
	code = append(code, 0x50, 0x9C, 0x48, 0x8B, 0x44, 0x24, 16) // PUSHQ AX, PUSHFQ, MOVQ 16(SP), AX
	for n := range 16 {
		if n != rax && n != rsp {
			code = append(code, move(0x89, n)...)
		}
	}
	code = append(code, 0x8F, 0x80, flags, 0, 0, 0, 0x8F, 0x00, 0x5B, 0x5D, 0xC3) // POPQ 128(AX), POPQ (AX), POPQ BX, BP, RET
	copy(mem, code)
	if err := syscall.Mprotect(mem[:page], syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		t.Fatal(err)
	}
	f := &fixture{entry: uintptr(unsafe.Pointer(&mem[0])), call: (*uintptr)(unsafe.Pointer(&mem[page]))}
	f.count, f.want = (*uint64)(unsafe.Pointer(&mem[page+8])), (*uint64)(unsafe.Pointer(&mem[page+16]))
	returnsTo += f.entry
	for _, b := range state.blocks {
		before := b.counters
		b.counters = uintptr(unsafe.Pointer(f.count)) - 2*returnsTo
		t.Cleanup(func() { b.counters = before })
	}
	before := wants
	wants = uintptr(unsafe.Pointer(f.want)) - 2*returnsTo
	t.Cleanup(func() { wants = before })

	// A function value is a pointer to a word with the entry.
	word := &f.entry
	f.run = *(*func(in, out *registers))(unsafe.Pointer(&word))
	return f
}

// TestTransparent runs the fixture with random values in all registers and each combination of flags: the site must
// leave all as it was, whatever way the trampoline takes.
func TestTransparent(t *testing.T) {
	lo, hi := patch.Default.Home()
	if err := Open(lo, hi-lo); err != nil {
		t.Fatal(err)
	}
	noBlock := func(t *testing.T, _ *fixture) {
		owners, n := slots.owner, claims
		slots.owner, claims = [slotCount]uintptr{}, maxClaims
		t.Cleanup(func() { slots.owner, claims = owners, n })
	}
	newThread := func(t *testing.T, f *fixture) {
		noBlock(t, f)
		claims = 0
	}
	fullRing := func(_ *testing.T, f *fixture) {
		for range ringEvents {
			in := &registers{flags: otherFlags}
			f.run(in, in)
		}
	}
	for _, tt := range []struct {
		name string
		kind Kind
		with func(*testing.T, *fixture)
	}{
		{"count", Count, nil},
		{"note", Note, nil},
		{"both", Count | Note, nil},
		{"a full ring", Note, fullRing},
		{"first of its thread", Count | Note, newThread},
		{"count without a block", Count, noBlock},
		{"note without a block", Note, noBlock},
		{"both without a block", Count | Note, noBlock},
		{"values", Count | Full, nil},
		{"values, a full ring", Count | Full, fullRing},
		{"values, first of its thread", Count | Full, newThread},
		{"values without a block", Count | Full, noBlock},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			SetDepth(MaxDepth)
			SetValues(true)
			if err := SetWants(map[uintptr]Want{lo: {Frame: 64, Places: []Place{{N: 0}, {N: 15}, {N: 5}, {Stack: true}}}}); err != nil {
				t.Fatal(err)
			}
			want := uint64(word(wants + 2*(lo+callLen)))
			f := newFixture(t)
			*f.want = want
			t.Cleanup(func() { drain(func(Event) {}) })
			var err error
			if *f.call, err = Trampoline(tt.kind); err != nil {
				t.Fatal(err)
			}
			if tt.with != nil {
				tt.with(t, f)
			}
			before := *f.count
			in, out := new(registers), new(registers)
			const rounds = 128
			for i := range uint64(rounds) {
				for n := range in.x {
					in.x[n] = rand.Uint64()
				}
				in.flags = otherFlags
				for bit, flag := range []uint64{carry, parity, adjust, zero, sign, overflow} {
					in.flags |= i >> bit & 1 * flag
				}
				f.run(in, out)
				in.x[4], in.x[14] = 0, uint64(getg())
				if *in != *out {
					t.Fatalf("round %d:\nin  %x\nout %x", i, *in, *out)
				}
			}
			counted := uint64(0)
			if tt.kind&Count != 0 {
				counted = rounds
			}
			if got := *f.count - before; got != counted {
				t.Errorf("%d hits were counted, want %d", got, counted)
			}
			if tt.name == "values" {
				var b Batch
				Drain(&b)
				last := &b.Events[len(b.Events)-1]
				if got, want := b.Values(last)[:3], []uint64{in.x[0], in.x[15], in.x[5]}; !slices.Equal(got, want) {
					t.Errorf("the values are %x, want %x", got, want)
				}
			}
		})
	}
}
