package amd64_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"

	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// xdecode decodes with golang.org/x/arch (v0.32.0). It reports false where that
// package does not know the instruction or is known to be wrong about it.
func xdecode(b []byte) (x86asm.Inst, bool) {
	x, err := x86asm.Decode(b, 64)
	if err != nil || x.Op == 0 {
		return x, false
	}
	switch x.Op {
	case x86asm.VZEROUPPER, x86asm.VZEROALL: // takes a ModRM byte that isn't there
		return x, false
	case x86asm.MOV: // control and debug registers: takes a memory operand that isn't there
		if op := x.Opcode >> 16; op >= 0x0F20 && op <= 0x0F23 {
			return x, false
		}
	case x86asm.RDRAND: // takes SENDUIPI and VMPTRLD for it
		if x.Args[0] == nil {
			return x, false
		}
		for _, p := range x.Prefix {
			if p&0xFF == 0xF3 {
				return x, false
			}
		}
	}
	// EVEX maps 5 and 6, and above, are taken for 1 and 2.
	if evex := bytes.IndexByte(b[:x.Len], 0x62); evex >= 0 && x.Prefix[0]&0xFF != 0 && evex+1 < x.Len && b[evex+1]&7 > 3 {
		return x, false
	}
	return x, true
}

// A place says where an instruction comes from.
type place struct {
	name string
	off  int
}

// compare checks all facts about one instruction that both decoders know.
func compare(t *testing.T, where place, b []byte, i *amd64.Inst, x *x86asm.Inst) {
	t.Helper()
	b = b[:min(len(b), 15)]
	if int(i.Len) != x.Len {
		t.Errorf("%v: % x: Len %d, x/arch %d (%v)", where, b, i.Len, x.Len, x)
		return
	}
	if want := xkind(x); i.Kind != want {
		t.Errorf("%v: % x: Kind %v, x/arch %v (%v)", where, b[:i.Len], i.Kind, want, x)
	}
	if i.Kind == amd64.Jcc {
		if want, ok := conds[x.Op]; !ok || i.Cond != want {
			t.Errorf("%v: % x: Cond %x, x/arch %x (%v)", where, b[:i.Len], i.Cond, want, x)
		}
	}
	rel, isRel := xrel(x)
	if isRel != i.Branch() || isRel && rel != int64(i.Imm) {
		t.Errorf("%v: % x: branch %v by %d, x/arch %v by %d (%v)", where, b[:i.Len], i.Branch(), i.Imm, isRel, rel, x)
	}
	disp, isRIP := xrip(x)
	if i.Prefix&(amd64.VEX|amd64.EVEX) != 0 {
		disp, isRIP = int64(i.Disp), i.RIPRel // x/arch takes it for an absolute address
	}
	if isRIP != i.RIPRel || isRIP && disp != int64(i.Disp) {
		t.Errorf("%v: % x: RIP-relative %v %d, x/arch %v %d (%v)", where, b[:i.Len], i.RIPRel, i.Disp, isRIP, disp, x)
	}
	if isRIP && i.Prefix&(amd64.VEX|amd64.EVEX) == 0 && (int(i.DispOff) != x.PCRelOff || i.DispLen != 4) {
		t.Errorf("%v: % x: displacement at %d (%d bytes), x/arch at %d (%v)", where, b[:i.Len], i.DispOff, i.DispLen, x.PCRelOff, x)
	}
	if reads, kills := xflags(x); i.Reads != reads || i.Writes|i.Undef != kills {
		t.Errorf("%v: % x: flags read %v and overwritten %v, want %v and %v (%v)",
			where, b[:i.Len], i.Reads, i.Writes|i.Undef, reads, kills, x)
	}
}

// xrel returns the displacement of a direct branch.
func xrel(x *x86asm.Inst) (int64, bool) {
	for _, a := range x.Args {
		if r, ok := a.(x86asm.Rel); ok {
			return int64(r), true
		}
	}
	return 0, false
}

// xrip returns the displacement of a RIP-relative operand.
func xrip(x *x86asm.Inst) (int64, bool) {
	for _, a := range x.Args {
		if m, ok := a.(x86asm.Mem); ok && m.Base == x86asm.RIP {
			return int64(int32(m.Disp)), true // it is not sign-extended
		}
	}
	return 0, false
}

var conds = map[x86asm.Op]amd64.Cond{
	x86asm.JO: 0, x86asm.JNO: 1, x86asm.JB: 2, x86asm.JAE: 3, x86asm.JE: 4, x86asm.JNE: 5,
	x86asm.JBE: 6, x86asm.JA: 7, x86asm.JS: 8, x86asm.JNS: 9, x86asm.JP: 10, x86asm.JNP: 11,
	x86asm.JL: 12, x86asm.JGE: 13, x86asm.JLE: 14, x86asm.JG: 15,
}

