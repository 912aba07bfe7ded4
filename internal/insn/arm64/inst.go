// Package arm64 decodes and builds the A64 instructions that live patching
// meets: branches, the ways to form an address, loads, and no-ops.
//
// Every word decodes: what is not one of these is [Other]. The sets of registers
// are conservative, so that an unknown word may read every register that its
// fields could name and surely writes none.
//
// Source: Arm Architecture Reference Manual (DDI 0487), chapter C4 (encodings)
// and C6 (instructions).
package arm64

// A Kind says which of the instructions of interest a word is.
type Kind uint8

// Kinds of instruction.
const (
	Other Kind = iota
	Nop
	B      // unconditional branch
	BL     // call
	BCond  // B.cond and BC.cond
	CBZ    // Rd is tested
	CBNZ   // Rd is tested
	TBZ    // bit Bit of Rd is tested
	TBNZ   // bit Bit of Rd is tested
	BR     // indirect jump through Rn; BRAA and so on
	BLR    // indirect call through Rn; BLRAA and so on
	Ret    // RET, RETAA, ERET
	Brk    // BRK, UDF, HLT
	ADR    // Rd = PC + Imm
	ADRP   // Rd = PC &^ 0xFFF + Imm
	AddImm // Rd = Rn + Imm, 64-bit, flags untouched
	Load   // Rd = Size bytes, zero-extended, at Rn + Imm (unsigned offset form)
	Store  // as Load, the other way
	Access // as Load or Store, but sign-extending, of a vector register, or a prefetch
	LDAR   // Rd = Size bytes at Rn, load-acquire; LDAPR too
	STLR   // as LDAR, the other way
)

var kindNames = [...]string{
	"other", "nop", "b", "bl", "b.cond", "cbz", "cbnz", "tbz", "tbnz", "br", "blr",
	"ret", "brk", "adr", "adrp", "add imm", "load", "store", "access", "ldar", "stlr",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid kind"
}

// WordLen is the length of every instruction in bytes.
const WordLen = 4

// Inst is one decoded instruction.
type Inst struct {
	Kind Kind
	// Rd is the register written (or stored, or tested), Rn the base. 31 is ZR
	// or SP, as the instruction has it.
	Rd, Rn uint8
	Size   uint8 // bytes loaded or stored
	Bit    uint8 // of TBZ and TBNZ
	// Imm is the displacement of a branch from the instruction's own address, the
	// displacement of ADR from it and of ADRP from its page, or an offset.
	Imm int64
}

// Target returns where a direct branch at pc goes, or the address that ADR or
// ADRP at pc forms.
func (i *Inst) Target(pc uint64) uint64 {
	if i.Kind == ADRP {
		pc &^= 0xFFF
	}
	return pc + uint64(i.Imm)
}

// Branch reports whether the instruction has a direct branch target.
func (i *Inst) Branch() bool {
	switch i.Kind {
	case B, BL, BCond, CBZ, CBNZ, TBZ, TBNZ:
		return true
	}
	return false
}

// Falls reports whether control can go on to the next instruction. It is true for calls.
func (i *Inst) Falls() bool {
	switch i.Kind {
	case B, BR, Ret, Brk:
		return false
	}
	return true
}
