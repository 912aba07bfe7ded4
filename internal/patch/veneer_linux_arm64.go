package patch

import (
	"errors"
	"fmt"

	"github.com/gkhi/gkhi/internal/insn/arm64"
)

// A veneer is the code between a site and a trampoline: see arm64.Veneer.
type veneer struct{ site, call uintptr }

// veneers are those of the process: there is one text, whatever patches it.
var veneers = codeSet[veneer]{
	stride: arm64.VeneerLen,
	build: func(at uintptr, v veneer) ([]byte, error) {
		return arm64.Veneer(uint64(at), uint64(v.site), uint64(v.call))
	},
	room: func(v veneer) (addr, size uintptr, err error) {
		addr, err = mapNear(v.site)
		return addr, areaSize, err
	},
}

// mapNear maps memory for veneers that the site can branch to.
func mapNear(site uintptr) (uintptr, error) {
	var used []mapping
	if err := eachMapping(func(m mapping) { used = append(used, m) }); err != nil {
		return 0, fmt.Errorf("find memory near the site: %w", err)
	}
	err := errors.New("none is free")
	// Half of the distance first, so that other sites reach it too.
	for _, reach := range []uintptr{1 << 26, 1<<27 - areaSize} {
		for _, at := range gaps(used, site, reach) {
			if e := mapCode(at); e == nil {
				return at, nil
			} else {
				err = e
			}
		}
	}
	return 0, fmt.Errorf("no memory for code within 128 MiB of the site: %w", err)
}

// gaps lists places for an area, one for each gap between the mappings within
// reach of the site: at the upper end, since a heap may grow into the lower one,
// and a little off what is there, so that nobody takes the two for one.
func gaps(used []mapping, site, reach uintptr) []uintptr {
	lo, hi := site-min(site, reach), site+reach
	var at []uintptr
	free := uintptr(0) // end of the mapping before
	for _, m := range append(used, mapping{from: ^uintptr(0)}) {
		from, to := max(free, lo), min(m.from, hi)
		free = m.to
		if m.path == "[stack]" || to < from || to-from < 4*areaSize {
			continue // a stack grows down
		}
		at = append(at, (to-2*areaSize)&^(areaSize-1))
	}
	return at
}
