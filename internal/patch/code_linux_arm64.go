package patch

import (
	"errors"
	"sync"
	"syscall"

	"github.com/gkhi/gkhi/internal/textmem"
)

// A codeSet is code of our own in memory near the text, a snippet for each K. None is ever changed, moved or
// freed, since a thread may stand in it for any time, so it is used again whenever it is asked for. An area
// is written through textmem, as all code is, and never writable.
type codeSet[K comparable] struct {
	mu     sync.Mutex
	stride uintptr // a snippet's length at most; a power of two
	made   map[K]uintptr
	areas  []codeArea
	fresh  []textmem.Write // made and not in memory yet
	// build returns the snippet for an address. The error says that this is not near enough.
	build func(at uintptr, k K) ([]byte, error)
	room  func(k K) (addr, size uintptr, err error) // of an area
}

type codeArea struct {
	addr, size uintptr
	used       uintptr
}

// get returns the address of a snippet. It may be used after the next flush. The error
// says why there is no memory for it.
func (c *codeSet[K]) get(k K) (uintptr, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.made[k]; ok {
		return at, nil
	}
	for i := range c.areas {
		if at, ok := c.make(&c.areas[i], k); ok {
			return at, nil
		}
	}
	addr, size, err := c.room(k)
	if err != nil {
		return 0, err
	}
	c.areas = append(c.areas, codeArea{addr: addr, size: size})
	at, ok := c.make(&c.areas[len(c.areas)-1], k)
	if !ok {
		return 0, errors.New("memory near the site is not near enough")
	}
	return at, nil
}

// make makes a snippet in the area, if that has room and is near enough.
func (c *codeSet[K]) make(a *codeArea, k K) (uintptr, bool) {
	at := a.addr + a.used
	if a.used == a.size {
		return 0, false
	}
	code, err := c.build(at, k)
	if err != nil {
		return 0, false
	}
	a.used += c.stride
	if c.made == nil {
		c.made = map[K]uintptr{}
	}
	c.made[k] = at
	if n := len(c.fresh); n > 0 && c.fresh[n-1].Addr+uintptr(len(c.fresh[n-1].Bytes)) == at {
		c.fresh[n-1].Bytes = append(c.fresh[n-1].Bytes, code...)
	} else {
		c.fresh = append(c.fresh, textmem.Write{Addr: at, Bytes: code})
	}
	return at, true
}

// flush writes what was made. After it no thread finds anything else
// where it is. It serialises, since a CPU may have fetched ahead there.
func (c *codeSet[K]) flush(mem *textmem.Mem) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.fresh) == 0 {
		return nil
	}
	if err := mem.Write(c.fresh); err != nil {
		return err
	}
	if err := mem.Serialize(); err != nil {
		return err
	}
	c.fresh = nil
	return nil
}

// mapCode maps an area at addr: readable and executable, and all zeros, which no CPU executes.
func mapCode(addr uintptr) error { return mapAt(addr, areaSize, syscall.PROT_READ|syscall.PROT_EXEC) }
