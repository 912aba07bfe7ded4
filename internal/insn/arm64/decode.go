package arm64

// Decode decodes one word.
func Decode(w uint32) Inst {
	rd, rn := uint8(w&31), uint8(w>>5&31)
	switch {
	case w == NOP:
		return Inst{Kind: Nop}
	case w>>26 == 0x05: // 000101
		return Inst{Kind: B, Imm: signed(w, 0, 26) * 4}
	case w>>26 == 0x25: // 100101
		return Inst{Kind: BL, Imm: signed(w, 0, 26) * 4}
	case w>>24 == 0x54: // 01010100; bit 4 set is BC.cond
		return Inst{Kind: BCond, Imm: signed(w, 5, 19) * 4}
	case w>>25&0x3F == 0x1A: // x011010
		return Inst{Kind: CBZ + Kind(w>>24&1), Rd: rd, Imm: signed(w, 5, 19) * 4, Size: 4 << (w >> 31)}
	case w>>25&0x3F == 0x1B: // x011011
		return Inst{Kind: TBZ + Kind(w>>24&1), Rd: rd, Imm: signed(w, 5, 14) * 4,
			Bit: uint8(w>>31<<5 | w>>19&31)}
	case w>>25 == 0x6B: // 1101011: branches through a register
		return branchReg(w, rn)
	case w>>24 == 0xD4, w>>16 == 0: // exceptions; UDF
		return exception(w)
	case w>>24&0x9F == 0x10: // 0xx10000
		return Inst{Kind: ADR, Rd: rd, Imm: signed(w, 5, 19)<<2 | int64(w>>29&3)}
	case w>>24&0x9F == 0x90: // 1xx10000
		return Inst{Kind: ADRP, Rd: rd, Imm: (signed(w, 5, 19)<<2 | int64(w>>29&3)) << 12}
	case w>>23 == 0x122: // 100100010: ADD (immediate), 64-bit
		return Inst{Kind: AddImm, Rd: rd, Rn: rn, Imm: int64(w>>10&0xFFF) << (w >> 22 & 1 * 12)}
	case w>>24&0x3B == 0x39: // xx111x01: load or store, unsigned offset
		return unsignedOffset(w, rd, rn)
	case w&0x3F_FF_FC_00 == 0x08_DF_FC_00: // LDAR
		return Inst{Kind: LDAR, Rd: rd, Rn: rn, Size: 1 << (w >> 30)}
	case w&0x3F_FF_FC_00 == 0x38_BF_C0_00: // LDAPR
		return Inst{Kind: LDAR, Rd: rd, Rn: rn, Size: 1 << (w >> 30)}
	case w&0x3F_FF_FC_00 == 0x08_9F_FC_00: // STLR
		return Inst{Kind: STLR, Rd: rd, Rn: rn, Size: 1 << (w >> 30)}
	}
	return Inst{}
}

// signed returns the n-bit field of w at bit pos, sign-extended.
func signed(w uint32, pos, n uint) int64 {
	return int64(int32(w<<(32-n-pos)) >> (32 - n))
}

func branchReg(w uint32, rn uint8) Inst {
	// The opcode is bits 24–21; bit 24 marks the forms with pointer
	// authentication and a modifier register.
	switch w >> 21 & 15 &^ 8 {
	case 0:
		return Inst{Kind: BR, Rn: rn}
	case 1:
		return Inst{Kind: BLR, Rn: rn}
	case 2, 4: // RET, ERET
		return Inst{Kind: Ret, Rn: rn}
	}
	return Inst{}
}

func exception(w uint32) Inst {
	switch {
	case w>>16 == 0, // UDF
		w>>21 == 0x6A1, w>>21 == 0x6A2: // BRK, HLT
		return Inst{Kind: Brk}
	}
	return Inst{}
}

func unsignedOffset(w uint32, rd, rn uint8) Inst {
	size, opc := w>>30, w>>22&3
	kind := Access
	switch {
	case w>>26&1 != 0: // vector register; opc 2 and 3 with size 0 are 128 bits
		size |= opc & 2 << 1
	case opc == 0:
		kind = Store
	case opc == 1:
		kind = Load
	}
	if size > 4 { // reserved
		return Inst{}
	}
	return Inst{Kind: kind, Rd: rd, Rn: rn, Size: 1 << size, Imm: int64(w>>10&0xFFF) << size}
}
