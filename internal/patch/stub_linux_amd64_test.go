package patch

import (
	"slices"
	"testing"

	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
)

// withoutStubs has the process forget its stubs, and find no room for others, until the test ends.
func withoutStubs(t *testing.T, err error) {
	set := func(made map[stub]uintptr, areas []codeArea, room func(stub) (addr, size uintptr, err error)) {
		stubs.mu.Lock()
		defer stubs.mu.Unlock()
		stubs.made, stubs.areas, stubs.room = made, areas, room
	}
	made, areas, room := stubs.made, stubs.areas, stubs.room
	t.Cleanup(func() { set(made, areas, room) })
	set(nil, nil, func(stub) (uintptr, uintptr, error) { return 0, 0, err })
}

// TestStub decodes stubs, and the jumps to them.
func TestStub(t *testing.T) {
	const text = 1 << 40
	area := uintptr(text + 0x7480_0000)
	for _, s := range []stub{
		{jump: text + 3, ends: [2]byte{0, 0x74}, flag: text + 1<<20, dormant: text + 100, armed: text + 9},
		{jump: text - 0x10_0010, ends: [2]byte{0x90, 0x74}, flag: text + 1<<20, dormant: text + 100, armed: text + 9},
		{jump: text + 7, flag: text - 1<<20, dormant: text + 13, armed: text + 1<<16},
	} {
		code, err := buildStub(area, s)
		if err != nil || len(code) != lenStub {
			t.Fatalf("% x, %v", code, err)
		}
		at, to := uint64(area), []uint64{}
		for _, k := range []amd64.Kind{amd64.Other, amd64.Jcc, amd64.Jmp} {
			i, err := amd64.Decode(code)
			if err != nil || i.Kind != k {
				t.Fatalf("% x is %+v, %v", code, i, err)
			}
			if i.RIPRel {
				to = append(to, i.RIPTarget(at))
			} else {
				to = append(to, i.Target(at))
			}
			at, code = at+uint64(i.Len), code[i.Len:]
		}
		if uintptr(to[0]) != s.flag || uintptr(to[1]) != s.armed || uintptr(to[2]) != s.dormant {
			t.Errorf("%+v goes to %#x", s, to)
		}
	}
	for _, s := range []stub{
		{jump: text + 3, ends: [2]byte{0x90, 0x74}, flag: text, dormant: text, armed: text},      // elsewhere in it
		{jump: text + 3, ends: [2]byte{0, 0x75}, flag: text, dormant: text, armed: text},         // in the other window
		{jump: text - 3<<30, flag: text, dormant: text, armed: text},                             // too far
		{jump: text + 3, ends: [2]byte{0, 0x74}, flag: text - 1<<30, dormant: text},              // its flag is
		{jump: text + 3, ends: [2]byte{0, 0x74}, flag: text, armed: text - 1<<30},                // its body is
		{jump: text + 3, ends: [2]byte{0, 0x74}, flag: text, armed: text, dormant: text + 5<<30}, // what follows is
	} {
		if code, err := buildStub(area, s); err == nil {
			t.Errorf("%+v is % x", s, code)
		}
	}
}

// TestPlaces looks whether code in an area is where its jump has the bytes that it needs.
func TestPlaces(t *testing.T) {
	for _, tt := range []struct {
		before byte
		size   uintptr
	}{{0, areaSize}, {nop, pageSize}} {
		for _, text := range []uintptr{0x40_0000, 0x5555_5555_4ff9, 0x7fff_1234_5678} {
			s := stub{jump: text, ends: [2]byte{tt.before, 0x75}, flag: text, dormant: text, armed: text}
			list := places(text+encode.LenJmp32+0x75<<24, tt.before)
			if len(list) < 15 {
				t.Errorf("%d places", len(list))
			}
			for i, at := range list {
				if slices.Contains(list[:i], at) || at%tt.size != 0 {
					t.Errorf("%#x comes twice, or is not aligned", at)
				}
				for _, at := range []uintptr{at, at + tt.size - lenStub} {
					if _, err := buildStub(at, s); err != nil {
						t.Errorf("%#x, for %+v: %v", at, s, err)
					}
				}
			}
		}
	}
}
