package patch

import (
	"fmt"

	"github.com/gkhi/gkhi/internal/textmem"
)

const int3 = 0 // there are no traps here: no piece is ever stuck

// write replaces aligned words: see the protocol for arm64 in doc.go.
func (p *Patcher) write(items []item) error {
	if err := veneers.flush(p.mem); err != nil {
		return fmt.Errorf("patch: %w", err)
	}
	put := func(form func(item) []byte) error {
		ws := make([]textmem.Write, len(items))
		for i, it := range items {
			ws[i] = textmem.Write{Addr: it.addr, Bytes: form(it)}
		}
		if err := p.mem.Write(ws); err != nil {
			return err
		}
		return p.mem.Serialize()
	}
	err := put(func(it item) []byte { return it.new })
	if err == nil {
		return nil
	}
	if undo := put(func(it item) []byte { return it.old }); undo != nil {
		err = fmt.Errorf("%w, and taking it back: %w", err, undo)
	}
	lookAgain(items)
	return fmt.Errorf("patch: %w", err)
}

// direct reports whether the items can change without INT3, which is not needed for words.
func direct([]item) bool { return true }

// writeDirect is write: no breakpoints are involved.
func (p *Patcher) writeDirect(items []item) error { return p.write(items) }
