package patch

import (
	"testing"

	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// withoutStubs has the process forget its stubs, and find no room for others, until the test ends.
func withoutStubs(t *testing.T, err error) {
	set := func(made map[stub]uintptr, areas []codeArea, room func(stub) (uintptr, error)) {
		stubs.mu.Lock()
		defer stubs.mu.Unlock()
		stubs.made, stubs.areas, stubs.room = made, areas, room
	}
	made, areas, room := stubs.made, stubs.areas, stubs.room
	t.Cleanup(func() { set(made, areas, room) })
	set(nil, nil, func(stub) (uintptr, error) { return 0, err })
}

// TestStub decodes stubs, and the jumps to them.
func TestStub(t *testing.T) {
	const text = 1 << 40
	area := uintptr(text + 0x7480_0000)
	for _, s := range []stub{
		{jump: text + 3, last: 0x74, flag: text + 1<<20, dormant: text + 100, armed: text + 9},
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
		{jump: text + 3, last: 0x75, flag: text, dormant: text, armed: text},         // in the other window
		{jump: text - 3<<30, flag: text, dormant: text, armed: text},                 // too far
		{jump: text + 3, last: 0x74, flag: text - 1<<30, dormant: text},              // its flag is
		{jump: text + 3, last: 0x74, flag: text, armed: text - 1<<30},                // its body is
		{jump: text + 3, last: 0x74, flag: text, armed: text, dormant: text + 5<<30}, // what follows is
	} {
		if code, err := buildStub(area, s); err == nil {
			t.Errorf("%+v is % x", s, code)
		}
	}
}
