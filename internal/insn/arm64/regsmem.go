package arm64

// memory covers loads and stores.
func (f *fields) memory() (reads, writes Regs) {
	w := f.w
	switch w >> 28 & 3 {
	case 0:
		if f.bit(26) {
			return f.structure()
		}
		return f.exclusive()
	case 1:
		switch {
		case w>>24&3 == 0:
			return f.literal()
		case w>>24&0x3F == 0x19 && !f.bit(21) && w>>10&3 == 0: // LDAPUR, STLUR
			return f.single()
		}
		return unknown() // memory tags, memory copies
	case 2:
		return f.pair()
	}
	return f.single()
}

// literal covers loads relative to the PC.
func (f *fields) literal() (reads, writes Regs) {
	if f.bit(26) || f.w>>30 == 3 { // vector register; PRFM
		return 0, 0
	}
	return 0, f.d
}

// structure covers LD1 to LD4 and ST1 to ST4.
func (f *fields) structure() (reads, writes Regs) {
	if f.bit(23) { // post-indexed
		return f.n | f.m, f.n
	}
	return f.n, 0
}

// exclusive covers LDXR, STXR, LDAR, STLR and CAS.
func (f *fields) exclusive() (reads, writes Regs) {
	load := f.bit(22)
	switch f.w>>22&2 | f.w>>21&1 { // o2, o1
	case 0: // LDXR, STXR
		if load {
			return f.n, f.d
		}
		return f.d | f.n, f.m
	case 1:
		switch {
		case !f.bit(31): // CASP: pairs of registers
			return (f.n | f.d | f.d<<1 | f.m | f.m<<1) & AllRegs, (f.m | f.m<<1) & AllRegs
		case load: // LDXP
			return f.n, f.d | f.a
		}
		return f.d | f.a | f.n, f.m
	case 2: // LDAR, STLR
		if load {
			return f.n, f.d
		}
		return f.d | f.n, 0
	}
	return f.d | f.n | f.m, f.m // CAS
}

// pair covers LDP and STP.
func (f *fields) pair() (reads, writes Regs) {
	reads = f.n
	switch {
	case f.bit(26): // vector registers
	case f.bit(22):
		writes = f.d | f.a
	default:
		reads |= f.d | f.a
	}
	if f.bit(23) { // pre- and post-indexed
		writes |= f.n
	}
	return reads, writes
}

// single covers loads and stores of one register.
func (f *fields) single() (reads, writes Regs) {
	w := f.w
	reads = f.n
	if !f.bit(24) && f.bit(21) {
		reads |= f.m
		switch w >> 10 & 3 {
		case 0:
			return f.atomic()
		case 1, 3: // authenticated loads
			return unknown()
		}
	}
	opc := w >> 22 & 3
	switch {
	case f.bit(26): // vector register
	case opc == 0:
		reads |= f.d
	case w>>30 == 3 && opc == 2 && w>>28&3 == 3: // PRFM
	default:
		writes = f.d
	}
	if !f.bit(24) && !f.bit(21) && f.bit(10) { // pre- and post-indexed
		writes |= f.n
	}
	return reads, writes
}

// atomic covers LDADD and its like, SWP and LDAPR.
func (f *fields) atomic() (reads, writes Regs) {
	op := f.w >> 12 & 15 // o3, opc
	if f.bit(26) || op > 8 && op != 12 {
		return unknown() // 64-byte stores and others
	}
	return f.n | f.m, f.d
}
