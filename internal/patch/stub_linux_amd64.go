package patch

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/scan"
)

// A stub is where a site tests its flag when the compare can't come back: it does what the compiled
// compare and branch did.
//
//	CMPB $0, flag(RIP)
//	JNE  armed
//	JMP  dormant
//
// A site reaches it by a JMP in the place of its branch, if that is a long one. A branch of two bytes has no room.
// There the JMP begins in the no-op before it, and its last byte is the branch's first, where a thread may
// stand that ran the no-op. So the stub is where this byte has to be the one that it was as compiled,
// 74 or 75: 1.8 GiB above the site, give or take 8 MiB. See "When a hook is toggled too often" in doc.go.
type stub struct {
	jump           uintptr // where the JMP to it is
	last           byte    // of that JMP; 0: any
	flag           uintptr
	dormant, armed uintptr // where it goes on
}

// lenStub leaves some bytes over, which nobody executes.
const lenStub = 32

// stubs are those of the process.
var stubs = codeSet[stub]{stride: lenStub, build: buildStub, room: roomForStub}

func buildStub(at uintptr, s stub) ([]byte, error) {
	jump, err := amd64.Jmp32(uint64(s.jump), uint64(at))
	if err != nil {
		return nil, err
	}
	if s.last != 0 && jump[amd64.LenJmp32-1] != s.last {
		return nil, errors.New("not where the jump has the byte that it needs")
	}
	flag := int64(s.flag) - int64(at+amd64.LenSite)
	if flag != int64(int32(flag)) {
		return nil, errors.New("the flag is out of reach")
	}
	code := append(make([]byte, 0, lenStub), 0x80, 0x3D)
	code = binary.LittleEndian.AppendUint32(code, uint32(flag))
	code = append(code, 0)
	jne, err := amd64.Jne32(uint64(at)+uint64(len(code)), uint64(s.armed))
	if err != nil {
		return nil, err
	}
	code = append(code, jne[:]...)
	on, err := amd64.Jmp32(uint64(at)+uint64(len(code)), uint64(s.dormant))
	if err != nil {
		return nil, err
	}
	code = append(code, on[:]...)
	for len(code) < cap(code) {
		code = append(code, int3)
	}
	return code, nil
}

// roomForStub maps memory for stubs of this site and of those around it.
func roomForStub(s stub) (area uintptr, err error) {
	const (
		step   = 1 << 20
		window = 1 << 24 // where the last byte is the same
	)
	last := s.last
	if last == 0 {
		last = 0x74
	}
	from := s.jump + amd64.LenJmp32 + uintptr(last)<<24
	// The middle first, so that other sites reach it too.
	for d := uintptr(0); d < window/2; d += step {
		for _, at := range []uintptr{from + window/2 + d, from + window/2 - d} {
			if err = mapCode(at &^ (areaSize - 1)); err == nil {
				return at &^ (areaSize - 1), nil
			}
		}
	}
	return 0, fmt.Errorf("no memory for code 1.8 GiB above the site: %w", err)
}

// flagForms makes the site's flag form.
func (s *site) flagForms() error {
	if s.Form == scan.GuardedBranch {
		// The compare is there in any form, so the compiled branch can come back.
		g := s.pieces[0].guard
		g.flag = g.compiled
		return nil
	}
	pc := s.pieces[len(s.pieces)-1]
	st := stub{jump: s.Branch, flag: s.key.Addr, dormant: pc.resumeDorm, armed: pc.resumeArm}
	switch {
	case s.BranchLen == amd64.LenJcc32:
	case s.joint():
		st.jump, st.last = s.Addr+nopAt, pc.guard.compiled[branchAt]
	default:
		return errors.New("there are no-ops between its compare and its branch")
	}
	at, err := stubs.get(st)
	if err != nil {
		return err
	}
	jump, err := amd64.Jmp32(uint64(st.jump), uint64(at))
	if err != nil {
		return err
	}
	g := pc.guard
	code := append([]byte(nil), pc.dorm...)
	switch {
	case s.BranchLen == amd64.LenJcc32 && s.joint():
		g.flagStarts = jumpsStarts
		code[modrmAt] = 0
	case s.joint():
		g.flagStarts = fallsStarts
		copy(code[branchAt:], g.compiled[branchAt:])
	}
	copy(code[st.jump-pc.addr:], jump[:])
	g.flag = code
	return nil
}
