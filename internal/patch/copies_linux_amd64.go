package patch

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
	"github.com/gkhi/gkhi/internal/textmem"
)

// A site that is flagged is what the compiler made of it, but for where its flag is: it tests a copy, which toggles write too.
//
//	as compiled   CMPB $0, flag(RIP)   JNE body
//	flagged       CMPB $0, copy(RIP)   JNE body
//
// The compiled compare can't come back, since a thread may stand in the middle of what replaced it, at offset 3. So the copy is at a
// distance whose bytes are a no-op from there:
//
//	0   1   2   3   4   5   6
//	80  3D  xx  4x  0F  1F  00   CMPB $0, 0x1F0F4xxx(RIP)
//	            4x  0F  1F  00   REX NOP (RAX)
//
// The distance has a range of 4 KiB, so a flag's copies are all at one place in their pages, and one serves
// all sites in 4 KiB of text.
const copyPage = 1 << 12

// copyDistances are how far away copies may be, without xxx: each where the one before is taken. The bytes of the others
// are PREFETCHNTA (RAX) and PREFETCH (RAX), which do nothing either, whatever RAX is.
var copyDistances = []uintptr{0x1F0F_4000, 0x180F_4000, 0x0D0F_4000}

// earlyDistances are those for a site in which a thread may stand at offset 5 too. There are two instructions, a conditional jump to the
// next one and CMPB AL, $0, or SUBB, XORB and ORB of AL and 0:
//
//	0   1   2   3   4   5   6
//	80  3D  xx  7x  00  3C  00   CMPB $0, 0x3C007xxx(RIP)
var earlyDistances = []uintptr{0x3C00_7000, 0x2C00_7000, 0x3400_7000, 0x0C00_7000}

// flagCopies is where copies are. Its memory is never freed, since a thread may be about to read it.
type flagCopies struct {
	mu     sync.Mutex
	places map[uintptr]uintptr // of the copies of a flag: in each page
	areas  map[uintptr]error   // of areaSize; nil: it is ours
	room   func(addr uintptr) error
}

// copies are those of the process.
var copies = flagCopies{room: func(addr uintptr) error {
	return mapAt(addr, areaSize, syscall.PROT_READ|syscall.PROT_WRITE)
}}

// near returns a copy of the flag for a compare at an address.
func (c *flagCopies) near(flag, compare uintptr, distances []uintptr) (*atomic.Uint32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	place, err := c.place(flag)
	if err != nil {
		return nil, err
	}
	for _, distance := range distances {
		at := compare + encode.LenSite + distance
		at += (place - at) % copyPage
		if err = c.area(at &^ (areaSize - 1)); err == nil {
			return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(textmem.Bytes(at, 4)))), nil
		}
	}
	return nil, err
}

// place returns where in a page copies of the flag are. Flags that follow each other have no cache line in common.
func (c *flagCopies) place(flag uintptr) (uintptr, error) {
	if at, ok := c.places[flag]; ok {
		return at, nil
	}
	const size, line = 4, 64
	n := uintptr(len(c.places))
	if n == copyPage/size {
		return 0, errors.New("too many hooks are toggled too often")
	}
	if c.places == nil {
		c.places = map[uintptr]uintptr{}
	}
	at := n*line%copyPage + n*line/copyPage*size
	c.places[flag] = at
	return at, nil
}

// area maps an area, once.
func (c *flagCopies) area(addr uintptr) error {
	err, known := c.areas[addr]
	if !known {
		if c.areas == nil {
			c.areas = map[uintptr]error{}
		}
		err = c.room(addr)
		c.areas[addr] = err
	}
	return err
}

// copyCompare returns the compare of a flag's copy.
func copyCompare(at uintptr, copy *atomic.Uint32) []byte {
	code := append(make([]byte, 0, encode.LenSite), 0x80, 0x3D)
	code = binary.LittleEndian.AppendUint32(code, uint32(uintptr(unsafe.Pointer(copy))-at-encode.LenSite))
	return append(code, 0)
}

// flagForms makes the site's flag form.
func (s *site) flagForms() error {
	for _, pc := range s.pieces {
		g := pc.guard
		switch {
		case g.flag != nil:
			continue
		case pc.mark, pc.addr == s.Branch:
			g.flag = g.compiled
			continue
		}
		distances := copyDistances
		if pc.armStarts == earlyStarts {
			distances = earlyDistances
		}
		copy, err := copies.near(s.key.Addr, s.Addr, distances)
		if err != nil {
			return err
		}
		if !slices.Contains(s.key.copies, copy) {
			s.key.copies = append(s.key.copies, copy)
		}
		g.flag = append(copyCompare(s.Addr, copy), g.compiled[encode.LenSite:]...)
		g.flagStarts = g.starts
	}
	return nil
}

// tell writes whether the key is on into the copies of its flag.
func (k *keyState) tell() {
	value := uint32(0)
	if k.on {
		value = 1
	}
	for _, c := range k.copies {
		c.Store(value)
	}
}
