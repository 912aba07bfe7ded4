// Package top is the live view of gkhi top: what the functions and hooks of a process do,
// now and since they were armed, on the whole screen of a terminal.
//
//	Process ◄── Engine ── messages ──► Model ── render ──► canvas (tcell's screen)
//	               ▲                     │
//	               └───── commands ◄── keys
//
// The [Model] is all that is shown and chosen: messages and keys go in, commands come out, and it
// draws itself on a canvas. It knows no terminal and no clock, so that tests press keys and look at cells. The [Engine] talks to the
// process; each stat that it begins ends with the connection, so whatever becomes of top, the process is left as it was.
// [Run] joins them on a terminal.
//
// SELF is relative to the functions that one stat measures, so there is one stat for all that is armed.
// To arm or disarm a function begins another and then ends the one before; a [Book] keeps what both counted.
package top
