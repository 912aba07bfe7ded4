//go:build linux && amd64

package amd64_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/cpu"

	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// hardware is where the flags of amd64.Flags are in RFLAGS.
var hardware = [6]uint{0, 2, 4, 6, 7, 11} // CF, PF, AF, ZF, SF, OF

func toRFLAGS(f amd64.Flags) (r uint64) {
	for i, bit := range hardware {
		r |= uint64(f>>i&1) << bit
	}
	return r
}

func fromRFLAGS(r uint64) (f amd64.Flags) {
	for i, bit := range hardware {
		f |= amd64.Flags(r>>bit&1) << i
	}
	return f
}

// TestFlagsOnProcessor executes instructions of registers with every setting of the
// flags and checks what the decoder says of them against what the processor does:
// results depend on no flag that is not in Reads, and a flag in Writes does not
// depend on its old value.
func TestFlagsOnProcessor(t *testing.T) {
	if !cpu.X86.HasBMI1 || !cpu.X86.HasBMI2 || !cpu.X86.HasADX || !cpu.X86.HasPOPCNT || !cpu.X86.HasSSE41 {
		t.Skip("this processor lacks some of BMI1, BMI2, ADX, POPCNT, SSE4.1")
	}
	e := newExecutor(t)
	rng := rand.New(rand.NewPCG(1, 2))
	forms := executable()
	seen := map[string]bool{}
	for _, code := range forms {
		i, err := amd64.Decode(code)
		if err != nil || int(i.Len) != len(code) {
			t.Errorf("% x: %v, Len %d", code, err, i.Len)
			continue
		}
		seen[fmt.Sprintf("%v/%v/%v", i.Reads, i.Writes, i.Undef)] = true
		e.load(t, code)
		for range 6 {
			reg := [4]uint64{rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64()}
			if rng.IntN(4) == 0 { // so that results are zero, and counts too
				reg = [4]uint64{rng.Uint64N(2), rng.Uint64N(2), rng.Uint64N(2), rng.Uint64N(2)}
			}
			if bad := checkFlags(e, &i, reg); bad != "" {
				t.Errorf("% x: reads %v, writes %v, undefined %v: %s", code, i.Reads, i.Writes, i.Undef, bad)
				break
			}
		}
	}
	t.Logf("%d instructions with %d effects", len(forms), len(seen))
}

// checkFlags runs the instruction with all settings of the flags and says what is wrong.
func checkFlags(e *executor, i *amd64.Inst, reg [4]uint64) string {
	var out [64]machine
	for f := range out {
		out[f] = machine{flags: 2 | toRFLAGS(amd64.Flags(f)), reg: reg}
		e.run(&out[f])
	}
	for f := range out {
		// g is f with the flags that do not matter cleared.
		g := amd64.Flags(f) & i.Reads
		if out[f].reg != out[g].reg {
			return fmt.Sprintf("registers %x become %x with flags %v and %x with %v",
				reg, out[f].reg, amd64.Flags(f), out[g].reg, g)
		}
		for n := range 6 {
			flag := amd64.Flags(1) << n
			h := g
			if i.Writes&flag == 0 {
				h |= amd64.Flags(f) & flag // its old value may show
			}
			if a, b := fromRFLAGS(out[f].result)&flag, fromRFLAGS(out[h].result)&flag; a != b {
				return fmt.Sprintf("registers %x: %v is %v with flags %v and %v with %v", reg, flag, a, amd64.Flags(f), b, h)
			}
		}
	}
	return ""
}

