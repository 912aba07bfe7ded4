package patch

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

// plan works out the site's pieces; see the table in doc.go.
func (s *site) plan() error {
	switch s.Form {
	case scan.Guarded, scan.GuardedBranch:
		return s.planGuarded()
	case scan.Bare:
		dorm, err := amd64.DormantLoad(textmem.Bytes(s.Addr, int(s.Len)))
		if err != nil {
			return err
		}
		s.pieces = []*piece{{
			addr: s.Addr, now: make([]byte, s.Len), dorm: dorm,
			resumeDorm: s.Addr + uintptr(s.Len),
		}}
		return nil
	}
	return fmt.Errorf("a %s site is not patched: the trampoline is out of its reach", s.Form)
}

// nop4At is where the second instruction of dormantCompare begins.
const nop4At = 3

// dormantCompare is the dormant form of a compare. It begins with the byte that the
// compiled instruction begins with: see "Uprobes" in doc.go. All sites share it and nobody
// writes to it: a batch of thousands compares with one line of the cache.
var dormantCompare = []byte{0x80, 0xF8, 0x00, 0x0F, 0x1F, 0x40, 0x00} // CMPB AL, $0; NOP4

// lenCall is the length of a CALL with its prefix.
const lenCall = 1 + amd64.LenCall32

func (s *site) planGuarded() error {
	past := s.Branch + uintptr(s.BranchLen)
	whenDormant, whenArmed := past, s.Target
	if s.TakenDormant {
		whenDormant, whenArmed = s.Target, past
	}
	jump, noop, err := branchForms(s.Branch, s.Target, int(s.BranchLen))
	if err != nil {
		return err
	}
	dorm, arm := noop, jump
	if s.TakenDormant {
		dorm, arm = jump, noop
	}
	if s.joint() {
		s.pieces = []*piece{{
			addr: s.Addr, now: make([]byte, s.End()-s.Addr),
			dorm: slices.Concat(dormantCompare, dorm), arm: slices.Concat(dormantCompare, arm),
			starts: atStart | 1<<amd64.LenSite, patched: atStart | 1<<nop4At | 1<<amd64.LenSite,
			resumeDorm: whenDormant, resumeArm: whenArmed,
		}}
		return nil
	}
	if s.Form == scan.Guarded {
		s.pieces = append(s.pieces, &piece{
			addr: s.Addr, now: make([]byte, s.Len), dorm: dormantCompare, arm: dormantCompare,
			resumeDorm: whenDormant, resumeArm: whenArmed,
		})
	}
	s.pieces = append(s.pieces, &piece{
		addr: s.Branch, now: make([]byte, s.BranchLen), dorm: dorm, arm: arm,
		resumeDorm: whenDormant, resumeArm: whenArmed,
	})
	return nil
}

// joint reports whether the site is one piece: a compare and a branch so short that what replaces the
// compare's second half, when the site tests its flag again, takes a byte of it.
func (s *site) joint() bool {
	return s.Form == scan.Guarded && s.BranchLen == amd64.LenJcc8 && s.Branch == s.Addr+amd64.LenSite
}

// branchForms returns a jump and a no-op of n bytes that differ in their first
// byte only: JMP and TEST AL or EAX with the displacement as its operand.
func branchForms(at, to uintptr, n int) (jump, noop []byte, err error) {
	const testAL, testEAX = 0xA8, 0xA9
	switch n {
	case amd64.LenJcc8:
		b, err := amd64.Jmp8(uint64(at), uint64(to))
		if err != nil {
			return nil, nil, err
		}
		return b[:], []byte{testAL, b[1]}, nil
	case amd64.LenJcc32:
		b, err := amd64.Jmp32(uint64(at), uint64(to))
		if err != nil {
			return nil, nil, err
		}
		jump = amd64.AppendNop(b[:], n-len(b))
		noop = append([]byte{testEAX}, jump[1:]...)
		return jump, noop, nil
	}
	return nil, nil, fmt.Errorf("a branch of %d bytes is not known", n)
}

// armedBare is REX.W CALL trampoline; NOP.
func armedBare(pc *piece, trampoline uintptr) ([]byte, error) {
	call, err := amd64.Call32(uint64(pc.addr)+1, uint64(trampoline))
	if err != nil {
		return nil, errors.New("the trampoline is out of the site's reach")
	}
	b := append(make([]byte, 0, amd64.LenSite), pc.dorm[0])
	b = append(b, call[:]...)
	return append(b, pc.dorm[lenCall:]...), nil
}
