//go:build linux && (amd64 || arm64)

package patch

import (
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/record"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/testenv"
	"github.com/gkhi/gkhi/internal/textmem"
)

// The sites that the tests of this package patch: guarded ones of two keys, and
// bare ones. They are made as the root package makes them.
var (
	guardA, guardB testFlag
	bareC          struct{ word uint64 }
)

type testFlag struct {
	on bool
	_  [7]byte
}

// armed is inlined, as Hook.Armed is: the compiler marks where.
func (f *testFlag) armed() bool { return f.load() }

func (f *testFlag) load() bool { return f.on }

var fired int // how many bodies ran; of single-threaded tests

//go:noinline
func fire(n int) { fired += n }

//go:noinline
func fallsThrough() {
	if guardA.armed() {
		fire(1)
	}
}

//go:noinline
func outOfLine(n int) (sum int) {
	for i := range n {
		if guardA.armed() {
			fire(1)
		}
		sum += i
	}
	return sum
}

//go:noinline
func longBranch(v int) int {
	if guardB.armed() {
		fire(1)
		v = lots(lots(lots(lots(v))))
	}
	return v
}

//go:noinline
func fireFor(n int) (one int, two string) { fired += n; return n, "two" }

// In elsewhere the way that the site takes when dormant goes on behind the branch.
//
//go:noinline
func elsewhere(n int) (int, string) {
	var (
		x int
		s string
	)
	if guardA.armed() {
		x, s = fireFor(1)
	}
	return x + n, s
}

// In farElsewhere that way is long, and so is the branch.
//
//go:noinline
func farElsewhere(v int) int {
	v ^= 0x1234567 // so that the branch is where the assembler puts no no-op before it
	if guardB.armed() {
		x, _ := fireFor(1)
		v += x
	} else {
		v = lots(lots(lots(lots(lots(lots(v))))))
	}
	return lots(v)
}

func lots(v int) int {
	v = v*3 ^ v>>7 + v<<5
	v = v*5 ^ v>>9 + v<<3
	return v*7 ^ v>>11 + v<<2
}

//go:noinline
func leaf(x int) int {
	atomic.LoadUint64(&bareC.word)
	return 3*x + 1
}

// passA and passB run each site of their key once, and return how many there are.
func passA() int { fallsThrough(); outOfLine(1); elsewhere(1); return 3 }
func passB() int { longBranch(7); farElsewhere(7); return 2 }

// A rig is a patcher of its own over the fixture, which is as compiled again when
// the test ends.
type rig struct {
	*Patcher
	a, b, c int // numbers of the keys
	count   uintptr

	armed map[int]bool
	vague map[int]bool // disarming was refused: bodies may run, and find nothing to do
}

func newRig(t testing.TB, sys System) *rig {
	testenv.Need(t, testenv.NoRace)
	guardA.on, guardB.on = false, false
	r := &rig{Patcher: New(sys), armed: map[int]bool{}, vague: map[int]bool{}}
	r.SetLimit(Limit{})
	add := func(at unsafe.Pointer, bare bool) int {
		return r.Add(scan.Key{Addr: uintptr(at), Size: 8, Bare: bare})
	}
	r.a, r.b = add(unsafe.Pointer(&guardA), false), add(unsafe.Pointer(&guardB), false)
	r.c = add(unsafe.Pointer(&bareC), true)
	lo, hi := r.Home()
	if err := record.Open(lo, hi-lo); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.count, err = record.Trampoline(record.Count); err != nil {
		t.Fatal(err)
	}
	r.remember(t)
	t.Cleanup(r.restore)
	return r
}

// restore writes what the compiler made. No other thread may be in a site.
func (r *rig) restore() {
	mem, err := textmem.Open(kernel{}, probe)
	if err != nil {
		panic(err)
	}
	defer mem.Close()
	r.mu.Lock() // a timer finds nothing to do from now on
	defer r.mu.Unlock()
	for _, k := range r.keys {
		k.pace = pace{}
		for _, s := range k.sites {
			for _, pc := range s.pieces {
				if err := mem.Write([]textmem.Write{{Addr: pc.addr, Bytes: originals[pc.addr]}}); err != nil {
					panic(err)
				}
			}
		}
	}
	if err := mem.Serialize(); err != nil {
		panic(err)
	}
	resetTrap()
}

