// Package laydown turns the points of a linked program into sites: it replaces the loads that
// internal/instrument made by no-ops, and writes down in the program where they are.
//
// The program is an ELF file of Go code that the linker has just made. The loads are
// found by internal/scan, which proves that nothing looks at what they load; those that it
// can't be sure of stay loads, do no harm, and are never called. Three things are changed:
//
//   - The bytes of sites, in place.
//   - The order in which packages are initialised: those that Options.First names come first, so
//     that points can be armed before any code of the program runs. The order is an array of pointers
//     that the linker makes (cmd/link/internal/ld, inittask.go).
//   - A section with the site table, and with it the section headers, at the end of the file.
//     What it tells of arguments comes from the debug information, by internal/argplace.
//
// The text's other bytes, addresses and debug information are untouched.
package laydown
