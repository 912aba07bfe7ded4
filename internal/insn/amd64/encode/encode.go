// Package encode writes the few amd64 instructions that live patching lays down. It is apart from the decoder, whose
// tables are no use to a program that only has sites to patch.
package encode

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/gkhi/gkhi/internal/insn"
)

// Lengths of the instructions that patching writes, in bytes.
const (
	LenJmp8   = 2
	LenJmp32  = 5
	LenCall32 = 5
	LenJcc8   = 2
	LenJcc32  = 6

	// LenSite is the length of the compare of a guarded site and of the load of
	// a bare one.
	LenSite = 7
)

// Opcodes that patching writes.
const (
	OpCall32 = 0xE8
	OpJmp32  = 0xE9
	OpJmp8   = 0xEB
)

// nops are the no-ops that Intel recommends (SDM volume 2, NOP), as one
// instruction of each length.
var nops = [10][]byte{
	1: {0x90},
	2: {0x66, 0x90},
	3: {0x0F, 0x1F, 0x00},
	4: {0x0F, 0x1F, 0x40, 0x00},
	5: {0x0F, 0x1F, 0x44, 0x00, 0x00},
	6: {0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00},
	7: {0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00},
	8: {0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	9: {0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
}

// MaxNop is the longest no-op of one instruction that AppendNop writes.
const MaxNop = 9

// AppendNop appends n bytes of no-ops to b, in as few instructions as can be.
func AppendNop(b []byte, n int) []byte {
	for n > 0 {
		k := min(n, MaxNop)
		b = append(b, nops[k]...)
		n -= k
	}
	return b
}

// Jmp8 returns JMP rel8 at address from. The error is an *insn.RangeError.
func Jmp8(from, to uint64) ([LenJmp8]byte, error) {
	d := int64(to - (from + LenJmp8))
	if d != int64(int8(d)) {
		return [LenJmp8]byte{}, &insn.RangeError{What: "JMP rel8", From: from, To: to}
	}
	return [LenJmp8]byte{OpJmp8, byte(d)}, nil
}

// Jmp32 returns JMP rel32 at address from. The error is an *insn.RangeError.
func Jmp32(from, to uint64) ([LenJmp32]byte, error) {
	return rel32(OpJmp32, "JMP rel32", from, to)
}

// Call32 returns CALL rel32 at address from. The error is an *insn.RangeError.
func Call32(from, to uint64) ([LenCall32]byte, error) {
	return rel32(OpCall32, "CALL rel32", from, to)
}

// A Cond is what a conditional jump looks at.
type Cond byte

// Conditions that patching uses: the overflow flag set, and not set.
const (
	CondO  Cond = 0
	CondNO Cond = 1
)

// Jcc32 returns Jcc rel32 at address from. The error is an *insn.RangeError.
func Jcc32(c Cond, from, to uint64) (b [LenJcc32]byte, err error) {
	d := int64(to - (from + LenJcc32))
	if d != int64(int32(d)) {
		return b, &insn.RangeError{What: "Jcc rel32", From: from, To: to}
	}
	b[0], b[1] = 0x0F, 0x80+byte(c)
	binary.LittleEndian.PutUint32(b[2:], uint32(d))
	return b, nil
}

func rel32(op byte, what string, from, to uint64) (b [5]byte, err error) {
	d := int64(to - (from + 5))
	if d != int64(int32(d)) {
		return b, &insn.RangeError{What: what, From: from, To: to}
	}
	b[0] = op
	binary.LittleEndian.PutUint32(b[1:], uint32(d))
	return b, nil
}

// Prefixes of a 64-bit load; the second is for R8 to R15. They mean nothing to a CALL.
const (
	rexPrefixW  = 0x48
	rexPrefixWR = 0x4C
)

// DormantLoad turns the load of a bare site, MOVQ key(SB), R, into its no-op: LEAQ n(BP), R. The register is dead, as
// the load's is, and it is one instruction that touches no memory. What address it computes doesn't matter. It is
// BP plus something, since Intel's processors compute an address from a register on any of several ports,
// but one from RIP on a single one; and BP hardly changes, so there is nothing to wait for. The
// address's last byte is a NOP, since a thread may
// return to it from the CALL that stood there when the site was armed. The first byte is the load's, and that of
// the CALL with its prefix too: see internal/patch, "Uprobes". A load that is no-op already is returned as it is.
func DormantLoad(load []byte) ([]byte, error) {
	if len(load) != LenSite || load[0] != rexPrefixW && load[0] != rexPrefixWR {
		return nil, fmt.Errorf("% x is not a load that is known", load)
	}
	const reg, fromRIP, fromBP = 0x38, 0x05, 0x85 // of a ModRM byte: which register, and what the address is
	noop := []byte{load[0], 0x8D, load[2]&reg | fromBP, 0x00, 0x00, 0x00, nops[1][0]}
	if !(load[1] == 0x8B && load[2]&^reg == fromRIP || bytes.Equal(load, noop)) {
		return nil, fmt.Errorf("% x is not a load that is known", load)
	}
	return noop, nil
}
