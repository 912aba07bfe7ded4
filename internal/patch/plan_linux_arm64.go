package patch

import (
	"encoding/binary"
	"fmt"

	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/scan"
)

// plan works out the site's piece: see the table in doc.go. What forms an address
// or loads what a branch tests stays.
func (s *site) plan() error {
	switch s.Form {
	case scan.GuardedBranch:
		return s.planGuarded()
	case scan.Bare:
		s.pieces = []*piece{{addr: s.Addr, now: make([]byte, arm64.WordLen), dorm: word(arm64.NOP)}}
		return nil
	}
	return fmt.Errorf("a %s site is not patched", s.Form)
}

func (s *site) planGuarded() error {
	b, err := arm64.EncodeB(uint64(s.Branch), uint64(s.Target))
	if err != nil {
		return err
	}
	jump, noop := word(b), word(arm64.NOP)
	pc := &piece{addr: s.Branch, now: make([]byte, arm64.WordLen), dorm: noop, arm: jump}
	if s.TakenDormant {
		pc.dorm, pc.arm = jump, noop
	}
	s.pieces = []*piece{pc}
	return nil
}

func word(w uint32) []byte { return binary.LittleEndian.AppendUint32(nil, w) }

// armedBare is B veneer.
func armedBare(pc *piece, trampoline uintptr) ([]byte, error) {
	at, err := veneers.get(veneer{pc.addr, trampoline})
	if err != nil {
		return nil, err
	}
	b, err := arm64.EncodeB(uint64(pc.addr), uint64(at))
	if err != nil {
		return nil, err
	}
	return word(b), nil
}

// tell has nothing to do: a flagged site tests the flag itself.
func (*keyState) tell() {}

// flagForms makes the site's flag form: what it tests is loaded in any form, so the compiled branch can come back.
func (s *site) flagForms() error {
	for _, pc := range s.pieces {
		pc.guard.flag = pc.guard.compiled
	}
	return nil
}
