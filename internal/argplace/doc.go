// Package argplace says where the arguments of functions are at given addresses of a Go program, going by
// its DWARF: in which registers or stack slots, each word of each value. internal/laydown asks it for
// the sites that it lays down.
//
// debug/dwarf reads the entries and types. What it leaves alone is read here, as far as the Go
// compiler and linker write it: location lists (DWARF 5, sections 2.6 and 7.29; DWARF 4's too), the few
// operations in their expressions, and the call frame information (section 6.4).
//
// # What is known
//
// Parameters, at the entry: nearly always. At the first instructions they are where the calling convention
// has them, or where the compiler moved them. In a copy of a function that was inlined into
// another, those that were not optimised away.
//
// Results, at a return: the compiler writes no places for those that it keeps in registers. So the
// instructions from the site to the function's RET are followed, and tell what comes into the registers of
// the calling convention: see trace.go. That finds constants too, and three words of four. When it
// fails, as with deferred functions, only results on the stack are known, once they are stored there. Of copies
// that were inlined nothing is.
//
// What is not certain is left out: a place is never a guess. Sections that are damaged make an error, or
// places that are not known.
package argplace
