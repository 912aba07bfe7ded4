package arm64

// Regs is a set of general registers: bit n is Xn. Register 31, which is SP or ZR,
// is never in one.
type Regs uint32

// AllRegs is X0 to X30.
const AllRegs Regs = 1<<31 - 1

// Has reports whether Xn is in the set.
func (s Regs) Has(n uint8) bool { return n < 31 && s>>n&1 != 0 }

// Registers returns the registers that a word may read and those that it
// overwrites as a whole. Where the word is not known for certain reads is
// AllRegs, writes is empty, and any register may be written. Calls are taken by their
// own bytes: what the callee reads and writes is not included.
func Registers(w uint32) (reads, writes Regs) {
	f := fieldsOf(w)
	switch w >> 25 & 15 {
	case 0b1000, 0b1001:
		return f.immediate()
	case 0b1010, 0b1011:
		return f.branch()
	case 0b0100, 0b0110, 0b1100, 0b1110:
		return f.memory()
	case 0b0101, 0b1101:
		return f.register()
	case 0b0111, 0b1111:
		return f.vector()
	}
	if w>>16 == 0 { // UDF
		return 0, 0
	}
	return unknown() // SVE, SME, reserved
}

func unknown() (reads, writes Regs) { return AllRegs, 0 }

// fields are the register fields of a word, as sets.
type fields struct {
	w          uint32
	d, n, m, a Regs // bits 4–0, 9–5, 20–16, 14–10
}

func fieldsOf(w uint32) fields {
	reg := func(shift uint) Regs { return 1 << (w >> shift & 31) & AllRegs }
	return fields{w, reg(0), reg(5), reg(16), reg(10)}
}

// bit returns bit i of the word.
func (f *fields) bit(i uint) bool { return f.w>>i&1 != 0 }

// immediate covers data processing with an immediate.
func (f *fields) immediate() (reads, writes Regs) {
	opc := f.w >> 29 & 3
	switch f.w >> 23 & 7 {
	case 0, 1: // ADR, ADRP
		return 0, f.d
	case 5: // MOVN, MOVZ, MOVK
		if opc == 3 {
			return f.d, f.d
		}
		return 0, f.d
	case 6: // SBFM, BFM, UBFM
		if opc == 1 {
			return f.d | f.n, f.d
		}
	case 7: // EXTR
		if opc != 0 {
			return unknown()
		}
		return f.n | f.m, f.d
	}
	return f.n, f.d // ADD, SUB, logical
}

const linkReg Regs = 1 << 30

// branch covers branches, exceptions and system instructions.
func (f *fields) branch() (reads, writes Regs) {
	w := f.w
	switch {
	case w>>26 == 0x05, w>>24 == 0x54: // B, B.cond
		return 0, 0
	case w>>26 == 0x25: // BL
		return 0, linkReg
	case w>>25&0x3F == 0x1A, w>>25&0x3F == 0x1B: // CBZ, TBZ and their like
		return f.d, 0
	case w>>25 == 0x6B: // BR, BLR, RET
		reads = f.n
		if f.bit(11) { // authenticated, perhaps with a modifier; RETAA is of X30 only
			reads |= f.d | linkReg
		}
		if w>>21&3 == 1 {
			writes = linkReg
		}
		return reads, writes
	case w>>20 == 0xD53, w>>19 == 0x1AA5: // MRS, SYSL
		return 0, f.d
	case w>>12 == 0xD5032: // hints
		switch hint := w >> 5 & 0x7F; {
		case hint == 7, hint == 40, hint >= 8 && hint < 16, hint >= 24 && hint < 32:
			return unknown() // pointer authentication: X16, X17, X30
		}
		return 0, 0
	case w>>12 == 0xD5033: // barriers
		return 0, 0
	case w>>20 == 0xD50, w>>20 == 0xD51: // SYS, MSR
		return f.d, 0
	}
	return unknown() // SVC, BRK and others: the registers are arguments
}

// register covers data processing with registers.
func (f *fields) register() (reads, writes Regs) {
	w := f.w
	switch {
	case w>>24&31 == 0x1B: // three sources
		return f.n | f.m | f.a, f.d
	case w>>21&0xFF == 0xD2, // conditional compare: m may be an immediate
		w>>21&0xFF == 0xD0 && w>>10&63 != 0: // RMIF, SETF
		return f.n | f.m, 0
	case w>>21&0xFF == 0xD6 && f.bit(30): // one source
		if w>>16&31 != 0 { // pointer authentication
			return unknown()
		}
		return f.n, f.d
	}
	return f.n | f.m, f.d
}

// vector covers scalar floating point and vectors: general registers appear
// in conversions, FMOV, and moves between lanes.
func (f *fields) vector() (reads, writes Regs) {
	w := f.w
	switch {
	case w>>24&0x5F == 0x1E && (!f.bit(21) || w>>10&63 == 0): // conversions, FMOV
		switch w >> 16 & 7 {
		case 2, 3, 7: // SCVTF, UCVTF, FMOV to a vector register
			return f.n, 0
		}
		return 0, f.d
	case w>>21&0x5FF == 0x070 && f.bit(10): // lanes
		switch w >> 11 & 15 {
		case 1, 3: // DUP, INS
			return f.n, 0
		case 5, 7: // SMOV, UMOV
			return 0, f.d
		}
	}
	return 0, 0
}
