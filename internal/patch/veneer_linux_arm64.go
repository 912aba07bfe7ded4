package patch

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/textmem"
)

// veneers are those of the process: there is one text, whatever patches it.
var veneers = veneerSet{made: map[veneer]uintptr{}, room: mapNear}

// A veneer is the code between a site and a trampoline: see arm64.Veneer. It is
// never changed, moved or freed, since a thread may stand in it for any time, so it is
// used again whenever the site is armed with the trampoline.
type veneer struct{ site, call uintptr }

// A veneerSet makes veneers. An area is written through textmem, as all code is,
// and never writable.
type veneerSet struct {
	mu    sync.Mutex
	made  map[veneer]uintptr
	areas []veneerArea
	fresh []textmem.Write // made and not in memory yet
	room  func(site uintptr) (area uintptr, err error)
}

type veneerArea struct {
	addr uintptr
	used uintptr
}

const areaSize = 1 << 16 // a page, however large pages are

// get returns the address of a veneer. It may be used after the next flush. The error
// says why there is no memory for it.
func (v *veneerSet) get(site, call uintptr) (uintptr, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := veneer{site, call}
	if at, ok := v.made[key]; ok {
		return at, nil
	}
	for i := range v.areas {
		if at, ok := v.make(&v.areas[i], key); ok {
			return at, nil
		}
	}
	addr, err := v.room(site)
	if err != nil {
		return 0, err
	}
	v.areas = append(v.areas, veneerArea{addr: addr})
	at, ok := v.make(&v.areas[len(v.areas)-1], key)
	if !ok {
		return 0, errors.New("memory near the site is not near enough")
	}
	return at, nil
}

// make makes a veneer in the area, if that has room and is near enough.
func (v *veneerSet) make(a *veneerArea, key veneer) (uintptr, bool) {
	at := a.addr + a.used
	if a.used == areaSize {
		return 0, false
	}
	code, err := arm64.Veneer(uint64(at), uint64(key.site), uint64(key.call))
	if err != nil {
		return 0, false
	}
	a.used += arm64.VeneerLen
	v.made[key] = at
	if n := len(v.fresh); n > 0 && v.fresh[n-1].Addr+uintptr(len(v.fresh[n-1].Bytes)) == at {
		v.fresh[n-1].Bytes = append(v.fresh[n-1].Bytes, code...)
	} else {
		v.fresh = append(v.fresh, textmem.Write{Addr: at, Bytes: code})
	}
	return at, true
}

// flush writes the veneers that were made. After it no thread finds anything else
// where they are. It serialises, since a CPU may have fetched ahead there.
func (v *veneerSet) flush(mem *textmem.Mem) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.fresh) == 0 {
		return nil
	}
	if err := mem.Write(v.fresh); err != nil {
		return err
	}
	if err := mem.Serialize(); err != nil {
		return err
	}
	v.fresh = nil
	return nil
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

// mapCode maps an area at addr: readable and executable, and all zeros, which no
// CPU executes.
func mapCode(addr uintptr) error {
	const noReplace = 0x10_0000 // Linux 4.17; before, addr is a mere wish
	got, _, e := syscall.Syscall6(syscall.SYS_MMAP, addr, areaSize, syscall.PROT_READ|syscall.PROT_EXEC,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|noReplace, ^uintptr(0), 0)
	switch {
	case e != 0:
		return os.NewSyscallError("mmap", e)
	case got != addr:
		syscall.Syscall(syscall.SYS_MUNMAP, got, areaSize, 0)
		return errors.New("mmap: the place was taken")
	}
	return nil
}
