package arm64_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"

	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/scan/elfimage"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// TestRealProgram compares every word of a large program's functions.
func TestRealProgram(t *testing.T) {
	testenv.Need(t, testenv.NotShort)
	im, err := elfimage.Open(testenv.BuildWith(t, testenv.BuildSpec{
		Pkg: "cmd/gofmt", Env: []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	words, known, vague := 0, 0, 0
	for _, f := range im.Funcs {
		for code := im.Code(f); len(code) >= 4; code = code[4:] {
			w := binary.LittleEndian.Uint32(code)
			words++
			if compare(t, w) {
				known++
			}
			if reads, _ := arm64.Registers(w); reads == arm64.AllRegs {
				vague++
			}
		}
	}
	t.Logf("%d words, %d known to x/arch; of %d the registers are unknown", words, known, vague)
	if words < 100_000 || known < words*9/10 || vague > words/500 {
		t.Error("too few words, too few known to x/arch, or too many whose registers are unknown")
	}
}

// TestRandomWords compares on random words: most kinds of instruction come up.
func TestRandomWords(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	known, total := 0, 1_000_000
	if testing.Short() {
		total /= 10
	}
	for range total {
		if compare(t, rng.Uint32()) {
			known++
		}
	}
	if known < total/10 {
		t.Errorf("only %d of %d words were known to x/arch", known, total)
	}
}

func FuzzDecode(f *testing.F) {
	for _, w := range []uint32{
		0xd503201f, 0x14000003, 0x97ffca7c, 0x54000289, 0x36000144, 0xb4000040, 0xd65f03c0, 0xd63f0340,
		0xb00006bb, 0x91330000, 0x39730364, 0xc8dffc21, 0xf9400b90, 0x10000001, 0,
	} {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, w uint32) {
		i := arm64.Decode(w)
		if i.Rd > 31 || i.Rn > 31 || i.Kind.String() == "invalid kind" {
			t.Fatalf("%08x: %+v", w, i)
		}
		compare(t, w)
	})
}

// compare checks a word against golang.org/x/arch and reports whether that
// package knows it.
func compare(t *testing.T, w uint32) bool {
	t.Helper()
	x, err := arm64asm.Decode(binary.LittleEndian.AppendUint32(nil, w))
	if err != nil {
		return false
	}
	i := arm64.Decode(w)
	if want := xkind(w, &x); i.Kind != want {
		t.Errorf("%08x: Kind %v, x/arch %v (%v)", w, i.Kind, want, x)
		return true
	}
	for _, a := range x.Args {
		switch a := a.(type) {
		case arm64asm.PCRel:
			if (i.Branch() || i.Kind == arm64.ADR || i.Kind == arm64.ADRP) && i.Imm != int64(a) {
				t.Errorf("%08x: displacement %d, x/arch %d (%v)", w, i.Imm, int64(a), x)
			}
		case arm64asm.MemImmediate:
			if want := memory(i); want != "" && a.String() != want {
				t.Errorf("%08x: operand %s, x/arch %s (%v)", w, want, a, x)
			}
		}
	}
	compareRegs(t, w, &x)
	return true
}

// memory returns the operand of a load or store as x/arch writes it.
func memory(i arm64.Inst) string {
	base := fmt.Sprintf("X%d", i.Rn)
	if i.Rn == 31 {
		base = "SP"
	}
	switch i.Kind {
	case arm64.LDAR, arm64.STLR:
		return "[" + base + "]"
	case arm64.Load, arm64.Store, arm64.Access:
		if i.Imm == 0 {
			return "[" + base + "]"
		}
		return fmt.Sprintf("[%s,#%d]", base, i.Imm)
	}
	return ""
}

func xkind(w uint32, x *arm64asm.Inst) arm64.Kind {
	switch x.Op {
	case arm64asm.NOP:
		return arm64.Nop
	case arm64asm.B:
		if _, ok := x.Args[0].(arm64asm.Cond); ok {
			return arm64.BCond
		}
		return arm64.B
	case arm64asm.BL:
		return arm64.BL
	case arm64asm.CBZ:
		return arm64.CBZ
	case arm64asm.CBNZ:
		return arm64.CBNZ
	case arm64asm.TBZ:
		return arm64.TBZ
	case arm64asm.TBNZ:
		return arm64.TBNZ
	case arm64asm.BR:
		return arm64.BR
	case arm64asm.BLR:
		return arm64.BLR
	case arm64asm.RET, arm64asm.ERET, arm64asm.DRPS:
		return arm64.Ret
	case arm64asm.BRK, arm64asm.HLT:
		return arm64.Brk
	case arm64asm.ADR:
		return arm64.ADR
	case arm64asm.ADRP:
		return arm64.ADRP
	case arm64asm.LDAR, arm64asm.LDARB, arm64asm.LDARH, arm64asm.STLR, arm64asm.STLRB, arm64asm.STLRH:
		switch {
		case w>>16&31 != 31 || w>>10&31 != 31:
			return arm64.Other // bits that should be one
		case w>>22&1 != 0:
			return arm64.LDAR
		}
		return arm64.STLR
	}
	// Addition of an immediate, also as its alias MOV to or from SP.
	if w>>23 == 0b100100010 {
		return arm64.AddImm
	}
	if w>>27&7 != 0b111 || w>>24&3 != 1 { // not an unsigned offset
		return arm64.Other
	}
	switch x.Op {
	case arm64asm.LDR, arm64asm.LDRB, arm64asm.LDRH:
		if w>>26&1 == 0 {
			return arm64.Load
		}
		return arm64.Access
	case arm64asm.STR, arm64asm.STRB, arm64asm.STRH:
		if w>>26&1 == 0 {
			return arm64.Store
		}
		return arm64.Access
	case arm64asm.LDRSB, arm64asm.LDRSH, arm64asm.LDRSW, arm64asm.PRFM:
		return arm64.Access
	}
	return arm64.Other
}

var regName = regexp.MustCompile(`\b[XW](\d+)\b`)

// compareRegs checks that every general register in x/arch's operands is accounted
// for: the sources and bases are read, the destinations written, and nothing else
// is written.
func compareRegs(t *testing.T, w uint32, x *arm64asm.Inst) {
	t.Helper()
	reads, writes := arm64.Registers(w)
	if reads == arm64.AllRegs {
		return
	}
	from, to := destinations(x)
	var sources, dests arm64.Regs
	for n, a := range x.Args {
		if a == nil {
			break
		}
		var regs arm64.Regs
		for _, m := range regName.FindAllStringSubmatch(a.String(), -1) {
			r, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			regs |= 1 << r & arm64.AllRegs
		}
		if from <= n && n < to {
			dests |= regs
		} else {
			sources |= regs
		}
		if m, ok := a.(arm64asm.MemImmediate); ok && m.Mode != arm64asm.AddrOffset && m.Base != arm64asm.RegSP(arm64asm.SP) {
			dests |= 1 << (arm64asm.Reg(m.Base) - arm64asm.X0)
		}
	}
	if x.Op == arm64asm.BL || x.Op == arm64asm.BLR {
		dests |= 1 << 30
	}
	if alsoRead[x.Op] {
		sources |= dests
	}
	if sources&^reads != 0 || writes != dests {
		t.Errorf("%08x: reads %#x, writes %#x; x/arch %#x and %#x (%v)", w, reads, writes, sources, dests, x)
	}
}

var alsoRead = map[arm64asm.Op]bool{
	arm64asm.MOVK: true, arm64asm.BFM: true, arm64asm.BFI: true, arm64asm.BFXIL: true,
}

// destinations returns which operands are written: from <= n < to.
func destinations(x *arm64asm.Inst) (from, to int) {
	switch x.Op {
	case arm64asm.LDP, arm64asm.LDPSW, arm64asm.LDNP, arm64asm.LDXP, arm64asm.LDAXP:
		return 0, 2
	case arm64asm.SYSL:
		return 0, 1
	}
	name := x.Op.String()
	if strings.HasPrefix(name, "STX") || strings.HasPrefix(name, "STLX") { // the status
		return 0, 1
	}
	for _, prefix := range []string{"ST", "CB", "TB", "CMP", "CMN", "TST", "CCM", "PRF", "MSR", "SYS", "BR", "BL", "RET", "IC", "DC", "AT", "TLBI"} {
		if strings.HasPrefix(name, prefix) {
			return 0, 0
		}
	}
	return 0, 1
}
