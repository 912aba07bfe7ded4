package patch

import (
	"fmt"

	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/scan"
)

// laidLen is the length of a site that is laid down, in bytes.
const laidLen = arm64.WordLen

// laidForm returns the no-op that is found at a site.
func laidForm(found []byte) (noop []byte, ok bool) {
	noop = word(arm64.NOP)
	return noop, string(noop) == string(found)
}

// armedLaid is armedBare.
func armedLaid(addr uintptr, _ [laidLen]byte, trampoline uintptr) (b [laidLen]byte, err error) {
	code, err := armedBare(&piece{addr: addr}, trampoline)
	copy(b[:], code)
	return b, err
}

// writeLaid replaces aligned words: see the protocol for arm64 in doc.go.
func (p *Patcher) writeLaid(items []int32) error {
	if err := veneers.flush(p.mem); err != nil {
		return fmt.Errorf("patch: %w", err)
	}
	put := func(form func(*laidSite) [laidLen]byte) error {
		if err := p.writeLaidForms(items, 0, laidLen, form); err != nil {
			return err
		}
		return p.mem.Serialize()
	}
	err := put(p.newForm)
	if err == nil {
		return nil
	}
	if undo := put(p.oldForm); undo != nil {
		err = fmt.Errorf("%w, and taking it back: %w", err, undo)
	}
	for _, i := range items { // what stands there, if it could not be taken back
		s := &p.laid.sites[i]
		if form := p.newForm(s); string(p.home.Bytes[s.off:][:laidLen]) == string(form[:]) {
			s.call = p.laid.groups[s.group].want
		}
	}
	return fmt.Errorf("patch: %w", err)
}

func (l *laid) actOut() {}

// laidTraps is empty: words are swapped whole.
type laidTraps struct{}

func (laidTraps) open(scan.Segment) {}

func (laidTraps) set(uint32, uint8) {}

func (laidTraps) learn(int, uintptr) {}
