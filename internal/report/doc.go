// Package report makes reports of recordings: what package event reads becomes calls, and calls become
// sums, graphs, trees and lines of time.
//
// [Walk] is the way in. It reads a recording once, in the order of time, and tells a [Visitor] of every call when it begins
// and when it ends, of declared hooks' hits, and of what is missing. Visitors in this package gather: [Table] sums by function,
// [Graph] by caller and callee, [Tree] by the whole path of callers, for flame graphs, [Goroutines] by goroutine. The
// packages below write formats of other tools; those that stream write while the recording is
// read.
//
// Memory is bounded by the number of functions, of goroutines and of calls under way, never by the length of
// the recording; what could grow without a bound has a limit, beyond which the rest is put together, and the report
// says so. A function, here as in package event, is its index in Funcs.
//
// # What counts
//
// Each call counts once it was seen to begin. Its time counts up to its end: that is its return; where there was none, since a panic
// or Goexit went through it, the goroutine's next event; and for a call under way at the recording's end, that. All visitors here
// and all formats hold to this, so sums of one agree with those of another. Percentiles, mean, least and most are of calls that returned.
//
// # What is exact
//
// A call that returned has exact times. Where events were lost, calls under way are given up, since what is missing may be their
// return: so some calls have no times. The recorder counts calls exactly all the same, and where a good part has
// no times, sums are scaled to all calls, and marked ([Func.Scaled]).
package report