// originals are the bytes of pieces before anything was patched.
var originals = map[uintptr][]byte{}

// remember notes what stands at the sites before anything was patched.
func (r *rig) remember(t testing.TB) {
	if len(originals) > 0 {
		return
	}
	look := New(kernel{})
	for _, k := range r.keys {
		look.Add(k.Key)
	}
	if err := look.scan(); err != nil {
		t.Fatal(err)
	}
	for _, k := range look.keys {
		for _, s := range k.sites {
			for _, pc := range s.pieces {
				originals[pc.addr] = slices.Clone(pc.found())
			}
		}
	}
}

// arm does as the root package does with guarded and bare keys: set first, flag up,
// sites; and everything back when that fails.
func (r *rig) arm(keys ...int) error {
	var cs []Change
	for _, k := range keys {
		c := Change{Key: k, On: true}
		if r.keys[k].Bare {
			c.Call = r.count
		} else {
			r.flag(k, true)
		}
		cs = append(cs, c)
	}
	err := r.Set(cs)
	if err != nil {
		for _, k := range keys {
			r.flag(k, false)
		}
	}
	return err
}

func (r *rig) disarm(keys ...int) error {
	var cs []Change
	for _, k := range keys {
		r.flag(k, false)
		cs = append(cs, Change{Key: k})
	}
	return r.Set(cs)
}

func (r *rig) flag(key int, on bool) {
	switch key {
	case r.a:
		guardA.on = on
	case r.b:
		guardB.on = on
	}
}

// hits runs the key's sites and returns how many did what armed ones do, and how many
// there are.
func (r *rig) hits(key int) (got, all int) {
	fired = 0
	switch key {
	case r.a:
		all = passA()
		return fired, all
	case r.b:
		all = passB()
		return fired, all
	}
	at := r.keys[r.c].sites[0].Addr
	before := record.Hits(at)
	if leaf(4) != 13 {
		panic("a point changed a value")
	}
	return int(record.Hits(at) - before), 1
}

// refusing is the kernel, with refusals.
type refusing struct {
	kernel
	refuse func(call string) verdict // asked before each call; may be nil
	tracer int
}

// A verdict is what becomes of a system call.
type verdict int

const (
	pass verdict = iota
	refuse
	half // of what is to be written is, then it is refused
)

func (r *refusing) ask(call string) verdict {
	if r.refuse == nil {
		return pass
	}
	return r.refuse(call)
}

func (r *refusing) Tracer() int { return r.tracer }

func (r *refusing) Membarrier(cmd int) error {
	if r.ask("membarrier") != pass {
		return syscall.EPERM
	}
	return r.kernel.Membarrier(cmd)
}

func (r *refusing) OpenMem() (int, error) {
	if r.ask("open") != pass {
		return -1, syscall.EACCES
	}
	return r.kernel.OpenMem()
}

func (r *refusing) Fstat(fd int) (textmem.File, error) {
	if r.ask("fstat") != pass {
		return textmem.File{}, syscall.EPERM
	}
	return r.kernel.Fstat(fd)
}

func (r *refusing) Pwrite(fd int, b []byte, at int64) error {
	switch r.ask("pwrite") {
	case refuse:
		return syscall.EIO
	case half:
		if err := r.kernel.Pwrite(fd, b[:len(b)/2], at); err != nil {
			return err
		}
		return syscall.EIO
	}
	return r.kernel.Pwrite(fd, b, at)
}

func (r *refusing) RemapPage(addr uintptr, page []byte) error {
	if r.ask("remap") != pass {
		return syscall.ENOMEM
	}
	return r.kernel.RemapPage(addr, page)
}

func (r *refusing) Text() ([]scan.Segment, error) {
	if r.ask("maps") != pass {
		return nil, syscall.EMFILE
	}
	return r.kernel.Text()
}
