// Package insn and the packages below it know instruction bytes, one package
// per CPU: insn/amd64 and insn/arm64. They decode just enough to be certain of
// instruction boundaries, branches, address operands and flags, and they encode
// the few instructions that live patching writes. They are pure: no state, no
// operating system, safe for concurrent use, and the same on every host, so an
// arm64 binary can be examined on amd64.
//
// This package holds what the decoders and encoders share: their errors.
package insn

import (
	"errors"
	"fmt"
)

var (
	// ErrTruncated means that the bytes end inside an instruction.
	ErrTruncated = errors.New("instruction is truncated")
	// ErrUnknown means that the bytes are not an instruction that the decoder
	// can be sure of: reserved, invalid in 64-bit mode, longer than 15 bytes, or
	// of an extension that it does not know.
	ErrUnknown = errors.New("unknown or invalid instruction")
)

// A RangeError reports a branch whose displacement does not fit its encoding.
type RangeError struct {
	What     string // instruction, as "JMP rel8"
	From, To uint64 // address of the instruction and its target
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("%s at %#x cannot reach %#x", e.What, e.From, e.To)
}

// An AlignError reports a branch target or address that is not a whole number
// of instruction words away.
type AlignError struct {
	What     string
	From, To uint64
}

func (e *AlignError) Error() string {
	return fmt.Sprintf("%s at %#x: target %#x is not aligned to an instruction word", e.What, e.From, e.To)
}
