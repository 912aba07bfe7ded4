// Package cli is the gkhi command: it looks at the hooks of live processes and steers them. [Run] is all
// that main calls.
//
// # Commands
//
// Each command is a file with its constructor, from newLs to newVersion, and its test. A constructor gets an env,
// through which the command reaches everything outside of itself: its writers, the clock, the terminal, the processes. Nothing else
// is global, so that tests run whole commands against made-up processes. root.go has the list of constructors; a new
// command is a file and a line there.
//
// # What scripts can rely on
//
// Exit codes are 0 for success, 1 for a failure, 2 for a command line that is wrong, and 128 plus the signal's
// number (130 for Ctrl-C) where a signal kept the command from doing what it was asked.
// Commands that run until they are stopped (trace, stat, and all with --hold) have done what they were asked when Ctrl-C
// or SIGTERM ends them: they print their summary, leave the target as it was, and exit with 0, as perf and bpftrace do. If it is the
// target that ends, they exit with 1.
//
// Results go to standard output; errors, and notes on what is going on, to standard error, a line each, beginning with "gkhi: ". With --json,
// standard output has one JSON object a line, and durations in it are nanoseconds.
//
// # Trust
//
// A hooked process may be broken or hostile. Whatever comes from one goes through package draw before it reaches the
// terminal.
package cli
