//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// An item is one piece on its way from old to new: the bytes from lo to hi, which are whole instructions in
// both. Those that begin at oldHeads give way to those that begin at newHeads.
type item struct {
	*piece
	site               *site
	old, new           []byte
	oldHeads, newHeads heads
	lo, hi             uint8
}

// newItem compares two forms. There is no change if lo and hi are the same.
func newItem(pc *piece, s *site, old, new []byte, oldHeads, newHeads heads) item {
	it := item{piece: pc, site: s, old: old, new: new, oldHeads: oldHeads | atStart, newHeads: newHeads | atStart}
	if it.oldHeads|it.newHeads == atStart && pc.stuck == 0 {
		if !bytes.Equal(old, new) {
			it.hi = uint8(len(old))
		}
		return it
	}
	both := it.oldHeads & it.newHeads
	end, changes := 0, false
	for i := range old {
		if both.has(i) && !changes {
			it.lo = uint8(i)
		}
		if old[i] != new[i] || it.oldHeads.has(i) != it.newHeads.has(i) || pc.stuck.has(i) {
			changes, end = true, i+1
		}
	}
	if !changes {
		it.lo = 0
		return it
	}
	for ; end < len(old) && !both.has(end); end++ {
	}
	it.hi = uint8(end)
	return it
}

func (it *item) changes() bool { return it.lo < it.hi }

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

// change brings sites, in order of address, to what is wanted of them. On an error nothing has changed but marks, or what was begun is
// acted out by the trap handler.
//
// Allowed may be nil; otherwise it is asked when it is known which sites can change.
//
// The mark before a compare is a prefix of it only while the compare stays as it is: it goes before that changes, and comes after.
func (p *Patcher) change(sites []*site, allowed func() error) error {
	var marks []item
	left := false // marks, for later
	for _, s := range sites {
		left = left || s.state == asCompiled || s.state == flagged
		if s.turns() && s.state != flagged {
			marks = s.unmark(marks)
		}
	}
	if err := p.move(marks); err != nil {
		return err
	}
	items := p.items(sites)
	if allowed != nil {
		if err := allowed(); err != nil {
			return err
		}
	}
	err := p.move(items)
	if err == nil && left {
		_ = p.move(p.items(sites)) // without marks all works too
	}
	return err
}

// turns reports whether the site is to go to its flag, or to come back.
func (s *site) turns() bool { return (s.state == flagged) != (s.wanted() == flagged) }

// unmark appends what makes the mark one again. If that is somebody else's the site can't go to its flag.
func (s *site) unmark(items []item) []item {
	for _, pc := range s.pieces {
		if !pc.mark {
			continue
		}
		now, _, _, err := pc.check()
		if err != nil {
			s.fixed = true
			break
		}
		if it := newItem(pc, s, now, pc.guard.compiled, 0, 0); it.changes() {
			items = append(items, it)
		}
	}
	return items
}

// items is step 1: it lists what has to change and compares bytes. A site is left
// alone if it has a byte that is not ours where one has to change. Elsewhere
// in the site, as when the kernel's uprobe sits on the no-op before the branch, it is
// reported and the site goes on.
func (p *Patcher) items(sites []*site) []item {
	items := make([]item, 0, len(sites)) // most sites change one piece
	for _, s := range sites {
		n := len(items)
		items = s.items(items)
		if len(items) == n && s.whyNot != "" && s.wanted() == flagged && s.state != flagged {
			s.fixed = true // what is in the way of that, such as a uprobe on the compare, may not be in the way of a toggle
			items = s.items(items)
		}
		if len(items) == n && s.whyNot == "" {
			s.state = s.wanted()
		}
	}
	return items
}

// items appends those of the site, all or none.
func (s *site) items(items []item) []item {
	n := len(items)
	s.whyNot = ""
	for _, pc := range s.pieces {
		if pc.mark && !s.takesMark(pc) {
			continue
		}
		want, starts, noForm := pc.form(s)
		now, lo, hi, err := pc.check()
		if err != nil {
			s.whyNot = err.Error()
		}
		if noForm != nil {
			s.whyNot = noForm.Error()
			return items[:n]
		}
		it := newItem(pc, s, now, want, pc.starts, starts)
		if !it.changes() {
			continue
		}
		if err != nil && lo < int(it.hi) && int(it.lo) < hi {
			return items[:n]
		}
		items = append(items, it)
	}
	return items
}

// takesMark reports whether the NOP before the compare may change: when what it is to be a prefix of is in place, to
// stay for now. A breakpoint on it is nobody's trouble.
func (s *site) takesMark(mark *piece) bool {
	if s.state == asCompiled || s.turns() {
		return false
	}
	for _, pc := range s.pieces {
		if pc != mark && pc.stuck != 0 {
			return false
		}
	}
	_, _, _, err := mark.check()
	return err == nil
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
		it.now, it.starts = it.new, it.newHeads
		if !it.mark {
			it.site.state = it.site.wanted()
		}
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

// lookAgain books what stands in memory after a change that failed and could not be
// taken back everywhere. The next move of the key puts it right.
func lookAgain(items []item) {
	for _, it := range items {
		it.now = slices.Concat(it.old[:it.lo], it.found()[it.lo:it.hi], it.old[it.hi:])
		if bytes.Equal(it.now, it.new) {
			it.starts = it.newHeads
		}
		if bytes.Equal(it.now, it.new) && !it.mark {
			it.site.state = it.site.wanted()
		}
	}
}
