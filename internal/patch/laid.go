//go:build linux && (amd64 || arm64)

package patch

import (
	"errors"
	"fmt"

	"github.com/gkhi/gkhi/internal/scan"
)

// AddLaid makes a bare key known whose sites stand in the program's file already, as
// gkhi build leaves them: no-ops at these addresses. It returns the key's number for Set. Nobody
// looks for others, and no flag stands for them. The error says which bytes are not those of such a site; then the
// key is not added.
func (p *Patcher) AddLaid(addrs []uintptr) (int, error) {
	keys, err := p.AddLaidGroup([][]uintptr{addrs})
	if err != nil {
		return 0, err
	}
	return keys[0], nil
}

// AddLaidGroup is AddLaid for many keys at once.
func (p *Patcher) AddLaidGroup(groups [][]uintptr) ([]int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.findHome(); err != nil {
		return nil, err
	}
	n := 0
	for _, g := range groups {
		n += len(g)
	}
	// A few large pieces of memory, not four for each site.
	sites, pieces, ptrs := make([]site, n), make([]piece, n), make([]*piece, n)
	mem := make([]byte, 0, n*laidLen)
	states := make([]keyState, len(groups))
	at := 0
	for i, g := range groups {
		k := &states[i]
		k.Bare, k.laid = true, true
		k.sites = make([]*site, len(g))
		for j, addr := range g {
			if addr-p.home.Addr >= uintptr(len(p.home.Bytes)) || uintptr(len(p.home.Bytes))-(addr-p.home.Addr) < laidLen {
				return nil, fmt.Errorf("%#x is not in the program's text", addr)
			}
			found := p.home.Bytes[addr-p.home.Addr:][:laidLen]
			dorm, err := laidForm(found)
			if err != nil {
				return nil, fmt.Errorf("at %#x: %w", addr, err)
			}
			mem = append(mem, dorm...)
			dorm = mem[len(mem)-laidLen : len(mem) : len(mem)]
			s, pc := &sites[at], &pieces[at]
			ptrs[at] = pc
			*pc = piece{addr: addr, now: dorm, dorm: dorm, resumeDorm: addr + laidLen, first: dorm[0]}
			*s = site{
				Site:  scan.Site{Form: scan.Bare, Addr: addr, Ref: addr, Len: laidLen},
				key:   k,
				state: dormant, pieces: ptrs[at : at+1 : at+1],
			}
			k.sites[j] = s
			at++
		}
	}
	p.laid = true
	numbers := make([]int, len(groups))
	for i := range states {
		numbers[i] = len(p.keys)
		p.keys = append(p.keys, &states[i])
	}
	return numbers, nil
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

// errNotLaid says that there is no such no-op.
var errNotLaid = errors.New("there is no site of gkhi build: the program's file and its memory differ")
