package main

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

const haveBareJumps = true

// bareJumps makes the sites of the kind jump, which are compiled like those of hooks, one instruction each: a jump past the body, in
// the place of the compare and of the compiler's mark before it. That is no form for a site, since nothing could stand
// in the middle of it; it is the least that the body's being there costs. No other thread runs these functions.
func bareJumps() error {
	in := &scan.Input{Funcs: scan.Runtime()}
	for i := range jumpSites {
		in.Keys = append(in.Keys, scan.Key{Addr: uintptr(unsafe.Pointer(&jumpSites[i])), Size: unsafe.Sizeof(jumpSites[i])})
	}
	functions := jumpCode
	for _, f := range jumpRandom {
		functions = append(functions, f)
	}
	for _, f := range functions {
		start, end, ok := in.Funcs.Bounds(reflect.ValueOf(f).Pointer())
		if !ok {
			return errors.New("a function of no known size")
		}
		in.Text = append(in.Text, scan.Segment{Addr: start, Bytes: textmem.Bytes(start, int(end-start))})
	}
	found := scan.Scan(in)
	if len(found.Sites) != len(jumpSites) {
		return fmt.Errorf("%d sites found of %d", len(found.Sites), len(jumpSites))
	}

	var kernel textmem.Kernel
	mem, err := kernel.OpenMem()
	if err != nil {
		return err
	}
	for _, s := range found.Sites {
		at := s.Addr
		if s.Mark {
			at--
		}
		if !s.TakenDormant {
			return errors.New("a site whose body doesn't follow")
		}
		jump, err := jumpTo(at, s.Target)
		if err == nil {
			err = kernel.Pwrite(mem, jump, int64(at))
		}
		if err != nil {
			return errors.Join(err, kernel.CloseMem(mem))
		}
	}
	return kernel.CloseMem(mem)
}

// jumpTo returns the shortest jump.
func jumpTo(from, to uintptr) ([]byte, error) {
	if short, err := encode.Jmp8(uint64(from), uint64(to)); err == nil {
		return short[:], nil
	}
	long, err := encode.Jmp32(uint64(from), uint64(to))
	return long[:], err
}
