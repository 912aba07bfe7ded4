package patch

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// withoutCopies has the process forget where copies of flags are, and find no room for others, until the test ends.
func withoutCopies(t *testing.T, err error) {
	set := func(areas map[uintptr]error, room func(uintptr) error) {
		copies.mu.Lock()
		defer copies.mu.Unlock()
		copies.areas, copies.room = areas, room
	}
	areas, room := copies.areas, copies.room
	t.Cleanup(func() { set(areas, room) })
	set(nil, func(uintptr) error { return err })
}

// TestCopyCompare decodes compares with copies of flags at whatever places, and what a thread finds that stands in the middle.
func TestCopyCompare(t *testing.T) {
	for _, distance := range slices.Concat(copyDistances, earlyDistances) {
		distances, inside := copyDistances, fallsStarts
		if slices.Contains(earlyDistances, distance) {
			distances, inside = earlyDistances, earlyStarts
		}
		for _, compare := range []uintptr{0x40_0000, 0x5555_5555_4ff9, 0x7fff_1234_5678} {
			taken := errors.New("taken")
			c := flagCopies{room: func(addr uintptr) error {
				if d := addr - compare - distance; addr%areaSize != 0 || d+2*areaSize > 3*areaSize {
					return taken
				}
				return nil
			}}
			seen := map[*atomic.Uint32]bool{}
			for n := range uintptr(copyPage / 4) {
				copy, err := c.near(n, compare, distances)
				if err != nil || seen[copy] || uintptr(unsafe.Pointer(copy))%4 != 0 {
					t.Fatalf("flag %d has its copy at %p: %v", n, copy, err)
				}
				seen[copy] = true
				if next, err := c.near(n, compare+10, distances); next != copy && (err != nil || uintptr(unsafe.Pointer(next)) != uintptr(unsafe.Pointer(copy))+copyPage) {
					t.Errorf("flag %d has its copy at %p, and for code behind it %p: %v", n, copy, next, err)
				}
				code := copyCompare(compare, copy)
				in, err := amd64.Decode(code)
				if err != nil || int(in.Len) != len(code) || !in.RIPRel || uintptr(in.RIPTarget(uint64(compare))) != uintptr(unsafe.Pointer(copy)) || in.Imm != 0 {
					t.Fatalf("% x is %+v, %v; the copy is at %p", code, in, err, copy)
				}
				for at, n := nopAt, 0; at < branchAt; at += n {
					in, err := amd64.Decode(code[at:])
					n = int(in.Len)
					if err != nil || !inside.has(at) || in.Kind == amd64.Jcc && in.Imm != 0 || at+n > branchAt {
						t.Fatalf("% x at %d is %+v, %v", code, at, in, err)
					}
				}
			}
			if _, err := c.near(1<<20, compare, distances); err == nil {
				t.Error("there is a place for one more flag")
			}
			c = flagCopies{room: func(uintptr) error { return taken }}
			if _, err := c.near(0, compare, distances); !errors.Is(err, taken) {
				t.Errorf("where there is no memory the error is %v", err)
			}
		}
	}
}