// executable lists instructions that work on AX, CX, DX, BX and XMM0 to XMM3
// alone and cannot fault.
func executable() (forms [][]byte) {
	modrms := []byte{0xC0, 0xC1, 0xC8, 0xD1, 0xDA, 0xC3} // register pairs, some of them equal
	imms := []byte{0, 1, 2, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64, 0x80, 0xFF}
	add := func(parts ...[]byte) {
		var b []byte
		for _, p := range parts {
			b = append(b, p...)
		}
		forms = append(forms, b)
	}
	for _, prefix := range [][]byte{{}, {0x66}, {0x48}} {
		immZ := []byte{0x34, 0x12, 0, 0}
		if len(prefix) > 0 && prefix[0] == 0x66 {
			immZ = immZ[:2]
		}
		plain := func(op ...byte) {
			for _, m := range modrms {
				add(prefix, op, []byte{m})
			}
		}
		withImm := func(op []byte, regs int) {
			for reg := range byte(regs) {
				for _, imm := range imms {
					add(prefix, op, []byte{0xC0 | reg<<3 | reg&3, imm})
				}
			}
		}
		for op := byte(0); op < 0x40; op += 8 {
			for k := range byte(4) {
				plain(op + k)
			}
			add(prefix, []byte{op + 4, 0x80})
			add(prefix, []byte{op + 5}, immZ)
		}
		for _, op := range []byte{0x63, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0xD0, 0xD1, 0xD2, 0xD3} {
			plain(op)
		}
		for reg := range byte(8) {
			for _, op := range []byte{0xD0, 0xD1, 0xD2, 0xD3} {
				add(prefix, []byte{op, 0xC2 | reg<<3})
			}
			add(prefix, []byte{0x81, 0xC3 | reg<<3}, immZ)
			if reg < 6 && reg > 1 { // not TEST, DIV, IDIV
				add(prefix, []byte{0xF6, 0xC3 | reg<<3})
				add(prefix, []byte{0xF7, 0xC3 | reg<<3})
			}
		}
		withImm([]byte{0x80}, 8)
		withImm([]byte{0x83}, 8)
		withImm([]byte{0xC0}, 8)
		withImm([]byte{0xC1}, 8)
		withImm([]byte{0xF6}, 2)
		withImm([]byte{0x6B}, 4)
		withImm([]byte{0x0F, 0xA4}, 4)
		withImm([]byte{0x0F, 0xAC}, 4)
		for reg := byte(4); reg < 8; reg++ {
			for _, imm := range imms {
				add(prefix, []byte{0x0F, 0xBA, 0xC0 | reg<<3, imm})
			}
		}
		add(prefix, []byte{0xF7, 0xC3}, immZ)
		for _, op := range []byte{0x98, 0x99, 0x9E, 0x9F, 0xF5, 0xF8, 0xF9, 0x90, 0x91, 0x92, 0x93} {
			add(prefix, []byte{op})
		}
		for _, m := range []byte{0xC0, 0xC1, 0xC8, 0xCB} {
			add(prefix, []byte{0xFE, m})
			add(prefix, []byte{0xFF, m})
		}
		for cc := range byte(16) {
			plain(0x0F, 0x40|cc)
			plain(0x0F, 0x90|cc)
		}
		for _, op := range []byte{0xA3, 0xA5, 0xAB, 0xAD, 0xAF, 0xB0, 0xB1, 0xB3, 0xB6, 0xB7, 0xBB, 0xBC, 0xBD, 0xBE, 0xBF, 0xC0, 0xC1, 0x2E, 0x2F} {
			if len(prefix) == 0 || prefix[0] != 0x48 || op > 0x2F {
				plain(0x0F, op)
			}
		}
	}
	for _, m := range modrms {
		for _, op := range []byte{0xB8, 0xBC, 0xBD} {
			add([]byte{0xF3, 0x0F, op, m})
			add([]byte{0xF3, 0x48, 0x0F, op, m})
		}
		add([]byte{0x66, 0x0F, 0x38, 0x17, m})
		add([]byte{0x66, 0x0F, 0x38, 0xF6, m})
		add([]byte{0xF3, 0x0F, 0x38, 0xF6, m})
		for _, op := range []byte{0xF2, 0xF5, 0xF7} { // ANDN, BZHI, BEXTR
			add([]byte{0xC4, 0xE2, 0x70, op, m})
			add([]byte{0xC4, 0xE2, 0xE8, op, m})
		}
		for reg := byte(1); reg < 4; reg++ { // BLSR, BLSMSK, BLSI
			add([]byte{0xC4, 0xE2, 0x70, 0xF3, 0xC0 | reg<<3 | m&3})
		}
		add([]byte{0xC4, 0xE2, 0x7B, 0xF6, m}) // MULX
	}
	return forms
}
