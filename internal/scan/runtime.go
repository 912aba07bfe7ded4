package scan

import "runtime"

// Runtime returns the functions of the running program, all modules included.
// The runtime knows where a function starts but not where it ends, so the end is
// the start of the next one, found by bisection. Runtime.FuncForPC names
// inlined functions, but its Entry is that of the function around
// them, which is what Bounds has to return. Safe for concurrent use.
func Runtime() Funcs { return runtimeFuncs{} }

type runtimeFuncs struct{}

func (f runtimeFuncs) Bounds(pc uintptr) (entry, end uintptr, ok bool) {
	return boundsByEntry(pc, f.Entry)
}

func (runtimeFuncs) Entry(pc uintptr) (uintptr, bool) {
	f := runtime.FuncForPC(pc)
	if f == nil {
		return 0, false
	}
	return f.Entry(), true
}

// boundsByEntry finds the end of a function given only a way to find entries.
// entryOf must be constant within a function and differ behind it.
func boundsByEntry(pc uintptr, entryOf func(uintptr) (uintptr, bool)) (entry, end uintptr, ok bool) {
	entry, ok = entryOf(pc)
	if !ok {
		return 0, 0, false
	}
	// Gallop to an address outside, then bisect: lo is inside, hi is not.
	lo, hi, step := pc, pc, uintptr(256)
	for hi == pc || hi-lo > 1 {
		probe := lo + (hi-lo)/2
		if hi == pc { // still galloping
			probe = lo + step
			step *= 2
		}
		e, ok := entryOf(probe)
		switch {
		case ok && e == entry:
			lo = probe
			continue
		case ok && e > lo && e <= probe:
			hi = e // where a later function starts, most often the next one
		default:
			hi = probe
		}
		// The usual case ends here.
		if e, ok := entryOf(hi - 1); ok && e == entry {
			break
		}
	}
	return entry, hi, true
}
