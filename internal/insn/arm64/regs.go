package arm64

// Regs is a set of general registers: bit n is Xn. Register 31, which is SP or ZR,
// is never in one.
type Regs uint32

// AllRegs is X0 to X30.
const AllRegs Regs = 1<<31 - 1

// Has reports whether Xn is in the set.
func (s Regs) Has(n uint8) bool { return n < 31 && s>>n&1 != 0 }

func regs(n ...uint32) (s Regs) {
	for _, n := range n {
		s |= 1 << (n & 31)
	}
	return s & AllRegs
}

// Registers returns the registers that a word may read and those that it surely
// overwrites as a whole. Calls are taken by their own bytes: what the
// callee reads and writes is not included.
func Registers(w uint32) (reads, writes Regs) {
	d, n, m, a := w&31, w>>5&31, w>>16&31, w>>10&31
	switch w >> 25 & 15 {
	case 0b1000, 0b1001:
		return immediateRegs(w, d, n, m)
	case 0b1010, 0b1011:
		return branchRegs(w, d, n, m)
	case 0b0100, 0b0110, 0b1100, 0b1110:
		return memoryRegs(w, d, n, m, a)
	case 0b0101, 0b1101:
		return registerRegs(w, d, n, m, a)
	case 0b0111, 0b1111:
		return vectorRegs(w, d, n)
	}
	if w>>16 == 0 { // UDF
		return 0, 0
	}
	return AllRegs, 0 // SVE, SME, reserved
}

// immediateRegs covers data processing with an immediate.
func immediateRegs(w, d, n, m uint32) (reads, writes Regs) {
	switch w >> 23 & 7 {
	case 0, 1: // ADR, ADRP
		return 0, regs(d)
	case 5: // MOVN, MOVZ, MOVK
		if w>>29&3 == 3 {
			return regs(d), regs(d)
		}
		return 0, regs(d)
	case 6: // SBFM, BFM, UBFM
		if w>>29&3 == 1 {
			return regs(d, n), regs(d)
		}
		return regs(n), regs(d)
	case 7: // EXTR
		return regs(n, m), regs(d)
	}
	return regs(n), regs(d) // ADD, SUB, logical
}

// branchRegs covers branches, exceptions and system instructions.
func branchRegs(w, d, n, m uint32) (reads, writes Regs) {
	switch {
	case w>>26&31 == 5, w>>24 == 0x54: // B, BL, B.cond
		return 0, 0
	case w>>25&0x3F == 0x1A, w>>25&0x3F == 0x1B: // CBZ, TBZ and their like
		return regs(d), 0
	case w>>25 == 0x6B: // BR, BLR, RET
		return regs(n, d), 0 // d: the modifier of authenticated branches
	case w>>20 == 0xD53, w>>19 == 0xD52<<1|1: // MRS, SYSL
		return 0, regs(d)
	case w>>12 == 0xD5032 || w>>12 == 0xD5033: // hints, barriers
		return 0, 0
	case w>>24 == 0xD5: // MSR, SYS
		return regs(d), 0
	case w>>24 == 0xD4: // SVC, BRK: the registers are arguments
		return AllRegs, 0
	}
	return AllRegs, 0
}

// memoryRegs covers loads and stores.
func memoryRegs(w, d, n, m, a uint32) (reads, writes Regs) {
	vector := w>>26&1 != 0
	load := w>>22&1 != 0
	switch w >> 28 & 3 {
	case 0: // exclusive and ordered; vector structures
		if vector {
			return regs(n, m), 0
		}
		return exclusiveRegs(w, d, n, m, a)
	case 1: // literals; ordered with an offset; memory copy and set
		if w>>24&3 == 0 {
			return literalRegs(w, d)
		}
		return regs(d, n, m), 0
	case 2: // pairs
		reads = regs(n)
		switch {
		case vector:
		case load:
			writes = regs(d, a)
		default:
			reads |= regs(d, a)
		}
		return reads, writes
	}
	// One register: opc 0 stores; the rest loads, but for prefetches.
	reads = regs(n)
	if w>>24&1 == 0 && w>>21&1 != 0 {
		reads |= regs(m)
		switch w >> 10 & 3 {
		case 0:
			return atomicRegs(w, d, n, m)
		case 1, 3: // authenticated loads
			return reads | regs(d), 0
		}
	}
	switch {
	case vector:
	case w>>22&3 == 0:
		reads |= regs(d)
	case w>>30 == 3 && w>>22&3 == 2: // PRFM
	default:
		writes = regs(d)
	}
	return reads, writes
}

// literalRegs covers loads relative to the PC.
func literalRegs(w, d uint32) (reads, writes Regs) {
	if w>>26&1 != 0 || w>>30 == 3 { // vector register; PRFM
		return 0, 0
	}
	return 0, regs(d)
}

// exclusiveRegs covers LDXR, STXR, CAS, LDAR, STLR.
func exclusiveRegs(w, d, n, m, a uint32) (reads, writes Regs) {
	if w&0x3F_C0_00_00 == 0x08_C0_00_00 && w>>21&1 == 0 { // LDAR, LDLAR
		return regs(n), regs(d)
	}
	return regs(d, n, m, a), 0
}

// atomicRegs covers LDADD and its like, SWP and LDAPR.
func atomicRegs(w, d, n, m uint32) (reads, writes Regs) {
	op := w >> 12 & 15 // o3, opc
	if w>>26&1 != 0 || op > 8 && op != 12 {
		return AllRegs, 0 // 64-byte stores and others
	}
	return regs(n, m), regs(d)
}

// registerRegs covers data processing with registers.
func registerRegs(w, d, n, m, a uint32) (reads, writes Regs) {
	switch {
	case w>>24&31 == 0x1B: // three sources
		return regs(n, m, a), regs(d)
	case w>>21&0xFF == 0xD2, // conditional compare: m may be an immediate
		w>>21&0xFF == 0xD0 && w>>10&63 != 0: // RMIF, SETF
		return regs(n, m), 0
	}
	return regs(n, m), regs(d)
}

// vectorRegs covers scalar floating point and vectors: general registers appear
// in conversions, FMOV, and moves between lanes.
func vectorRegs(w, d, n uint32) (reads, writes Regs) {
	switch {
	case w>>24&0x5F == 0x1E && (w>>21&1 == 0 || w>>10&63 == 0): // conversions, FMOV
		return regs(n), 0
	case w>>21&0x4FF == 0x070 && w>>10&1 != 0: // DUP, INS, SMOV, UMOV
		return regs(n), 0
	}
	return 0, 0
}
