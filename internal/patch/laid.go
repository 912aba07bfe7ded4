//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/gkhi/gkhi/internal/textmem"
)

// laid are the sites of AddLaid. There may be tens of thousands, all switched at once, so that what it costs is
// mostly what memory is touched: they are small, in few pieces, and point to nothing.
//
// The protocol is that of other bare sites; see doc.go.
type laid struct {
	groups []laidGroup
	sites  []laidSite // in ascending order of address
	calls  []uintptr  // trampolines by number; 0 is none
	traps  laidTraps
}

// A laidGroup is what is switched together: the sites of a function.
type laidGroup struct {
	want  uint8 // number of the trampoline; 0 when dormant
	sites int32
	good  int32 // of them, those where nobody else's bytes are in the way; as of the last change
}

type laidSite struct {
	off   uint32 // in the home segment
	group int32
	dorm  [laidLen]byte
	call  uint8 // what stands there: number of the trampoline; 0: the no-op
	stuck bool  // an INT3 could not be taken back
}

// maxLaidCalls bounds the numbers of trampolines: a byte has five bits for them, see laidTraps.
const maxLaidCalls = 31

// AddLaid makes sites known that stand in the program's file already, as gkhi build leaves them: no-ops at these addresses. Nobody
// looks for others, and no flag stands for them. Where something else is found, such as a breakpoint, the
// address is left alone for good.
//
// Sites are switched in groups: the first is of the addresses before ends[0], and so on. They are numbered from first on.
// The error is of addresses that are not in the program; then none is known.
func (p *Patcher) AddLaid(addrs []uintptr, ends []int) (first int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.findHome(); err != nil {
		return 0, err
	}
	text := p.home.Bytes
	if uint64(len(text)) > math.MaxUint32 {
		return 0, errors.New("the program's text is larger than 4 GiB")
	}
	for _, addr := range addrs {
		if off := addr - p.home.Addr; off >= uintptr(len(text)) || uintptr(len(text))-off < laidLen {
			return 0, fmt.Errorf("%#x is not in the program's text", addr)
		}
	}
	l := &p.laid
	l.traps.open(p.home)
	first = len(l.groups)
	l.groups = slices.Grow(l.groups, len(ends))
	fresh := make([]laidSite, 0, len(addrs))
	from := 0
	for _, end := range ends {
		for _, addr := range addrs[from:end] {
			s := laidSite{off: uint32(addr - p.home.Addr), group: int32(len(l.groups))}
			found := text[s.off:][:laidLen]
			if noop, ok := laidForm(found); ok {
				copy(s.dorm[:], noop)
				fresh = append(fresh, s)
			}
		}
		l.groups = append(l.groups, laidGroup{})
		from = end
	}
	l.merge(fresh)
	return first, nil
}

// merge adds sites. One that begins in another is dropped.
func (l *laid) merge(fresh []laidSite) {
	all := make([]laidSite, 0, len(l.sites)+len(fresh))
	old := l.sites
	for _, i := range byOffset(fresh) {
		s := &fresh[i]
		for len(old) > 0 && old[0].off <= s.off {
			all, old = append(all, old[0]), old[1:]
		}
		before := len(all) == 0 || s.off-all[len(all)-1].off >= laidLen
		if before && (len(old) == 0 || old[0].off-s.off >= laidLen) {
			all = append(all, *s)
			l.groups[s.group].sites++
			l.traps.set(s.off, 0)
		}
	}
	l.sites = append(all, old...)
}

// byOffset returns the indices of sites in the order of their addresses. It sorts by digits, which for so many
// is several times as quick as by comparing.
func byOffset(sites []laidSite) []int32 {
	const bits = 11
	in, out := make([]int32, len(sites)), make([]int32, len(sites))
	most := uint32(0)
	for i := range sites {
		in[i] = int32(i)
		most = max(most, sites[i].off)
	}
	for shift := 0; shift < 32 && most>>shift != 0; shift += bits {
		var at [1 << bits]int32
		for i := range sites {
			at[sites[i].off>>shift%(1<<bits)]++
		}
		sum := int32(0)
		for d, n := range at {
			at[d], sum = sum, sum+n
		}
		for _, i := range in {
			d := sites[i].off >> shift % (1 << bits)
			out[at[d]] = i
			at[d]++
		}
		in, out = out, in
	}
	return in
}

// LaidSites returns how many sites each of n groups has, from first on. One that has none must not be switched on.
func (p *Patcher) LaidSites(first, n int) []int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	sites := make([]int32, n)
	for i := range sites {
		sites[i] = p.laid.groups[first+i].sites
	}
	return sites
}

// A LaidChange is what SetLaid does to the sites of a group.
type LaidChange struct {
	Group int
	Call  uintptr // the trampoline to call; 0 to make them no-ops
}

// SetLaid arms and disarms groups. An error means that nothing was changed: the system refuses, or a group that was to
// be switched on has no site that can be patched.
func (p *Patcher) SetLaid(changes []LaidChange) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		p.paused = err
		return fmt.Errorf("points work only where sites can be patched: %w", err)
	}
	l := &p.laid
	for _, c := range changes {
		if err := l.learn(c.Call); err != nil {
			return err
		}
	}
	old := make([]uint8, len(changes))
	for i, c := range changes {
		g := &l.groups[c.Group]
		old[i], g.want = g.want, uint8(slices.Index(l.calls, c.Call))
	}
	err := p.moveLaid(changes)
	if err != nil {
		for i, c := range slices.Backward(changes) {
			l.groups[c.Group].want = old[i]
		}
	}
	l.actOut()
	return err
}

