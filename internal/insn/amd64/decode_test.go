package amd64

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/insn"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	tests := []struct {
		code string
		text string // for the reader
		want Inst   // only the fields that are not zero, and Kind, are compared
	}{
		{"80 3d abd70c00 00", "CMPB $0, key(SB)", Inst{Len: 7, RIPRel: true, Disp: 0xcd7ab, DispOff: 2, DispLen: 4, ImmLen: 1, Writes: AllFlags}},
		{"48 8b 0d 29da0e00", "MOVQ key(SB), CX", Inst{Len: 7, RIPRel: true, Disp: 0xeda29, DispOff: 3}},
		{"4c 8b 3d 03731200", "MOVQ key@GOT(SB), R15", Inst{Len: 7, RIPRel: true, DispOff: 3}},
		{"41 80 3f 00", "CMPB $0, (R15)", Inst{Len: 4, Writes: AllFlags}},
		{"74 25", "JEQ", Inst{Len: 2, Kind: Jcc, Cond: CondE, Imm: 0x25, ImmLen: 1, Reads: ZF}},
		{"0f 85 00ffffff", "JNE", Inst{Len: 6, Kind: Jcc, Cond: CondNE, Imm: -256, ImmLen: 4, Reads: ZF}},
		{"eb fe", "JMP", Inst{Len: 2, Kind: Jmp, Imm: -2}},
		{"e9 01000000", "JMP", Inst{Len: 5, Kind: Jmp, Imm: 1}},
		{"e8 fbffffff", "CALL", Inst{Len: 5, Kind: Call, Imm: -5}},
		{"66 48 e8 00000000", "CALL as in TLS sequences", Inst{Len: 7, Kind: Call}},
		{"ff d0", "CALL RAX", Inst{Len: 2, Kind: CallIndirect}},
		{"ff 25 00100000", "JMP mem", Inst{Len: 6, Kind: JmpIndirect, RIPRel: true, Disp: 0x1000}},
		{"3e ff e0", "NOTRACK JMP RAX", Inst{Len: 3, Kind: JmpIndirect}},
		{"f3 c3", "REP RET", Inst{Len: 2, Kind: Ret}},
		{"c2 0800", "RET 8", Inst{Len: 3, Kind: Ret, ImmLen: 2}},
		{"e3 10", "JRCXZ", Inst{Len: 2, Kind: Loop, Imm: 16}},
		{"cc", "INT3", Inst{Len: 1, Kind: Int3, Reads: AllFlags}},
		{"0f 0b", "UD2", Inst{Len: 2, Kind: Undefined}},
		{"90", "NOP", Inst{Len: 1, Kind: Nop}},
		{"66 90", "NOP", Inst{Len: 2, Kind: Nop}},
		{"0f 1f 44 00 00", "NOP5", Inst{Len: 5, Kind: Nop}},
		{"66 2e 0f 1f 84 00 00000000", "NOP", Inst{Len: 10, Kind: Nop}},
		{"f3 90", "PAUSE", Inst{Len: 2}},
		{"41 90", "XCHG R8, AX", Inst{Len: 2}},
		{"f3 0f 1e fa", "ENDBR64", Inst{Len: 4}},
		{"48 b8 8877665544332211", "MOV imm64", Inst{Len: 10, ImmLen: 8, Imm: 0x55667788}},
		{"66 b8 3412", "MOV imm16", Inst{Len: 4, ImmLen: 2, Imm: 0x1234}},
		{"a0 8877665544332211", "MOV AL, moffs64", Inst{Len: 9, DispOff: 1, DispLen: 8}},
		{"67 a0 44332211", "MOV AL, moffs32", Inst{Len: 6, DispOff: 2, DispLen: 4}},
		{"c8 1000 01", "ENTER", Inst{Len: 4, ImmLen: 3, Imm: 16}},
		{"f6 05 01000000 80", "TEST mem, imm8", Inst{Len: 7, RIPRel: true, Disp: 1, Imm: -128, Writes: AllFlags &^ AF, Undef: AF}},
		{"f7 1d 01000000", "NEG mem", Inst{Len: 6, RIPRel: true, Disp: 1, Writes: AllFlags}},
		{"67 8b 05 01000000", "MOV [EIP+1]", Inst{Len: 7, Disp: 1, DispOff: 3}},
		{"0f 22 05", "MOV CR0, RBP: no memory form", Inst{Len: 3, Reads: AllFlags}},
		{"c7 f8 10000000", "XBEGIN", Inst{Len: 6, Kind: Loop, Imm: 16, Reads: AllFlags}},
		{"c5 f8 77", "VZEROUPPER", Inst{Len: 3}},
		{"c4 e3 71 0f c2 08", "VPALIGNR", Inst{Len: 6, ImmLen: 1, Imm: 8, Vvvv: 1}},
		{"c4 e2 70 f2 c2", "ANDN", Inst{Len: 5, Writes: CF | ZF | SF | OF, Undef: AF | PF}},
		{"62 f1 fe 48 6f 05 d6211800", "VMOVDQU64 mem", Inst{Len: 10, RIPRel: true, Disp: 0x1821d6, DispOff: 6}},
		{"66 0f 38 f6 c3", "ADCX", Inst{Len: 5, Reads: CF, Writes: CF}},
		{"d3 e0", "SHL CL: the count may be 0", Inst{Len: 2}},
		{"c1 e0 20", "SHL 32: the count is 0", Inst{Len: 3, ImmLen: 1, Imm: 32}},
		{"c0 e0 09", "SHL byte by 9", Inst{Len: 3, Undef: AllFlags}},
		{"f3 a6", "REP CMPSB: the count may be 0", Inst{Len: 2}},
		{"da c1", "FCMOVB", Inst{Len: 2, Reads: CF | PF | ZF}},
		{"da 01", "FIADD mem", Inst{Len: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			code := unhex(t, tt.code)
			got, err := Decode(append(code, 0xCC, 0xCC))
			if err != nil {
				t.Fatal(err)
			}
			w := tt.want
			if got.Len != w.Len || got.Kind != w.Kind || got.Cond != w.Cond || got.RIPRel != w.RIPRel ||
				got.Reads != w.Reads || w.Writes|w.Undef != 0 && (got.Writes != w.Writes || got.Undef != w.Undef) ||
				w.Disp != 0 && got.Disp != w.Disp || w.Imm != 0 && got.Imm != w.Imm ||
				w.DispOff != 0 && got.DispOff != w.DispOff || w.DispLen != 0 && got.DispLen != w.DispLen ||
				w.ImmLen != 0 && got.ImmLen != w.ImmLen || w.Vvvv != 0 && got.Vvvv != w.Vvvv {
				t.Errorf("% x:\n got %+v\nwant %+v", code, got, w)
			}
			for n := range code {
				if _, err := Decode(code[:n]); !errors.Is(err, insn.ErrTruncated) {
					t.Errorf("% x, cut to %d: error %v, want %v", code, n, err, insn.ErrTruncated)
				}
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for code, text := range map[string]string{
		"06":                               "PUSH ES",
		"27":                               "DAA",
		"60":                               "PUSHA",
		"82 c0 01":                         "group 1, the alias",
		"9a 00000000 0000":                 "far CALL",
		"ce":                               "INTO",
		"d4 0a":                            "AAM",
		"d5 00 90":                         "REX2",
		"ea 00000000 0000":                 "far JMP",
		"66 e8 0000":                       "CALL with 66",
		"66 0f 84 0000":                    "JEQ with 66",
		"48 66 90":                         "REX that is not the last prefix",
		"40 40 90":                         "two REX",
		"66 c5 f8 77":                      "VEX behind 66",
		"40 c5 f8 77":                      "VEX behind REX",
		"c4 ff 71 0f c2 08":                "VEX with a reserved map",
		"8f e8 78 c2 ec 0e":                "XOP",
		"0f 0f c1 0d":                      "3DNow!",
		"0f 24 c0":                         "MOV TR",
		"0f b8 c0":                         "JMPE",
		"0f 3b":                            "a reserved opcode",
		"0f 38 ff c0":                      "a reserved opcode",
		"0f 3a 00 c0 00":                   "a reserved opcode",
		"c7 c8 00000000":                   "group 11",
		"fe d0":                            "group 4",
		"ff f8":                            "group 5",
		"ff d8":                            "far CALL of a register",
		"66662e662e662e662e662e662e":       "nothing but prefixes, in 15 bytes",
		"66666666666666666666666666666690": "16 bytes",
	} {
		b := append(unhex(t, code), make([]byte, 16)...)
		if strings.HasPrefix(text, "nothing") {
			for i := range b[13:] {
				b[13+i] = 0x66
			}
		}
		if i, err := Decode(b); err != insn.ErrUnknown || i != (Inst{}) {
			t.Errorf("%s (%s): %+v, %v; want %v", code, text, i, err, insn.ErrUnknown)
		}
	}
	if _, err := Decode(nil); err != insn.ErrTruncated {
		t.Errorf("of nothing: %v", err)
	}
}

func TestTargets(t *testing.T) {
	jmp, err := Decode(unhex(t, "eb fe"))
	if err != nil || jmp.Target(0x1000) != 0x1000 {
		t.Errorf("a jump to itself goes to %#x, %v", jmp.Target(0x1000), err)
	}
	cmp, err := Decode(unhex(t, "80 3d f9ffffff 00"))
	if err != nil || cmp.RIPTarget(0x1000) != 0x1000 {
		t.Errorf("the operand is at %#x, %v: want the instruction itself", cmp.RIPTarget(0x1000), err)
	}
	for code, want := range map[string][2]bool{ // has a target, falls through
		"eb 00": {true, false}, "74 00": {true, true}, "e8 00000000": {true, true}, "e3 00": {true, true},
		"c3": {false, false}, "ff e0": {false, false}, "ff d0": {false, true}, "0f 0b": {false, false}, "90": {false, true},
	} {
		i, err := Decode(unhex(t, code))
		if err != nil || i.Branch() != want[0] || i.Falls() != want[1] {
			t.Errorf("%s: Branch %v, Falls %v, %v; want %v", code, i.Branch(), i.Falls(), err, want)
		}
	}
}

func TestRegister(t *testing.T) {
	const ax, cx, dx, bx, sp, r8, r15 = 0, 1, 2, 3, 4, 8, 15
	tests := []struct {
		code, text string
		reg        byte
		want       Use
	}{
		{"48 89 c8", "MOVQ CX, AX", cx, UseRead},
		{"48 89 c8", "MOVQ CX, AX", ax, UseWrite},
		{"48 89 c8", "MOVQ CX, AX", dx, UseNone},
		{"48 8b 0d 00000000", "MOVQ x(SB), CX", cx, UseWrite},
		{"48 8b 09", "MOVQ (CX), CX", cx, UseRead},
		{"66 89 c8", "MOVW CX, AX", ax, UseUnknown},
		{"48 89 08", "MOVQ CX, (AX)", ax, UseRead},
		{"48 89 08", "MOVQ CX, (AX)", cx, UseRead},
		{"48 8d 0c 01", "LEAQ (CX)(AX*1), CX", ax, UseRead},
		{"48 8d 05 00000000", "LEAQ x(SB), AX", ax, UseWrite},
		{"4a 8b 04 c1", "MOVQ (CX)(R8*8), AX", r8, UseRead},
		{"48 8b 04 24", "MOVQ (SP), AX: index 4 is none", sp, UseRead},
		{"31 c9", "XORL CX, CX", cx, UseWrite},
		{"48 19 c9", "SBBQ CX, CX", cx, UseWrite},
		{"48 01 c9", "ADDQ CX, CX", cx, UseRead},
		{"48 85 c9", "TESTQ CX, CX", cx, UseRead},
		{"48 83 f9 01", "CMPQ CX, $1", cx, UseRead},
		{"48 ff c1", "INCQ CX", cx, UseRead},
		{"b9 01000000", "MOVL $1, CX", cx, UseWrite},
		{"48 c7 c1 01000000", "MOVQ $1, CX", cx, UseWrite},
		{"c7 01 01000000", "MOVL $1, (CX)", cx, UseRead},
		{"c7 01 01000000", "MOVL $1, (CX)", ax, UseNone},
		{"0f b6 09", "MOVBLZX (CX), CX", cx, UseRead},
		{"0f b6 c9", "MOVBLZX CL, CX", cx, UseRead},
		{"0f b6 c4", "MOVBLZX AH, AX", ax, UseUnknown},
		{"40 0f b6 c4", "MOVBLZX SPB, AX", sp, UseRead},
		{"51", "PUSHQ CX", cx, UseRead},
		{"41 57", "PUSHQ R15", r15, UseRead},
		{"59", "POPQ CX", cx, UseUnknown},
		{"48 f7 e1", "MULQ CX", ax, UseUnknown},
		{"f3 a4", "REP MOVSB", cx, UseUnknown},
		{"e8 00000000", "CALL", cx, UseUnknown},
		{"0f 1f 44 00 00", "NOP5", ax, UseNone},
		{"74 00", "JEQ", bx, UseNone},
		{"80 3d 00000000 00", "CMPB $0, x(SB)", ax, UseNone},
		{"c5 f8 77", "VZEROUPPER", ax, UseUnknown},
	}
	for _, tt := range tests {
		i, err := Decode(unhex(t, tt.code))
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
		} else if got := i.Register(tt.reg); got != tt.want {
			t.Errorf("%s: register %d: use %d, want %d", tt.text, tt.reg, got, tt.want)
		}
	}
}
