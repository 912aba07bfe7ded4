//go:build linux && (amd64 || arm64)

package funcs

import (
	"slices"

	"github.com/gkhi/gkhi/internal/patch"
)

// A pointRef says which point a site is of.
type pointRef struct {
	fn           int32
	ret, inRange bool
}

// A pointIndex finds the points of sites, of which there may be one for each event: an array
// over the program's text. Sites are at least four bytes long, so no two share an element. Memory is
// touched only where there are sites.
type pointIndex struct {
	lo   uintptr
	at4  []uint32 // index of refs, plus one
	refs []pointRef
}

// grow makes room for n more sites.
func (x *pointIndex) grow(n int) {
	if x.at4 == nil {
		lo, hi := patch.Default.Home()
		x.lo, x.at4 = lo, make([]uint32, (hi-lo)/4+1)
	}
	x.refs = slices.Grow(x.refs, n)
}

// set says which point a site in the text is of.
func (x *pointIndex) set(addr uintptr, p pointRef) {
	if i := (addr - x.lo) / 4; i >= uintptr(len(x.at4)) {
		return // AddLaid has refused it
	}
	x.refs = append(x.refs, p)
	x.at4[(addr-x.lo)/4] = uint32(len(x.refs))
}

func (x *pointIndex) has(addr uintptr) bool {
	i := (addr - x.lo) / 4
	return i < uintptr(len(x.at4)) && x.at4[i] != 0
}

// ref returns the number of a site; -1 for one that the index doesn't have.
func (x *pointIndex) ref(addr uintptr) int {
	i := (addr - x.lo) / 4
	if i >= uintptr(len(x.at4)) {
		return -1
	}
	return int(x.at4[i]) - 1
}

// at returns the point of a site that the index has.
func (x *pointIndex) at(addr uintptr) pointRef { return x.refs[x.at4[(addr-x.lo)/4]-1] }
