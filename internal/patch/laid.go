//go:build linux && (amd64 || arm64)

package patch

import (
	"fmt"

	"github.com/gkhi/gkhi/internal/scan"
)

// AddLaid makes bare keys known whose sites stand in the program's file already, as
// gkhi build leaves them: no-ops at these addresses. Nobody looks for others, and no flag stands for them. Where
// something else is found, such as a breakpoint, the address is left alone for good.
//
// It returns the keys' numbers for Set, and how many sites each has; one that has none must not be
// switched on. The error is of addresses that are not in the program.
func (p *Patcher) AddLaid(groups [][]uintptr) (keys, sites []int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.findHome(); err != nil {
		return nil, nil, err
	}
	n := 0
	for _, g := range groups {
		n += len(g)
	}
	// A few large pieces of memory, not four for each site.
	all, pieces, ptrs := make([]site, n), make([]piece, n), make([]*piece, n)
	mem := make([]byte, 0, n*laidLen)
	states := make([]keyState, len(groups))
	at := 0
	for i, g := range groups {
		k := &states[i]
		k.Bare, k.laid = true, true
		k.sites = make([]*site, 0, len(g))
		for _, addr := range g {
			if addr-p.home.Addr >= uintptr(len(p.home.Bytes)) || uintptr(len(p.home.Bytes))-(addr-p.home.Addr) < laidLen {
				return nil, nil, fmt.Errorf("%#x is not in the program's text", addr)
			}
			found := p.home.Bytes[addr-p.home.Addr:][:laidLen]
			dorm, ok := laidForm(found)
			if !ok {
				continue
			}
			mem = append(mem, dorm...)
			dorm = mem[len(mem)-laidLen : len(mem) : len(mem)]
			s, pc := &all[at], &pieces[at]
			ptrs[at] = pc
			*pc = piece{addr: addr, now: dorm, dorm: dorm, resumeDorm: addr + laidLen, first: dorm[0]}
			*s = site{
				Site:  scan.Site{Form: scan.Bare, Addr: addr, Ref: addr, Len: laidLen},
				key:   k,
				state: dormant, pieces: ptrs[at : at+1 : at+1],
			}
			k.sites = append(k.sites, s)
			at++
		}
	}
	p.laid = true
	for i := range states {
		keys, sites = append(keys, len(p.keys)), append(sites, len(states[i].sites))
		p.keys = append(p.keys, &states[i])
	}
	return keys, sites, nil
}

// Code returns what stands at a site of AddLaid now; nil for an address that is not in the program.
func (p *Patcher) Code(addr uintptr) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.findHome() != nil || addr-p.home.Addr >= uintptr(len(p.home.Bytes)) || uintptr(len(p.home.Bytes))-(addr-p.home.Addr) < laidLen {
		return nil
	}
	return append([]byte(nil), p.home.Bytes[addr-p.home.Addr:][:laidLen]...)
}
