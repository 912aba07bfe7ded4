package patch

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/gkhi/gkhi/internal/textmem"
)

const int3 = 0xCC

// write is steps 2 to 7 of the protocol in doc.go.
func (p *Patcher) write(items []item) error {
	p.trap.transit(items)
	if err := p.mem.Write(firsts(items, toInt3)); err != nil {
		return p.undoHeads(items, err)
	}
	if err := p.mem.Serialize(); err != nil {
		return p.undoHeads(items, err)
	}
	if err := p.step(hidden(items)); err != nil {
		return p.undoTails(items, err)
	}
	if err := p.writeTails(items, toNew); err != nil {
		return p.undoTails(items, err)
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
	if err := p.writeTails(items, toOld); err != nil {
		p.stick(items, toOld)
		return fmt.Errorf("patch: %w", cause)
	}
	return p.undoHeads(items, cause)
}

// writeTails is steps 4 and 5: all but the first bytes that threads may run into.
func (p *Patcher) writeTails(items []item, to direction) error {
	if err := p.step(tails(items, to)); err != nil {
		return err
	}
	return p.step(inners(items, to))
}

// step writes, and makes sure that what was there before is executed no more.
func (p *Patcher) step(ws []textmem.Write) error {
	if len(ws) == 0 {
		return nil
	}
	if err := p.mem.Write(ws); err != nil {
		return err
	}
	return p.mem.Serialize()
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
		left, places := heads(0), it.moving(it.oldHeads|it.newHeads|it.places())
		for i := range now {
			if places.has(i) && now[i] == int3 {
				left |= 1 << i
				if starts.has(i) {
					now[i] = form[i]
				}
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

// direct reports whether the items can change without INT3: where one byte does, or one after the other,
// the processor sees the old or the new one, and both are right.
func direct(items []item) bool {
	for i := range items {
		it := &items[i]
		if it.stuck != 0 || !it.togglesByte() && !it.togglesJoint() {
			return false
		}
	}
	return true
}

// togglesByte reports whether one byte changes, and no instruction's start.
func (it *item) togglesByte() bool {
	n := 0
	for i := range it.old {
		if it.old[i] != it.new[i] {
			n++
		}
	}
	return n == 1 && it.oldHeads == it.newHeads
}

// togglesJoint reports whether a joint piece changes in no more than whether the no-op swallows the branch, and the
// branch's first byte.
func (it *item) togglesJoint() bool {
	if it.dormStarts != fallsStarts || it.armStarts != jumpsStarts {
		return false
	}
	for i := range it.old {
		if it.old[i] != it.new[i] && i != modrmAt && i != branchAt {
			return false
		}
	}
	return true
}

// writeDirect changes first bytes without INT3. Of a joint piece it changes two, the branch's while the no-op swallows
// it, so that what stands there in between is right too.
func (p *Patcher) writeDirect(items []item) error {
	var done [][]textmem.Write // what takes each step back
	for _, early := range []bool{true, false} {
		ws, back := singles(items, early)
		if len(ws) == 0 {
			continue
		}
		done = append(done, back)
		if err := p.mem.Write(ws); err != nil {
			for _, back := range slices.Backward(done) {
				if undo := p.mem.Write(back); undo != nil {
					err = fmt.Errorf("%w, and taking it back: %w", err, undo)
				}
			}
			lookAgain(items)
			return fmt.Errorf("patch: %w", err)
		}
		if err := p.mem.Serialize(); err != nil {
			// The new bytes are there; a thread may be slow to see them.
			p.stats.Failures++
		}
	}
	return nil
}

// singles lists the bytes that writeDirect changes early, or late, and the same as they were.
func singles(items []item, early bool) (ws, back []textmem.Write) {
	for i := range items {
		it := &items[i]
		for at := range it.old {
			// What is to be swallowed is swallowed before it changes; what is to be freed has changed.
			first := it.new[at] != it.old[at] && len(it.old) > branchAt &&
				(at == modrmAt && it.newHeads == fallsStarts || at == branchAt && it.newHeads == jumpsStarts)
			if it.new[at] != it.old[at] && first == early {
				w := textmem.Write{Addr: it.addr + uintptr(at), Bytes: it.new[at : at+1]}
				ws = append(ws, w)
				w.Bytes = it.old[at : at+1]
				back = append(back, w)
			}
		}
	}
	return ws, back
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
// start in the form that is written, behind the first one, is INT3 still, and what inners will write: a thread may stand there.
func tails(items []item, to direction) (ws []textmem.Write) {
	for i := range items {
		it := &items[i]
		if !it.needsTails() {
			continue
		}
		form, starts := it.form(to)
		tail := it.withInt3(form, starts|it.inner(to))[it.lo+1 : it.hi]
		ws = append(ws, textmem.Write{Addr: it.addr + uintptr(it.lo) + 1, Bytes: tail})
	}
	return ws
}

// hidden lists the INT3 for where a thread may stand in the middle of an old instruction, if the tail of what it would
// execute there changes. They can't be written in step 2, when that instruction may still be executed.
func hidden(items []item) (ws []textmem.Write) {
	for i := range items {
		it := &items[i]
		if it.site.state == asCompiled {
			continue // nobody stands there yet
		}
		for at := int(it.lo) + 1; at < int(it.hi); at++ {
			if it.places().has(at) && !it.oldHeads.has(at) && !bytes.Equal(it.old[at+1:it.hi], it.new[at+1:it.hi]) {
				ws = append(ws, textmem.Write{Addr: it.addr + uintptr(at), Bytes: []byte{int3}})
			}
		}
	}
	return ws
}

// inners lists the bytes at which a thread may stand though they are in the middle of an instruction of the
// form that is written. They are written when what follows them is, and before the instruction that they are in can be executed.
func inners(items []item, to direction) (ws []textmem.Write) {
	for i := range items {
		it := &items[i]
		inner := it.inner(to)
		if inner == 0 || !it.needsTails() {
			continue
		}
		form, _ := it.form(to)
		for at := range form {
			if inner.has(at) {
				ws = append(ws, textmem.Write{Addr: it.addr + uintptr(at), Bytes: form[at : at+1]})
			}
		}
	}
	return ws
}

// inner returns which bytes are for inners. One that has an INT3 since step 2 and whose tail stays as it is isn't: it can
// be written with the tails.
func (it *item) inner(to direction) (inner heads) {
	_, starts := it.form(to)
	for at := int(it.lo) + 1; at < int(it.hi); at++ {
		if !it.places().has(at) || starts.has(at) || it.stuck == 0 && bytes.Equal(it.old[at:it.hi], it.new[at:it.hi]) {
			continue
		}
		if to == toNew && it.stuck == 0 && it.oldHeads.has(at) && bytes.Equal(it.old[at+1:it.hi], it.new[at+1:it.hi]) {
			continue
		}
		inner |= 1 << at
	}
	return inner
}

// moving returns those of the heads that are where the change is.
func (it *item) moving(h heads) heads { return h & (heads(1)<<it.hi - heads(1)<<it.lo) }
