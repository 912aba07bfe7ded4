package patch

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/gkhi/gkhi/internal/textmem"
)

const int3 = 0xCC

// write is steps 2 to 7 of the protocol in doc.go.
func (p *Patcher) write(items []item) error {
	if err := stubs.flush(p.mem); err != nil {
		return fmt.Errorf("patch: %w", err)
	}
	p.trap.transit(items)
	if err := p.mem.Write(firsts(items, toInt3)); err != nil {
		return p.undoHeads(items, err)
	}
	if err := p.mem.Serialize(); err != nil {
		return p.undoHeads(items, err)
	}
	if ts := tails(items, toNew); len(ts) > 0 {
		if err := p.mem.Write(ts); err != nil {
			return p.undoTails(items, err)
		}
		if err := p.mem.Serialize(); err != nil {
			return p.undoTails(items, err)
		}
	}
	if err := p.mem.Write(firsts(items, toNew)); err != nil {
		// The tails are in place, so the new state can be acted out where the INT3 stayed.
		p.stick(items, toNew)
		p.stats.Failures++
		return nil
	}
	p.unstick(items)
	if err := p.mem.Serialize(); err != nil {
		// Threads may trap once more on an INT3 that is gone, and go on: no harm.
		p.stats.Failures++
	}
	return nil
}

// undoHeads takes back step 2. The tails were not touched, so the old first
// bytes may return without a barrier.
func (p *Patcher) undoHeads(items []item, cause error) error {
	if err := p.mem.Write(firsts(items, toOld)); err != nil {
		p.stick(items, toOld)
	}
	return fmt.Errorf("patch: %w", cause)
}

// undoTails takes back steps 2 to 5.
func (p *Patcher) undoTails(items []item, cause error) error {
	err := p.mem.Write(tails(items, toOld))
	if err == nil {
		err = p.mem.Serialize()
	}
	if err != nil {
		p.stick(items, toOld)
		return fmt.Errorf("patch: %w", cause)
	}
	return p.undoHeads(items, cause)
}

// A direction is which form of an item is written.
type direction int

const (
	toOld direction = iota
	toNew
	toInt3 // over the old
)

// form returns the bytes that are to stand there, and where instructions begin.
func (it *item) form(to direction) ([]byte, heads) {
	if to == toNew {
		return it.new, it.moving(it.newHeads)
	}
	return it.old, it.moving(it.oldHeads)
}

// firstByte returns that of the instruction at i.
func (it *item) firstByte(to direction, i int) byte {
	switch {
	case to == toNew:
		return it.new[i]
	case to == toInt3 || it.stuck.has(i):
		return int3
	}
	return it.old[i]
}

// stick marks the items that are left with an INT3. The trap handler acts for
// them until a later move succeeds; see actOut.
func (p *Patcher) stick(items []item, to direction) {
	for _, it := range items {
		form, starts := it.form(to)
		now := slices.Concat(it.old[:it.lo], it.found()[it.lo:it.hi], it.old[it.hi:])
		left := heads(0)
		for i := range now {
			if it.moving(it.oldHeads|it.newHeads).has(i) && now[i] == int3 {
				left |= 1 << i
			}
			if starts.has(i) {
				now[i] = form[i]
			}
		}
		if left == 0 {
			p.unstick([]item{it})
			continue
		}
		// An INT3 where the form has no instruction's start is on a way that nobody takes but who stood there before.
		it.stuck, it.now, it.starts = left, now, starts|left
		p.stuck[it.piece] = it.site
	}
}

func (p *Patcher) unstick(items []item) {
	for _, it := range items {
		if it.stuck != 0 {
			it.stuck = 0
			delete(p.stuck, it.piece)
		}
	}
}

// direct reports whether the items can change without INT3: where one byte does,
// the processor sees the old or the new one, and both are right.
func direct(items []item) bool {
	for _, it := range items {
		if it.stuck != 0 || it.needsTails() || bits.OnesCount16(uint16(it.moving(it.oldHeads))) != 1 {
			return false
		}
	}
	return true
}

// writeDirect changes first bytes without INT3.
func (p *Patcher) writeDirect(items []item) error {
	if err := p.mem.Write(firsts(items, toNew)); err != nil {
		back := p.mem.Write(firsts(items, toOld))
		if back != nil {
			err = fmt.Errorf("%w, and taking it back: %w", err, back)
		}
		lookAgain(items)
		return fmt.Errorf("patch: %w", err)
	}
	if err := p.mem.Serialize(); err != nil {
		// The new bytes are there; a thread may be slow to see them.
		p.stats.Failures++
	}
	return nil
}

// firsts lists the first bytes of instructions.
func firsts(items []item, to direction) []textmem.Write {
	ws := make([]textmem.Write, 0, len(items))
	mem := make([]byte, 0, len(items))
	for i := range items {
		it := &items[i]
		_, starts := it.form(to)
		for at := int(it.lo); starts>>at != 0; at++ {
			if starts.has(at) {
				mem = append(mem, it.firstByte(to, at))
				ws = append(ws, textmem.Write{Addr: it.addr + uintptr(at), Bytes: mem[len(mem)-1 : len(mem) : len(mem)]})
			}
		}
	}
	return ws
}

// needsTails reports whether more has to change than first bytes of instructions.
func (it *item) needsTails() bool {
	old, new := it.moving(it.oldHeads), it.moving(it.newHeads)
	if old != new || it.stuck != 0 {
		return true
	}
	for i := int(it.lo); i < int(it.hi); i++ {
		if it.old[i] != it.new[i] && !new.has(i) {
			return true
		}
	}
	return false
}

// tails lists what follows the first bytes, where old and new differ in it. What is an instruction's
// start in the form that is written, behind the first one, is INT3 still: a thread may stand there.
func tails(items []item, to direction) (ws []textmem.Write) {
	for i := range items {
		it := &items[i]
		if !it.needsTails() {
			continue
		}
		form, starts := it.form(to)
		tail := it.withInt3(form, starts)[it.lo+1 : it.hi]
		ws = append(ws, textmem.Write{Addr: it.addr + uintptr(it.lo) + 1, Bytes: tail})
	}
	return ws
}
