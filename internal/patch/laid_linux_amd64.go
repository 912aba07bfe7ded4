package patch

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
	"github.com/gkhi/gkhi/internal/scan"
)

// laidLen is the length of a site that is laid down, in bytes.
const laidLen = encode.LenSite

// laidForm returns the no-op that is found at a site.
func laidForm(found []byte) (noop []byte, ok bool) {
	noop, err := encode.DormantLoad(found)
	return noop, err == nil && bytes.Equal(noop, found)
}

// armedLaid is armedBare without memory of its own. The first byte is that of the no-op, so that step 6 writes
// the same for both.
func armedLaid(addr uintptr, dorm [laidLen]byte, trampoline uintptr) ([laidLen]byte, error) {
	call, err := encode.Call32(uint64(addr)+1, uint64(trampoline))
	if err != nil {
		return dorm, errors.New("the trampoline is out of the site's reach")
	}
	copy(dorm[1:], call[:])
	return dorm, nil
}

// writeLaid is steps 2 to 7 of the protocol in doc.go.
func (p *Patcher) writeLaid(items []int32) error {
	l := &p.laid
	for _, i := range items { // what the handler does meanwhile: see traps.transit
		s := &l.sites[i]
		act := uint8(0)
		if s.call != 0 { // from one trampoline to another
			act = l.groups[s.group].want
		}
		l.traps.set(s.off, act)
	}
	trap := func(*laidSite) (b [laidLen]byte) { b[0] = int3; return b }
	if err := p.writeLaidForms(items, 0, 1, trap); err != nil {
		return p.undoLaidHeads(items, err)
	}
	if err := p.mem.Serialize(); err != nil {
		return p.undoLaidHeads(items, err)
	}
	if err := p.writeLaidForms(items, 1, laidLen, p.newForm); err != nil {
		return p.undoLaidTails(items, err)
	}
	if err := p.mem.Serialize(); err != nil {
		return p.undoLaidTails(items, err)
	}
	if err := p.writeLaidForms(items, 0, 1, p.newForm); err != nil {
		// The tails are in place, so the new state can be acted out where the INT3 stayed.
		p.stickLaid(items)
		p.stats.Failures++
		return nil
	}
	if l.traps.stuck {
		p.stickLaid(items)
	}
	if err := p.mem.Serialize(); err != nil {
		// Threads may trap once more on an INT3 that is gone, and go on: no harm.
		p.stats.Failures++
	}
	return nil
}

// undoLaidHeads takes back step 2; see undoHeads.
func (p *Patcher) undoLaidHeads(items []int32, cause error) error {
	back := func(s *laidSite) [laidLen]byte {
		b := p.oldForm(s)
		if s.stuck {
			b[0] = int3
		}
		return b
	}
	if err := p.writeLaidForms(items, 0, 1, back); err != nil {
		p.stickLaid(items)
	}
	return fmt.Errorf("patch: %w", cause)
}

// undoLaidTails takes back steps 2 to 5.
func (p *Patcher) undoLaidTails(items []int32, cause error) error {
	err := p.writeLaidForms(items, 1, laidLen, p.oldForm)
	if err == nil {
		err = p.mem.Serialize()
	}
	if err != nil {
		p.stickLaid(items)
		return fmt.Errorf("patch: %w", cause)
	}
	return p.undoLaidHeads(items, cause)
}

// stickLaid finds out which items have an INT3. The trap handler acts for them until a later change succeeds; see laid.actOut.
func (p *Patcher) stickLaid(items []int32) {
	for _, i := range items {
		s := &p.laid.sites[i]
		s.stuck = p.home.Bytes[s.off] == int3
		p.laid.traps.stuck = p.laid.traps.stuck || s.stuck
	}
}

// actOut tells the handler what to do at the sites that kept an INT3. (A thread that it sends to a trampoline returns to the
// site's last byte, which is a NOP in all forms.)
func (l *laid) actOut() {
	if !l.traps.stuck {
		return
	}
	l.traps.stuck = false
	for i := range l.sites {
		if s := &l.sites[i]; s.stuck {
			l.traps.stuck = true
			l.traps.set(s.off, l.groups[s.group].want)
		}
	}
}

// laidTraps is what trapHandler knows of laid sites: where those are that it doesn't find in the table, and what it does there. It is
// an array over the text, since one may be hit at each of tens of thousands of sites, for which a hash
// table takes more memory and time to make.
//
// There is a byte for four bytes of text, and memory for it where there are sites. A site is longer, so no two share one. It has
// the lower two bits of the site's address, then a one, then the number of the trampoline to act out: 0 to go on behind the site.
type laidTraps struct {
	table *laidTable
	stuck bool // some sites may be
}

// A laidTable is known to the assembly.
type laidTable struct {
	text, size uintptr // address and length of the text
	sites      uintptr // address of the array
	calls      [maxLaidCalls + 1]uintptr
	keep       []byte // the array
}

// trapLaid is what trapHandler reads: nil, or the laidTable.
var trapLaid unsafe.Pointer

// open makes the array, once.
func (t *laidTraps) open(text scan.Segment) {
	if t.table != nil {
		return
	}
	keep := make([]byte, len(text.Bytes)/4+1)
	t.table = &laidTable{
		text: text.Addr, size: uintptr(len(text.Bytes)), keep: keep, sites: uintptr(unsafe.Pointer(unsafe.SliceData(keep))),
	}
	atomic.StorePointer(&trapLaid, unsafe.Pointer(t.table))
}

// set says what to do at a site. The handler may be reading.
func (t *laidTraps) set(off uint32, call uint8) {
	at := uint8(uintptr(off)+t.table.text) & 3
	t.table.keep[off/4] = at | 4 | call<<3
}

// learn gives a trampoline its number.
func (t *laidTraps) learn(number int, call uintptr) {
	atomic.StoreUintptr(&t.table.calls[number], call)
}
