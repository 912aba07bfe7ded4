//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"fmt"
)

// An item is one piece on its way from old to new.
type item struct {
	*piece
	site     *site
	old, new []byte
}

// move brings sites to what their keys' states ask for: steps 1 to 7 of the
// protocol. On an error nothing has changed, or what was begun is acted out by
// the trap handler (stuck).
func (p *Patcher) move(sites []*site) error {
	items := p.items(sites)
	if len(items) == 0 {
		return nil
	}
	if tracer := p.sys.Tracer(); tracer != 0 {
		return p.moveTraced(items, tracer)
	}
	if err := p.trap.install(p.sys); err != nil {
		return err
	}
	if err := p.write(items); err != nil {
		p.stats.Failures++
		return err
	}
	p.settle(items)
	return nil
}

// items is step 1: it lists what has to change and compares bytes. A site with
// a byte that is not ours is left alone.
func (p *Patcher) items(sites []*site) []item {
	var items []item
next:
	for _, s := range sites {
		if len(s.pieces) == 0 {
			continue
		}
		n := len(items)
		for _, pc := range s.pieces {
			want, err := pc.bytes(s.key)
			if err == nil {
				err = pc.check()
			}
			if err != nil {
				s.whyNot = err.Error()
				items = items[:n]
				continue next
			}
			if pc.stuck || !bytes.Equal(pc.now, want) {
				items = append(items, item{pc, s, pc.now, want})
			}
		}
		s.whyNot = ""
		if len(items) == n {
			s.state = s.wanted()
		}
	}
	return items
}

func (s *site) wanted() state {
	if s.key.on {
		return armed
	}
	return dormant
}

// settle books what was written.
func (p *Patcher) settle(items []item) {
	for _, it := range items {
		it.now = it.new
		it.site.state = it.site.wanted()
	}
	p.stats.Toggles += uint64(len(items))
	p.stats.Batches++
}

// moveTraced changes sites while a debugger is attached, which would take an
// INT3 for its own. A change of one byte needs none: the processor sees the old
// or the new byte, and both are right. All else is refused for as long.
func (p *Patcher) moveTraced(items []item, tracer int) error {
	for _, it := range items {
		if !oneByte(it.old, it.new) || it.stuck {
			return fmt.Errorf("a debugger or tracer (pid %d) is attached to the process: points and fresh sites can't be patched until it leaves", tracer)
		}
	}
	if err := p.writeDirect(items); err != nil {
		return err
	}
	p.settle(items)
	return nil
}

// oneByte reports whether only the first byte differs.
func oneByte(a, b []byte) bool { return bytes.Equal(a[1:], b[1:]) }
