//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// An item is one piece on its way from old to new.
type item struct {
	*piece
	site     *site
	old, new []byte
}

// inOrder sorts sites by address, which is the order in which text is written, a
// page at a time. It sorts once here what would be sorted before each of three writes.
func inOrder(sites []*site) []*site {
	type place struct {
		addr uintptr
		site *site
	}
	places := make([]place, len(sites))
	for i, s := range sites {
		places[i] = place{s.Addr, s}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.addr, b.addr) })
	for i, p := range places {
		sites[i] = p.site
	}
	return sites
}

// items is step 1: it lists what has to change and compares bytes. A site is left
// alone if it has a byte that is not ours where one has to change. Elsewhere
// in the site, as when the kernel's uprobe sits on the no-op before the branch, it is
// reported and the site goes on.
func (p *Patcher) items(sites []*site) []item {
	items := make([]item, 0, len(sites)) // most sites change one piece
	for _, s := range sites {
		n := len(items)
		s.whyNot = ""
		for _, pc := range s.pieces {
			want, err := pc.bytes(s.key)
			changes := err == nil && (pc.stuck || !bytes.Equal(pc.now, want) || pc.rubbed())
			if err == nil {
				err = pc.check()
			}
			if err != nil {
				s.whyNot = err.Error()
			}
			if err != nil && (changes || want == nil) {
				items = items[:n]
				break
			}
			if changes {
				items = append(items, item{pc, s, pc.now, want})
			}
		}
		if len(items) == n && s.whyNot == "" {
			s.state = s.wanted()
		}
	}
	return items
}

// move brings items to their new form: steps 2 to 7 of the protocol. On an error
// nothing has changed, or what was begun is acted out by the trap handler (stuck).
func (p *Patcher) move(items []item) error {
	if len(items) == 0 {
		return nil
	}
	err := p.way()
	switch {
	case err == nil:
		err = p.write(items)
	case direct(items):
		err = p.writeDirect(items)
	default:
		return fmt.Errorf("%w: points, and sites that are not patched yet, have to wait", err)
	}
	if err != nil {
		p.stats.Failures++
		return err
	}
	for _, it := range items {
		it.now = it.new
		it.site.state = it.site.wanted()
	}
	p.stats.Toggles += uint64(len(items))
	p.stats.Batches++
	return nil
}

// way returns why an INT3 can't be used now: a debugger would take it for its
// own, and another library's handler might not know it.
func (p *Patcher) way() error {
	if t := p.sys.Tracer(); t != 0 {
		return tracedError(t)
	}
	return p.trap.install(p.sys)
}

func tracedError(pid int) error {
	return fmt.Errorf("a debugger or tracer (pid %d) is attached to the process", pid)
}

// direct reports whether the items can change without INT3: where one byte does,
// the processor sees the old or the new one, and both are right.
func direct(items []item) bool {
	for _, it := range items {
		if !oneByte(it.old, it.new) || it.stuck {
			return false
		}
	}
	return true
}

func (s *site) wanted() state {
	if s.key.on {
		return armed
	}
	return dormant
}

// lookAgain books what stands in memory after a change that failed and could not be
// taken back everywhere. The next move of the key puts it right.
func lookAgain(items []item) {
	for _, it := range items {
		it.now = append([]byte(nil), it.found()...)
		if bytes.Equal(it.now, it.new) {
			it.site.state = it.site.wanted()
		}
	}
}

// oneByte reports whether only the first byte differs.
func oneByte(a, b []byte) bool { return bytes.Equal(a[1:], b[1:]) }
