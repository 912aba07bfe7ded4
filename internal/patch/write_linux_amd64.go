package patch

import (
	"fmt"

	"github.com/gkhi/gkhi/internal/textmem"
)

const int3 = 0xCC

// write is steps 2 to 7 of the protocol in doc.go.
func (p *Patcher) write(items []item) error {
	p.trap.transit(items)
	if err := p.mem.Write(heads(items, func(item) byte { return int3 })); err != nil {
		return p.undoHeads(items, err)
	}
	if err := p.mem.Serialize(); err != nil {
		return p.undoHeads(items, err)
	}
	if ts := tails(items, func(it item) []byte { return it.new }); len(ts) > 0 {
		if err := p.mem.Write(ts); err != nil {
			return p.undoTails(items, err)
		}
		if err := p.mem.Serialize(); err != nil {
			return p.undoTails(items, err)
		}
	}
	if err := p.mem.Write(heads(items, func(it item) byte { return it.new[0] })); err != nil {
		// The tails are in place, so the new state can be acted out where the INT3 stayed.
		p.stick(items, func(it item) []byte { return it.new })
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
	if err := p.mem.Write(heads(items, func(it item) byte { return it.head() })); err != nil {
		p.stick(items, func(it item) []byte { return it.old })
	}
	return fmt.Errorf("patch: %w", cause)
}

// undoTails takes back steps 2 to 5.
func (p *Patcher) undoTails(items []item, cause error) error {
	err := p.mem.Write(tails(items, func(it item) []byte { return it.old }))
	if err == nil {
		err = p.mem.Serialize()
	}
	if err != nil {
		p.stick(items, func(it item) []byte { return it.old })
		return fmt.Errorf("patch: %w", cause)
	}
	return p.undoHeads(items, cause)
}

// head is the first byte that stood at the piece before.
func (it item) head() byte {
	if it.stuck {
		return int3
	}
	return it.old[0]
}

// stick marks the items that are left with an INT3. The trap handler acts for
// them until a later move succeeds; see actOut.
func (p *Patcher) stick(items []item, form func(item) []byte) {
	for _, it := range items {
		if it.found()[0] != int3 {
			p.unstick([]item{it})
			continue
		}
		it.stuck = true
		it.now = append([]byte{form(it)[0]}, it.found()[1:]...)
		p.stuck[it.piece] = it.site
	}
}

func (p *Patcher) unstick(items []item) {
	for _, it := range items {
		if it.stuck {
			it.stuck = false
			delete(p.stuck, it.piece)
		}
	}
}

// writeDirect changes first bytes without INT3. Pieces whose tails differ are
// never passed to it.
func (p *Patcher) writeDirect(items []item) error {
	if err := p.mem.Write(heads(items, func(it item) byte { return it.new[0] })); err != nil {
		back := p.mem.Write(heads(items, func(it item) byte { return it.old[0] }))
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

func heads(items []item, b func(item) byte) []textmem.Write {
	ws := make([]textmem.Write, len(items))
	mem := make([]byte, len(items))
	for i, it := range items {
		mem[i] = b(it)
		ws[i] = textmem.Write{Addr: it.addr, Bytes: mem[i : i+1]}
	}
	return ws
}

// tails lists what follows the first bytes, where old and new differ in it.
func tails(items []item, form func(item) []byte) (ws []textmem.Write) {
	for _, it := range items {
		if it.stuck || !oneByte(it.old, it.new) {
			ws = append(ws, textmem.Write{Addr: it.addr + 1, Bytes: form(it)[1:]})
		}
	}
	return ws
}
