// Package gobuild is gkhi build, run, test and install: the go command, told to
// put points into a program's functions as it compiles them.
//
// It reads the go command's arguments, asks go list what is to be built, decides
// which packages get points, builds the library's runtime part for the program, and runs the
// go command with internal/toolexec between it and the compiler. The program's go.mod
// does not change and need not know GKHI: the runtime part comes from the source that
// gkhi carries, unless the program itself uses GKHI, when it is that module's.
package gobuild
