package patch

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

// plan works out the site's pieces; see the table in doc.go.
func (s *site) plan() error {
	switch s.Form {
	case scan.Guarded, scan.GuardedBranch:
		return s.planGuarded()
	case scan.Bare:
		dorm, err := encode.DormantLoad(textmem.Bytes(s.Addr, int(s.Len)))
		if err != nil {
			return err
		}
		s.pieces = []*piece{{
			addr: s.Addr, now: make([]byte, s.Len), dorm: dorm,
			resumeDorm: s.Addr + uintptr(s.Len),
		}}
		return nil
	}
	if s.Form == scan.BareGOT {
		return errors.New("it finds its point through a plugin's offset table, in two instructions, which are not patched")
	}
	return fmt.Errorf("a %s site is not patched", s.Form)
}

// dormantCompare is the dormant form of a compare that a branch doesn't follow at once. It begins with the byte that the
// compiled instruction begins with: see "Uprobes" in doc.go. All sites share it and nobody
// writes to it: a batch of thousands compares with one line of the cache.
var dormantCompare = []byte{0x80, 0xF8, 0x00, 0x0F, 0x1F, 0x40, 0x00} // CMPB AL, $0; NOP4

// Where the instructions of a compare and a branch that are one piece begin, and the byte that decides which they are.
const (
	nopAt    = 3              // that of the no-op behind CMPB AL, $0
	modrmAt  = nopAt + 3      // the no-op's ModRM byte: does it swallow the branch?
	branchAt = encode.LenSite // as compiled, and where a no-op ends that doesn't

	fallsStarts heads = atStart | 1<<nopAt        // where the no-op swallows the branch
	jumpsStarts heads = fallsStarts | 1<<branchAt // where it doesn't

	aroundAt          = nopAt + encode.LenJmp8 // behind a jump, or what stands for it, in the no-op's place
	earlyStarts heads = fallsStarts | 1<<aroundAt
)

const (
	nop    = 0x90
	testAL = 0xA8 // TEST AL, imm8
)

// lenCall is the length of a CALL with its prefix.
const lenCall = 1 + encode.LenCall32

func (s *site) planGuarded() error {
	past := s.Branch + uintptr(s.BranchLen)
	whenDormant, whenArmed := past, s.Target
	if s.TakenDormant {
		whenDormant, whenArmed = s.Target, past
	}
	if s.Mark {
		s.planMark(whenDormant, whenArmed)
	}
	if early := s.early(); early != nil {
		early.resumeDorm, early.resumeArm = whenDormant, whenArmed
		s.pieces = append(s.pieces, early)
		s.spared = slices.Clone(textmem.Bytes(s.Branch, int(s.BranchLen)))
		return nil
	}
	jump, noop, err := branchForms(s.Branch, s.Target, int(s.BranchLen))
	if err != nil {
		return err
	}
	if s.joint() {
		s.planJoint(jump, noop, whenDormant, whenArmed)
		return nil
	}
	dorm, arm := noop, jump
	if s.TakenDormant {
		dorm, arm = jump, noop
	}
	if s.Form == scan.Guarded {
		s.pieces = append(s.pieces, &piece{
			addr: s.Addr, now: make([]byte, s.Len),
			dorm: dormantCompare, dormStarts: fallsStarts, arm: dormantCompare, armStarts: fallsStarts,
			resumeDorm: whenDormant, resumeArm: whenArmed,
		})
	}
	s.pieces = append(s.pieces, &piece{
		addr: s.Branch, now: make([]byte, s.BranchLen), dorm: dorm, arm: arm,
		resumeDorm: whenDormant, resumeArm: whenArmed,
	})
	return nil
}

// early makes the piece of a site whose body follows, if the body is short. All is done in the compare's place:
//
//	80 f8 00 | eb d8 | eb n8   CMPB AL, $0; JMP past the body; JMP past the branch
//	80 f8 00 | a8 d8 | eb n8   CMPB AL, $0; TEST AL, d8; JMP past the branch, to the body
//
// So the branch stays as it is. A thread that stands before it has run the compiled compare, as does one that comes there from a uprobe on the compare,
// and a breakpoint on it is no concern of ours.
func (s *site) early() *piece {
	if s.Form != scan.Guarded || !s.TakenDormant {
		return nil
	}
	over, err := encode.Jmp8(uint64(s.Addr+nopAt), uint64(s.Target))
	around, err2 := encode.Jmp8(uint64(s.Addr+aroundAt), uint64(s.Branch)+uint64(s.BranchLen))
	if err != nil || err2 != nil {
		return nil
	}
	form := func(op byte) []byte { return []byte{0x80, 0xF8, 0x00, op, over[1], around[0], around[1]} }
	return &piece{
		addr: s.Addr, now: make([]byte, s.Len),
		dorm: form(over[0]), dormStarts: earlyStarts, arm: form(testAL), armStarts: earlyStarts,
	}
}

