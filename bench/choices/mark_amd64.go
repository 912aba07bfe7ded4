package main

import _ "unsafe" // for linkname

// Places by what the scheduler knows and keeps to itself. They are on amd64 only, as the assembly is.

// takeOfThread takes the place of the calling thread, which it finds by the address of m, and returns
// it, or nil if it is taken. Goroutines aren't stopped in assembly, so the thread stays the same.
func takeOfThread(places *place) *place

// threads are the threads that have a place, as the assembly knows them.
//
//lint:ignore U1000 used by the assembly
var threads [64]uintptr

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

var threadPlaces, procPlaces [64]place

//go:noinline
func fireOfThread(x int) int {
	s := set.Load()
	p := takeOfThread(&threadPlaces[0])
	if p == nil || set.Load() != s {
		return fireClaim(x)
	}
	p.mine++
	r := (*s)[0](x)
	p.mark = 0
	return r
}

//go:noinline
func fireOfProc(x int) int {
	s := set.Load()
	p := &procPlaces[procPin()&63]
	if p.mark != 0 {
		procUnpin()
		return fireClaim(x)
	}
	p.mark = 1
	procUnpin()
	if set.Load() != s {
		p.mark = 0
		return fireClaim(x)
	}
	p.mine++
	r := (*s)[0](x)
	p.mark = 0
	return r
}

func init() {
	markQuestion.designs = append(markQuestion.designs,
		design{"a place for each thread, found by assembly, and an exact count", loop(fireOfThread)},
		design{"a place for each P, pinned by procPin, and an exact count", loop(fireOfProc)})
}