func xkind(x *x86asm.Inst) amd64.Kind {
	_, direct := xrel(x)
	if _, ok := conds[x.Op]; ok {
		return amd64.Jcc
	}
	switch x.Op {
	case x86asm.JCXZ, x86asm.JECXZ, x86asm.JRCXZ, x86asm.LOOP, x86asm.LOOPE, x86asm.LOOPNE, x86asm.XBEGIN:
		return amd64.Loop
	case x86asm.JMP:
		if direct {
			return amd64.Jmp
		}
		return amd64.JmpIndirect
	case x86asm.CALL:
		if direct {
			return amd64.Call
		}
		return amd64.CallIndirect
	case x86asm.LJMP:
		return amd64.JmpIndirect
	case x86asm.LCALL:
		return amd64.CallIndirect
	case x86asm.RET, x86asm.LRET, x86asm.IRET, x86asm.IRETD, x86asm.IRETQ:
		return amd64.Ret
	case x86asm.INT:
		if x.Opcode>>24 == 0xCC {
			return amd64.Int3
		}
	case x86asm.NOP:
		return amd64.Nop
	case x86asm.UD0, x86asm.UD1, x86asm.UD2:
		return amd64.Undefined
	}
	return amd64.Other
}

// flagRows says, by mnemonic, which flags an instruction reads and which it
// overwrites or leaves undefined, independently of the tables under test (Intel SDM
// volume 1, appendix A). A mnemonic that is in no row does neither.
var flagRows = []struct {
	ops          string
	reads, kills amd64.Flags
}{
	{"ADD SUB CMP NEG XADD CMPXCHG AND OR XOR TEST POPCNT PTEST POPF POPFQ POPFD", 0, amd64.AllFlags},
	{"COMISS COMISD UCOMISS UCOMISD VCOMISS VCOMISD VUCOMISS VUCOMISD RDRAND RDSEED", 0, amd64.AllFlags},
	{"VPTEST VTESTPS VTESTPD PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM KTESTB KTESTW KTESTD KTESTQ", 0, amd64.AllFlags},
	{"KORTESTB KORTESTW KORTESTD KORTESTQ VPCMPESTRI VPCMPESTRM VPCMPISTRI VPCMPISTRM", 0, amd64.AllFlags},
	{"VPCMPESTRI64 VPCMPESTRM64 VPCMPISTRI64 VCOMXSS VCOMXSD VUCOMXSS VUCOMXSD", 0, amd64.AllFlags},
	{"MUL IMUL DIV IDIV BSF BSR TZCNT LZCNT ANDN BLSR BLSMSK BLSI BZHI BEXTR", 0, amd64.AllFlags},
	{"ADC SBB", amd64.CF, amd64.AllFlags},
	{"INC DEC", 0, amd64.AllFlags &^ amd64.CF},
	{"BT BTS BTR BTC", 0, amd64.AllFlags &^ amd64.ZF},
	{"CLC STC", 0, amd64.CF},
	{"CMC ADCX", amd64.CF, amd64.CF},
	{"ADOX", amd64.OF, amd64.OF},
	{"CMPXCHG8B CMPXCHG16B LAR LSL VERR VERW", 0, amd64.ZF},
	{"LOOPE LOOPNE", amd64.ZF, 0},
	{"SAHF", 0, amd64.AllFlags &^ amd64.OF},
	{"LAHF", amd64.AllFlags &^ amd64.OF, 0},
	{"FCOMI FCOMIP FUCOMI FUCOMIP", 0, amd64.CF | amd64.PF | amd64.ZF},
	{"FCMOVB FCMOVBE FCMOVE FCMOVNB FCMOVNBE FCMOVNE FCMOVNU FCMOVU", amd64.CF | amd64.PF | amd64.ZF, 0},
	{"JO JNO SETO SETNO CMOVO CMOVNO", amd64.OF, 0},
	{"JB JAE SETB SETAE CMOVB CMOVAE", amd64.CF, 0},
	{"JE JNE SETE SETNE CMOVE CMOVNE", amd64.ZF, 0},
	{"JBE JA SETBE SETA CMOVBE CMOVA", amd64.CF | amd64.ZF, 0},
	{"JS JNS SETS SETNS CMOVS CMOVNS", amd64.SF, 0},
	{"JP JNP SETP SETNP CMOVP CMOVNP", amd64.PF, 0},
	{"JL JGE SETL SETGE CMOVL CMOVGE", amd64.SF | amd64.OF, 0},
	{"JLE JG SETLE SETG CMOVLE CMOVG", amd64.SF | amd64.OF | amd64.ZF, 0},
	// What the decoder is unsure of on purpose: system instructions, traps.
	{"PUSHF PUSHFD PUSHFQ INT INTO ICEBP HLT SYSCALL SYSRET SYSENTER SYSEXIT IRET IRETD IRETQ RSM", amd64.AllFlags, 0},
	{"CLI STI WRMSR RDMSR RDPMC CLTS INVD WBINVD INVLPG SWAPGS SMSW LMSW SGDT SIDT LGDT LIDT", amd64.AllFlags, 0},
	{"SLDT STR LLDT LTR XBEGIN XEND XABORT XTEST XSETBV MONITOR MWAIT INVPCID", amd64.AllFlags, 0},
}