// joint reports whether the site is one piece: a compare and the branch behind it.
func (s *site) joint() bool {
	return s.Form == scan.Guarded && s.Branch == s.Addr+branchAt
}

// planMark makes the compiler's NOP before the compare a prefix of what replaces the compare, which means nothing to that, so
// that the two are one instruction to decode. Who comes to the compare itself finds it as before. It is written when
// the compare is replaced, and is a NOP again while the site is flagged.
func (s *site) planMark(whenDormant, whenArmed uintptr) {
	const rex = 0x40
	if textmem.Bytes(s.Addr-1, 1)[0] != nop {
		return
	}
	s.pieces = append(s.pieces, &piece{
		addr: s.Addr - 1, now: make([]byte, 1), dorm: []byte{rex}, arm: []byte{rex},
		resumeDorm: whenDormant, resumeArm: whenArmed, mark: true,
	})
}

// planJoint makes the forms of a compare and a branch that are one piece: CMPB AL, $0, and then
//
//	66 0f 1f 00 | eb d8    NOP4; JMP d8
//	66 0f 1f 00 | a8 d8    NOP4; TEST AL, d8
//	66 0f 1f 44   a8 d8    NOP6, whose last two bytes are that TEST
//
// A thread that stands where the branch is finds one there in each. The third is the dormant form where the
// body is elsewhere and the branch short. Otherwise the first two are all there is, with the branch's two forms.
func (s *site) planJoint(jump, noop []byte, whenDormant, whenArmed uintptr) {
	const disp0, sibDisp8 = 0x00, 0x44 // ModRM bytes: what follows them
	form := func(modrm byte, branch []byte) []byte {
		b := make([]byte, 0, branchAt+len(branch))
		b = append(b, 0x80, 0xF8, 0x00, 0x66, 0x0F, 0x1F, modrm)
		return append(b, branch...)
	}
	pc := &piece{
		addr: s.Addr, now: make([]byte, s.End()-s.Addr), starts: atStart | 1<<branchAt,
		dorm: form(disp0, noop), dormStarts: jumpsStarts,
		arm: form(disp0, jump), armStarts: jumpsStarts,
		resumeDorm: whenDormant, resumeArm: whenArmed,
	}
	switch {
	case s.TakenDormant:
		pc.dorm, pc.arm = pc.arm, pc.dorm
	case s.BranchLen == encode.LenJcc8:
		pc.dorm, pc.dormStarts = form(sibDisp8, noop), fallsStarts
	}
	s.pieces = append(s.pieces, pc)
}

// branchForms returns a jump and a no-op of n bytes that differ in one of them.
//
// Of two bytes they are JMP and TEST AL with the displacement as its operand. Of six they are JNO and JO, which begin with the
// compiled branch's first byte, so that they are whole when a uprobe comes and goes: see "Uprobes" in doc.go. Which way these go is certain,
// since a compare with 0 leaves OF as 0, and so does all that a site has before its branch in any form.
func branchForms(at, to uintptr, n int) (jump, noop []byte, err error) {
	switch n {
	case encode.LenJcc8:
		b, err := encode.Jmp8(uint64(at), uint64(to))
		if err != nil {
			return nil, nil, err
		}
		return b[:], []byte{testAL, b[1]}, nil
	case encode.LenJcc32:
		always, err := encode.Jcc32(encode.CondNO, uint64(at), uint64(to))
		if err != nil {
			return nil, nil, err
		}
		never, err := encode.Jcc32(encode.CondO, uint64(at), uint64(to))
		return always[:], never[:], err
	}
	return nil, nil, fmt.Errorf("a branch of %d bytes is not known", n)
}

// armedBare is REX.W CALL trampoline; NOP.
func armedBare(pc *piece, trampoline uintptr) ([]byte, error) {
	call, err := encode.Call32(uint64(pc.addr)+1, uint64(trampoline))
	if err != nil {
		return nil, errors.New("the trampoline is out of the site's reach")
	}
	b := append(make([]byte, 0, encode.LenSite), pc.dorm[0])
	b = append(b, call[:]...)
	return append(b, pc.dorm[lenCall:]...), nil
}
