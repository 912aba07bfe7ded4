package patch

import (
	"encoding/binary"
	"errors"

	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/scan"
)

// plan works out the site's piece: the branch becomes B or NOP, what it tests
// stays.
func (s *site) plan() error {
	if s.Form != scan.GuardedBranch {
		return errors.New("points are not patched on arm64")
	}
	b, err := arm64.EncodeB(uint64(s.Branch), uint64(s.Target))
	if err != nil {
		return err
	}
	jump, noop := word(b), word(arm64.NOP)
	pc := &piece{addr: s.Branch, now: make([]byte, 4), dorm: noop, arm: jump}
	if s.TakenDormant {
		pc.dorm, pc.arm = jump, noop
	}
	s.pieces = []*piece{pc}
	return nil
}

func word(w uint32) []byte { return binary.LittleEndian.AppendUint32(nil, w) }

func armedBare(*piece, uintptr) ([]byte, error) {
	return nil, errors.New("points are not patched on arm64")
}
