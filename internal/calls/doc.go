// Package calls puts entries and returns of functions together to calls, with their
// durations and callers. It is pure: events in, calls out.
//
// An entry and its return are of one goroutine, whatever thread ran it, and find the stack pointer equally
// deep in its stack. So the depth tells what is over without having returned, as after a panic or Goexit. A call is over
//
//   - when an event of the same goroutine is less deep;
//   - when its function is entered again at its depth;
//   - when a function is entered with the same frame pointer and another stack pointer, which is then another call of
//     the same caller. (A function without a frame of its own has its caller's frame pointer, and
//     is 8 bytes deeper, so that is left out. On arm64 the two pointers tell the same.)
//
// Functions that are inlined share both depths with the function around them.
//
// Events may be lost. [Stacks.Reset] says where: no entry from before it is taken together
// with a return from after it, since others of either may be missing in between.
package calls
