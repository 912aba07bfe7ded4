package patch

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
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
// 74 or 75: 1.8 GiB above the site, give or take 8 MiB. A no-op between compare and branch is such a place too: of two bytes
// it has the JMP's last byte, 66; of one byte the last but one, so that the stub is in a place of 64 KiB. See "When a hook is toggled too often" in doc.go.
type stub struct {
	jump           uintptr // where the JMP to it is
	ends           [2]byte // the last bytes of that JMP; 0: any
	flag           uintptr
	dormant, armed uintptr // where it goes on
}

// lenStub leaves some bytes over, which nobody executes.
const lenStub = 32

// stubs are those of the process.
var stubs = codeSet[stub]{stride: lenStub, build: buildStub, room: roomForStub}

func buildStub(at uintptr, s stub) ([]byte, error) {
	jump, err := encode.Jmp32(uint64(s.jump), uint64(at))
	if err != nil {
		return nil, err
	}
	for i, b := range s.ends {
		if b != 0 && b != jump[encode.LenJmp32-len(s.ends)+i] {
			return nil, errors.New("not where the jump has the bytes that it needs")
		}
	}
	flag := int64(s.flag) - int64(at+encode.LenSite)
	if flag != int64(int32(flag)) {
		return nil, errors.New("the flag is out of reach")
	}
	code := append(make([]byte, 0, lenStub), 0x80, 0x3D)
	code = binary.LittleEndian.AppendUint32(code, uint32(flag))
	code = append(code, 0)
	jne, err := encode.Jne32(uint64(at)+uint64(len(code)), uint64(s.armed))
	if err != nil {
		return nil, err
	}
	code = append(code, jne[:]...)
	on, err := encode.Jmp32(uint64(at)+uint64(len(code)), uint64(s.dormant))
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
func roomForStub(s stub) (addr, size uintptr, err error) {
	last := s.ends[1]
	if last == 0 {
		last = 0x74
	}
	from := s.jump + encode.LenJmp32 + uintptr(last)<<24
	for _, at := range places(from, s.ends[0]) {
		size = areaSize
		if s.ends[0] != 0 {
			size = pageSize
		}
		if err = mapCode(at, size); err == nil {
			return at, size, nil
		}
	}
	return 0, 0, fmt.Errorf("no memory for code where the site could jump to: %w", err)
}

const pageSize = 1 << 12

// places lists where an area can be, the best ones first. From is where a jump leads whose last byte is what it has to
// be and the others are 0.
func places(from uintptr, before byte) (at []uintptr) {
	if before != 0 {
		// The last page first, so that sites above reach it too.
		from += uintptr(before) << 16
		for d := uintptr(1<<16 - pageSize); d < 1<<16; d -= pageSize {
			at = append(at, (from+d)&^(pageSize-1))
		}
		return at[:len(at)-1] // the page that from is in
	}
	// The middle first, so that sites on both sides reach it too.
	const step, window = 1 << 20, 1 << 24
	for d := uintptr(0); d < window/2; d += step {
		for _, a := range []uintptr{from + window/2 + d, from + window/2 - d - step/2} {
			at = append(at, a&^(areaSize-1))
		}
	}
	return at
}

// flagForms makes the site's flag form.
func (s *site) flagForms() error {
	if s.Form == scan.GuardedBranch {
		// The compare is there in any form, so the compiled branch can come back.
		g := s.pieces[0].guard
		g.flag = g.compiled
		return nil
	}
	pc, pad := s.pieces[len(s.pieces)-1], s.padding()
	st := stub{jump: s.Branch, flag: s.key.Addr, dormant: pc.resumeDorm, armed: pc.resumeArm}
	switch {
	case s.BranchLen == encode.LenJcc32:
	case s.joint():
		st.jump, st.ends[1] = s.Addr+nopAt, pc.guard.compiled[branchAt]
	case len(pad) == 1:
		st.jump, st.ends = s.Addr+nopAt+1, [2]byte(pc.guard.compiled[branchAt:])
	case len(pad) == 2:
		st.jump, st.ends[1] = s.Addr+nopAt, pad[0]
	default:
		return errors.New("there are other no-ops between its compare and its branch")
	}
	at, err := stubs.get(st)
	if err != nil {
		return err
	}
	jump, err := encode.Jmp32(uint64(st.jump), uint64(at))
	if err != nil {
		return err
	}
	g := pc.guard
	code := append([]byte(nil), pc.dorm...)
	switch {
	case s.BranchLen == encode.LenJcc32 && s.joint():
		g.flagStarts = jumpsStarts
		code[modrmAt] = 0
	case s.joint() || pad != nil:
		g.flagStarts = fallsStarts
		code[nopAt] = rexW // which means nothing to the JMP behind it, if that isn't here
		copy(code[branchAt:], g.compiled[branchAt:])
	}
	copy(code[st.jump-pc.addr:], jump[:])
	g.flag = code
	return nil
}
