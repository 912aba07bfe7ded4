//go:build amd64 || arm64

package record

import (
	"errors"
	"runtime"
	"unsafe"
)

// gM is the offset of m in g, the runtime's goroutine structure. It is a
// constant of the assembly, and so is gStackHi, that of the stack's upper end.
const (
	gM       = 48
	gStackHi = 8
)

// gLimit is how many bytes of g are looked at for goid. g is larger.
const gLimit = 384

func getg() uintptr

func word(addr uintptr) uintptr {
	return *(*uintptr)(*(*unsafe.Pointer)(unsafe.Pointer(&addr)))
}

// onStack reports whether the stack that it runs on is between two addresses. With -asan the compiler would put
// a variable whose address is looked at elsewhere, but for the directive.
//
//go:nocheckptr
//go:noinline
func onStack(lo, hi uintptr) bool {
	var here byte
	at := uintptr(unsafe.Pointer(&here))
	return lo <= at && at < hi
}

// offsets checks that m and the stack's bounds are where the assembly expects them in g, and finds goid,
// by looking for the number that runtime.Stack prints. Two goroutines on threads of
// their own have to agree.
func offsets() (goid uintptr, err error) {
	type answer struct {
		m     uintptr
		goids map[uintptr]bool
	}
	ask := func() answer {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		g := getg()
		a := answer{goids: map[uintptr]bool{}}
		// m's first word is g0, the goroutine of its scheduler, whose m is the
		// same: no other word of g leads round in such a circle.
		if m := word(g + gM); m > 4096 && m%8 == 0 {
			if g0 := word(m); g0 > 4096 && g0%8 == 0 && word(g0+gM) == m {
				a.m = m
			}
		}
		// Its stack comes first: the lower end, then the upper.
		if !onStack(word(g), word(g+gStackHi)) {
			a.m = 0
		}
		id := Goid()
		for off := uintptr(0); off < gLimit; off += 8 {
			if uint64(word(g+off)) == id {
				a.goids[off] = true
			}
		}
		return a
	}
	first := ask()
	for range 16 { // coincidences go, goid stays
		ch := make(chan answer)
		go func() { ch <- ask() }()
		a := <-ch
		if a.m == 0 {
			first.m = 0
		}
		for off := range first.goids {
			if !a.goids[off] {
				delete(first.goids, off)
			}
		}
	}
	if first.m == 0 || len(first.goids) != 1 {
		return 0, errors.New("this Go release lays out goroutines in a way that gkhi doesn't know")
	}
	for off := range first.goids {
		goid = off
	}
	return goid, nil
}