var flagsByOp = func() map[string][2]amd64.Flags {
	m := map[string][2]amd64.Flags{}
	for _, r := range flagRows {
		for op := range strings.FieldsSeq(r.ops) {
			m[op] = [2]amd64.Flags{r.reads, r.kills}
		}
	}
	return m
}()

func xflags(x *x86asm.Inst) (reads, kills amd64.Flags) {
	f := flagsByOp[x.Op.String()]
	reads, kills = f[0], f[1]
	switch x.Op {
	case x86asm.CMPSB, x86asm.CMPSW, x86asm.CMPSD, x86asm.CMPSQ,
		x86asm.SCASB, x86asm.SCASW, x86asm.SCASD, x86asm.SCASQ:
		kills = amd64.AllFlags
		if x.Op == x86asm.CMPSD && x.Opcode>>16 == 0x0FC2 { // the SSE comparison
			kills = 0
		}
		for _, p := range x.Prefix {
			if p&0xFF == 0xF2 || p&0xFF == 0xF3 {
				kills = 0 // the count may be 0
			}
		}
	case x86asm.SHL, x86asm.SHR, x86asm.SAR, x86asm.SHLD, x86asm.SHRD,
		x86asm.ROL, x86asm.ROR, x86asm.RCL, x86asm.RCR:
		return shiftFlags(x)
	case x86asm.MOV:
		for _, a := range x.Args[:2] {
			if r, ok := a.(x86asm.Reg); ok && r >= x86asm.CR0 && r <= x86asm.TR7 {
				reads = amd64.AllFlags // privileged
			}
		}
	case x86asm.XGETBV, x86asm.RDTSCP:
		reads = 0
	}
	return reads, kills
}

func shiftFlags(x *x86asm.Inst) (reads, kills amd64.Flags) {
	rotate, carry := x.Op == x86asm.ROL || x.Op == x86asm.ROR, x.Op == x86asm.RCL || x.Op == x86asm.RCR
	if carry {
		reads = amd64.CF
	}
	count := x.Args[1]
	if x.Op == x86asm.SHLD || x.Op == x86asm.SHRD {
		count = x.Args[2]
	}
	n, ok := count.(x86asm.Imm)
	mask := x86asm.Imm(0x1F)
	if x.DataSize == 64 && x.Opcode>>24 != 0xC0 {
		mask = 0x3F
	}
	if !ok || n&mask == 0 {
		return reads, 0 // by CL, or by 0
	}
	switch {
	case carry && x.Opcode>>24&^1 != 0xD0:
		return reads, 0
	case carry, rotate:
		return reads, amd64.CF | amd64.OF
	}
	return reads, amd64.AllFlags
}

// TestRandom compares on random bytes, most of them behind a lead to one of the maps.
func TestRandom(t *testing.T) {
	leads := []string{"", "", "\x0f", "\x66", "\xf3\x0f", "\xf2\x0f", "\x48", "\x66\x0f", "\x0f\x38", "\x66\x0f\x3a", "\x66\x0f\x38", "\xc4", "\xc5", "\x62"}
	rng := rand.New(rand.NewPCG(1, 2))
	both, total := 0, 1_000_000
	if quick() {
		total /= 10
	}
	for range total {
		b := []byte(leads[rng.IntN(len(leads))])
		for len(b) < 18 {
			b = append(b, byte(rng.Uint32()))
		}
		i, err := amd64.Decode(b)
		if x, ok := xdecode(b); ok && err == nil {
			both++
			compare(t, place{name: "random"}, b, &i, &x)
		}
	}
	if both < total/3 {
		t.Errorf("only %d of %d were known to both", both, total)
	}
}

// TestCompareNotices is a check of the comparison itself.
func TestCompareNotices(t *testing.T) {
	code := []byte{0x80, 0x3d, 1, 2, 3, 4, 0}
	good, err := amd64.Decode(code)
	x, ok := xdecode(code)
	if err != nil || !ok {
		t.Fatal(err, ok)
	}
	for name, change := range map[string]func(*amd64.Inst){
		"length": func(i *amd64.Inst) { i.Len++ },
		"kind":   func(i *amd64.Inst) { i.Kind = amd64.Nop },
		"disp":   func(i *amd64.Inst) { i.Disp++ },
		"offset": func(i *amd64.Inst) { i.DispOff++ },
		"flags":  func(i *amd64.Inst) { i.Undef, i.Writes = 0, 0 },
	} {
		bad := good
		change(&bad)
		probe := &testing.T{}
		compare(probe, place{name: name}, code, &bad, &x)
		if !probe.Failed() {
			t.Errorf("%s: the difference was not noticed", name)
		}
	}
	compare(t, place{name: "unchanged"}, bytes.Clone(code), &good, &x)
}