// moveLaid brings all sites to what their groups want.
func (p *Patcher) moveLaid(changes []LaidChange) error {
	l := &p.laid
	items, err := p.laidItems()
	if err != nil {
		return err
	}
	for _, c := range changes {
		if c.Call != 0 && l.groups[c.Group].good == 0 {
			return fmt.Errorf("no site of the point can be patched%s", p.whyNotLaid(c.Group))
		}
	}
	if len(items) == 0 {
		return nil
	}
	if err := p.way(); err != nil {
		return fmt.Errorf("%w: points have to wait", err)
	}
	if err := p.writeLaid(items); err != nil {
		p.stats.Failures++
		return err
	}
	for _, i := range items {
		l.sites[i].call = l.groups[l.sites[i].group].want
	}
	p.stats.Toggles += uint64(len(items))
	p.stats.Batches++
	return nil
}

// learn gives a trampoline a number.
func (l *laid) learn(call uintptr) error {
	if len(l.calls) == 0 {
		l.calls = append(l.calls, 0) // none is what 0 is
	}
	switch i := len(l.calls); {
	case slices.Contains(l.calls, call):
	case i > maxLaidCalls:
		return errors.New("there are too many trampolines")
	default:
		l.calls = append(l.calls, call)
		l.traps.learn(i, call)
	}
	return nil
}

// laidItems is step 1: it lists the sites, by index, that have to change, and compares bytes. One with a byte that is not ours
// is left alone. The error says that a trampoline can't be called from a site.
func (p *Patcher) laidItems() (items []int32, err error) {
	l := &p.laid
	n := 0
	for i := range l.groups {
		l.groups[i].good = 0
	}
	for i := range l.sites {
		if s := &l.sites[i]; s.call != l.groups[s.group].want || s.stuck {
			n++
		}
	}
	items = make([]int32, 0, n)
	for i := range l.sites {
		s := &l.sites[i]
		g := &l.groups[s.group]
		if s.call != g.want || s.stuck {
			if p.checkLaid(s) != nil {
				continue
			}
			if _, err := p.laidForm(s, g.want); err != nil {
				return nil, err
			}
			items = append(items, int32(i))
		}
		g.good++
	}
	return items, nil
}

// checkLaid compares memory with what was written last.
func (p *Patcher) checkLaid(s *laidSite) error {
	got := p.home.Bytes[s.off:][:laidLen]
	if s.stuck && got[0] == int3 { // what is behind it may be half of this and half of that
		return nil
	}
	want, err := p.laidForm(s, s.call)
	if err == nil && !bytes.Equal(got, want[:]) {
		err = fmt.Errorf("found % x where % x should be: somebody else changed it", got, want)
	}
	return err
}

// whyNotLaid says, in brackets, what stands in the way of a group.
func (p *Patcher) whyNotLaid(group int) string {
	for i := range p.laid.sites {
		if s := &p.laid.sites[i]; int(s.group) == group {
			if err := p.checkLaid(s); err != nil {
				return " (" + err.Error() + ")"
			}
		}
	}
	return " (it has none in this program)"
}

// laidForm returns what stands at a site that calls the trampoline of that number.
func (p *Patcher) laidForm(s *laidSite, call uint8) ([laidLen]byte, error) {
	if call == 0 {
		return s.dorm, nil
	}
	return armedLaid(p.home.Addr+uintptr(s.off), s.dorm, p.laid.calls[call])
}

// writeLaidForms writes for each item the part from lo to hi of what form says.
func (p *Patcher) writeLaidForms(items []int32, lo, hi int, form func(s *laidSite) [laidLen]byte) error {
	var buf [laidLen]byte
	return p.mem.WriteSorted(func(yield func(textmem.Write) bool) {
		for _, i := range items {
			s := &p.laid.sites[i]
			buf = form(s)
			if !yield(textmem.Write{Addr: p.home.Addr + uintptr(s.off) + uintptr(lo), Bytes: buf[lo:hi]}) {
				return
			}
		}
	})
}

// oldForm and newForm are what stood at a site before a change, and what is to stand there. That the forms exist was
// found by laidItems.
func (p *Patcher) oldForm(s *laidSite) [laidLen]byte {
	b, _ := p.laidForm(s, s.call)
	return b
}

func (p *Patcher) newForm(s *laidSite) [laidLen]byte {
	b, _ := p.laidForm(s, p.laid.groups[s.group].want)
	return b
}

// Code returns what stands at a site of AddLaid now, nil for an address that is not in the program. Odd says what
// somebody else changed there.
func (p *Patcher) Code(addr uintptr) (code []byte, odd string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.findHome() != nil || addr-p.home.Addr >= uintptr(len(p.home.Bytes)) || uintptr(len(p.home.Bytes))-(addr-p.home.Addr) < laidLen {
		return nil, ""
	}
	off := uint32(addr - p.home.Addr)
	i := sort.Search(len(p.laid.sites), func(i int) bool { return p.laid.sites[i].off >= off })
	if i < len(p.laid.sites) && p.laid.sites[i].off == off {
		if err := p.checkLaid(&p.laid.sites[i]); err != nil {
			odd = err.Error()
		}
	}
	return append([]byte(nil), p.home.Bytes[off:][:laidLen]...), odd
}
