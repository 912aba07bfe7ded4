// Package amd64 decodes and builds x86-64 instructions for live patching.
//
// [Decode] is good for all of 64-bit mode: legacy prefixes, REX, the 0F, 0F38
// and 0F3A maps, VEX and EVEX. It yields what a patcher has to be certain of (the
// length, where control goes, RIP-relative operands, the arithmetic flags) and no text:
// for that there is golang.org/x/arch, against which the tests
// compare this package over large real binaries.
//
// What is not certain is an error, never a guess: REX2 (APX), XOP, 3DNow!,
// operand-size prefixes on near branches (Intel and AMD disagree on their
// length) and REX prefixes that are not the last prefix are refused.
//
// Sources: Intel SDM volume 2, appendix A (opcode maps) and the flag tables of
// each instruction; AMD APM volume 3.
package amd64

// A Kind says what an instruction does to control flow, or that it is a no-op.
type Kind uint8

// Kinds of instruction.
const (
	Other        Kind = iota
	Jcc               // conditional branch on flags: see Inst.Cond and Target
	Loop              // LOOP, LOOPE, LOOPNE, JRCXZ, XBEGIN: conditional, not by Cond
	Jmp               // direct jump: see Target
	Call              // direct call: see Target
	JmpIndirect       // jump through a register or memory; far jump
	CallIndirect      // call through a register or memory; far call
	Ret               // RET, far RET, IRET
	Int3              // the one-byte breakpoint, CC
	Nop               // 90 and 0F 1F in any form; not ENDBR, PAUSE or prefetches
	Undefined         // UD0, UD1, UD2: traps
)

var kindNames = [...]string{
	Other: "other", Jcc: "jcc", Loop: "loop", Jmp: "jmp", Call: "call",
	JmpIndirect: "jmp indirect", CallIndirect: "call indirect", Ret: "ret",
	Int3: "int3", Nop: "nop", Undefined: "undefined",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid kind"
}

// A Cond is a condition code: the low four bits of Jcc, SETcc and CMOVcc.
type Cond uint8

// The condition codes that sites use.
const (
	CondE  Cond = 0x4 // JE: ZF is set
	CondNE Cond = 0x5 // JNE: ZF is clear
)

// A Map is an opcode map.
type Map uint8

// Opcode maps. VEX and EVEX share the numbers.
const (
	MapOne  Map = 0 // one-byte opcodes
	Map0F   Map = 1
	Map0F38 Map = 2
	Map0F3A Map = 3
	Map5    Map = 5 // EVEX only
	Map6    Map = 6 // EVEX only
)

// Prefixes is a set of prefixes that an instruction carries.
type Prefixes uint16

// Prefix bits. VEX and EVEX instructions carry the implied one of OpSize, Rep and Repne.
const (
	OpSize   Prefixes = 1 << iota // 66
	AddrSize                      // 67
	Rep                           // F3
	Repne                         // F2
	Lock                          // F0
	SegFS                         // 64
	SegGS                         // 65
	SegOld                        // 26, 2E, 36, 3E: ignored, but for branch hints and NOTRACK
	VEX
	EVEX
)

// Inst is one decoded instruction. Offsets count from its first byte.
type Inst struct {
	Len     uint8 // bytes, 1 to 15
	Kind    Kind
	Cond    Cond // of a Jcc
	Map     Map
	Op      byte // opcode within Map
	REX     byte // the REX prefix, 0 when none; of VEX and EVEX, W, R, X, B in the same places
	ModRM   byte // meaningful when ModRMOff is not 0
	SIB     byte // meaningful when ModRM says that there is one
	Prefix  Prefixes
	Reads   Flags // arithmetic flags it may read; all when unsure
	Writes  Flags // flags it surely sets from its own inputs; none when unsure
	Undef   Flags // flags it leaves undefined: no program may rely on their old value
	Vvvv    uint8 // the extra register of VEX and EVEX, 0 to 15
	DispLen uint8 // bytes of address displacement: 0, 1, 4 (8 for moffs)
	ImmLen  uint8 // bytes of immediate or branch displacement, at the very end
	// ModRMOff and DispOff are 0 when there is none.
	ModRMOff, DispOff uint8
	RIPRel            bool  // the operand is at the next instruction + Disp
	Disp              int32 // sign-extended displacement (0 for moffs)
	Imm               int32 // immediate or branch displacement, sign-extended; the low half of 8 bytes
}

// Target returns where a direct branch at address pc goes. It is meaningful for
// Jcc, Loop, Jmp and Call.
func (i *Inst) Target(pc uint64) uint64 {
	return pc + uint64(i.Len) + uint64(int64(i.Imm))
}

// RIPTarget returns the address of the operand of an instruction at pc. It is
// meaningful when RIPRel is set.
func (i *Inst) RIPTarget(pc uint64) uint64 {
	return pc + uint64(i.Len) + uint64(int64(i.Disp))
}

// Branch reports whether the instruction has a direct branch target.
func (i *Inst) Branch() bool { return i.Kind.branch() }

func (k Kind) branch() bool { return k >= Jcc && k <= Call }

// Falls reports whether control can go on to the next instruction. It is true
// for calls: whether they return is not in their bytes.
func (i *Inst) Falls() bool {
	switch i.Kind {
	case Jmp, JmpIndirect, Ret, Undefined:
		return false
	}
	return true
}

// Mod returns the mod field of the ModRM byte: 3 when the operand is a register.
func (i *Inst) Mod() byte { return i.ModRM >> 6 }

// Reg returns the register field, 0 to 15.
func (i *Inst) Reg() byte { return i.ModRM>>3&7 | i.REX&rexR<<1 }

// RM returns the r/m field, 0 to 15. With Mod 3 it is a register; otherwise it
// is the base, unless its low bits are 4 (SIB) or 5 with Mod 0 (RIP-relative).
func (i *Inst) RM() byte { return i.ModRM&7 | i.REX&rexB<<3 }

const (
	rexB = 1 << iota
	rexX
	rexR
	rexW
)
