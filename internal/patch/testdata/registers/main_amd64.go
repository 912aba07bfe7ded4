// Registers sends every register and flag through a patched point, dormant and
// armed with each trampoline, on threads that have a block of the recorder, that claim
// one just then, and that find none left, and compares with the point as compiled.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/gkhi/gkhi/internal/patch"
	"github.com/gkhi/gkhi/internal/record"
	"github.com/gkhi/gkhi/internal/scan"
)

// A file is all registers, as through_amd64.s lays it out.
type file struct {
	general [14]uint64
	flags   uint64
	_       uint64
	xmm     [15][2]uint64
}

// A site is a function of through_amd64.s.
type site struct {
	reg     string
	index   int // of the register in a file
	key     *uint64
	through func(in, out *file)
	number  int // of the key
}

// Flags that a program can change: CF PF AF ZF SF DF OF, one by one, all, none.
var flags = []uint64{0, 1, 4, 0x10, 0x40, 0x80, 0x400, 0x800, 0xCD5, 0x8D5, 0x895, 0x41}

const changeable = 0xCD5

var failed bool

func main() {
	for i := range sites {
		s := &sites[i]
		s.number = patch.Default.Add(scan.Key{Addr: uintptr(unsafe.Pointer(s.key)), Size: 8, Bare: true})
	}
	try("as compiled", 0)
	must(patch.Default.Prepare())
	for _, s := range sites {
		if n := len(patch.Default.Patched(s.number)); n != 1 {
			fmt.Printf("%s: %d sites: %+v\n", s.reg, n, patch.Default.Sites(s.number))
			failed = true
		}
	}
	try("dormant", 0)
	lo, hi := patch.Default.Home()
	must(record.Open(lo, hi-lo))
	wants := map[uintptr]record.Want{}
	for _, s := range sites {
		wants[patch.Default.Patched(s.number)[0]] = record.Want{Places: fileOrder()}
	}
	must(record.SetWants(wants))
	record.SetDepth(8) // the frame pointer is anything
	record.SetValues(true)
	for _, when := range []string{"with blocks", "without"} {
		for _, kind := range []record.Kind{record.Count, record.Note, record.Count | record.Note, record.Count | record.Full} {
			call, err := record.Trampoline(kind)
			must(err)
			set(true, call)
			record.Drain(&noted)
			try(fmt.Sprintf("armed, kind %d, %s", kind, when), kind)
			set(false, 0)
			checkValues(when == "with blocks", kind)
		}
		try("dormant again", 0)
		useUp()
	}
	if failed {
		os.Exit(1)
	}
	fmt.Println("ok")
}

// fileOrder are the places of the general registers of a file.
func fileOrder() (ps []record.Place) {
	for _, n := range []int32{0, 3, 1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 15, 5} {
		ps = append(ps, record.Place{N: n})
	}
	return ps
}

var noted record.Batch

// checkValues looks at the registers that were noted as values.
func checkValues(all bool, kind record.Kind) {
	record.Drain(&noted)
	n := 0
	for i := range noted.Events {
		e := &noted.Events[i]
		if e.Values == 0 {
			continue
		}
		n++
		if got := [14]uint64(noted.Values(e)); got != general() {
			fmt.Printf("kind %d: noted %x, want %x\n", kind, got, general())
			failed = true
		}
	}
	// Threads come and go, and those that find no block lose their events.
	if full := kind&record.Full != 0; full && all && n == 0 || !full && n > 0 {
		fmt.Printf("kind %d: %d events have values\n", kind, n)
		failed = true
	}
}

// general are the registers' contents.
func general() (g [14]uint64) {
	for i := range g {
		g[i] = 0x0101_0101_0101_0101*uint64(i+1) ^ 0xF0F0<<32
	}
	return g
}

func set(on bool, call uintptr) {
	var cs []patch.Change
	for _, s := range sites {
		cs = append(cs, patch.Change{Key: s.number, On: on, Call: call})
	}
	must(patch.Default.Set(cs))
}

// try goes through all sites with all flags, each time on a thread that was not
// there before, twice.
func try(what string, kind record.Kind) {
	for _, s := range sites {
		var before uint64
		if kind != 0 {
			before = hits(s)
		}
		for _, f := range flags {
			var wg sync.WaitGroup
			wg.Go(func() {
				runtime.LockOSThread() // and the thread ends with the goroutine
				for range 2 {
					once(what, s, f)
				}
			})
			wg.Wait()
		}
		if kind&record.Count != 0 {
			if n := hits(s) - before; n != uint64(2*len(flags)) {
				fmt.Printf("%s, %s: counted %d of %d\n", what, s.reg, n, 2*len(flags))
				failed = true
			}
		}
	}
}

func hits(s site) uint64 { return record.Hits(patch.Default.Patched(s.number)[0]) }

//go:noinline
func once(what string, s site, f uint64) {
	var in, out file
	in.general = general()
	for i := range in.xmm {
		in.xmm[i] = [2]uint64{0x1111_2222_3333_0000 + uint64(i), 0x4444_5555_6666_0000 + uint64(i)}
	}
	in.flags = f
	s.through(&in, &out)
	want := in
	want.general[s.index] = 1
	out.flags &= changeable
	if out != want {
		fmt.Printf("%s, %s, flags %#x:\n got %x\nwant %x\n", what, s.reg, f, out, want)
		failed = true
	}
}

// useUp has so many threads at once that later ones find no block.
func useUp() {
	call, err := record.Trampoline(record.Count)
	must(err)
	set(true, call)
	var wg, up sync.WaitGroup
	up.Add(260)
	for range 260 {
		wg.Go(func() {
			runtime.LockOSThread()
			var in, out file
			sites[0].through(&in, &out)
			up.Done()
			up.Wait()
		})
	}
	wg.Wait()
	set(false, 0)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
