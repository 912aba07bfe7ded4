// Package funcs arms the points that gkhi build laid down in the running program: at the
// entry and at each return of its functions.
//
// The program's site table is in its own file, and is read when somebody asks for functions for the
// first time. Until then the package takes no memory and no time, and a program without a table
// has no functions here.
//
// Functions are armed by sessions, each with what it wants: that calls be counted, that they be
// noted, or both. Several sessions may want the same function; it is dormant again when the last
// of them is closed.
//
// What is noted comes from internal/record with Take, batch by batch, from whoever drains that. It is put in
// order, and entries and returns are put together by internal/calls, for each session for itself.
package funcs
