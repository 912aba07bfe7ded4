// Package calls puts entries and returns of functions together to calls, with their
// durations and callers. It is pure: events in, calls out.
//
// An entry and its return are of one goroutine, whatever thread ran it, and at one depth of
// its stack. So the depth tells what is over without having returned, as after a panic or Goexit: whatever
// is deeper than an event of the same goroutine, and an entry of the same function at the same depth. (Functions
// that are inlined share the depth of the function around them, hence "the same function".)
//
// Events may be lost. [Stacks.Reset] says where: no entry from before it is taken together
// with a return from after it, since others of either may be missing in between.
package calls
