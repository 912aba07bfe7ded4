package arm64

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"

	"github.com/gkhi/gkhi/internal/insn"
)

func TestVeneer(t *testing.T) {
	const at, site, call = 0x40_0000, 0x1_2340, 0x1234_5678_9abc
	got, err := Veneer(at, site, call)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != VeneerLen {
		t.Errorf("%d bytes, want %d", len(got), VeneerLen)
	}
	want := []string{ // the offsets of LDR and B are those from the instruction
		"STP X16, X17, [SP,#-80]!",
		"STR X30, [SP,#16]",
		"LDR X16, .+0x18",
		"LDR X17, .+0x1c",
		"BLR X16",
		"LDR X30, [SP,#16]",
		"LDP X16, X17, [SP],#80",
		"B .+0xffffffffffc12328", // to site+4
	}
	for i, w := range want {
		in, err := arm64asm.Decode(got[4*i:])
		if err != nil || !strings.EqualFold(in.String(), w) {
			t.Errorf("word %d is %q, %v; want %q", i, in, err, w)
		}
	}
	if a, b := binary.LittleEndian.Uint64(got[32:]), binary.LittleEndian.Uint64(got[40:]); a != call || b != site {
		t.Errorf("data are %#x and %#x, want %#x and %#x", a, b, uint64(call), uint64(site))
	}
}

// TestVeneerReach shows that a veneer is refused from which, or to which, a branch
// doesn't reach.
func TestVeneerReach(t *testing.T) {
	const reach = 1 << 27
	for _, tt := range []struct {
		site, at uint64
		ok       bool
	}{
		{site: reach, at: 2*reach - 24, ok: true},
		{site: reach, at: 2*reach - 20}, // the way back is longer
		{site: reach, at: 2 * reach},
		{site: 2 * reach, at: reach, ok: true},
		{site: 2 * reach, at: reach - 4},
	} {
		_, err := Veneer(tt.at, tt.site, 0)
		var re *insn.RangeError
		if tt.ok != (err == nil) || err != nil && !errors.As(err, &re) {
			t.Errorf("site %#x, veneer %#x: %v", tt.site, tt.at, err)
		}
	}
}

// TestReturnReads shows that a return reads no register but its own: a point's
// register is often R0, and a return follows.
func TestReturnReads(t *testing.T) {
	for w, want := range map[uint32]Regs{
		0xD65F_03C0: 1 << 30,              // RET
		0xD61F_0200: 1 << 16,              // BR X16
		0xD71F_0A05: 1<<16 | 1<<5 | 1<<30, // BRAA X16, X5: X30 is read by RETAA only
		0xD65F_0BFF: 1 << 30,              // RETAA
	} {
		if reads, _ := Registers(w); reads != want {
			t.Errorf("%#x reads %#x, want %#x", w, reads, want)
		}
	}
}
