// Package gkhi puts named hook points into Go programs: they cost next to
// nothing until somebody registers, and run typed handlers when somebody does.
//
// A program declares its hooks as package-level variables and fires them where
// things happen:
//
//	var commit gkhi.Hook[CommitEvent]
//
//	func init() { gkhi.Declare(&commit, "kvd.commit", "a transaction was committed") }
//
//	func (tx *Tx) Commit() error {
//		…
//		if commit.Armed() {
//			commit.Fire(CommitEvent{Pages: n, Took: time.Since(start)}) // evaluated only when armed
//		}
//	}
//
// Anybody, in the same program or outside it, finds the hook by its name
// ([Lookup], [Hooks], the command gkhi ls), registers a [Handler] and arms it.
// Registering only validates; arming makes the handler callable. The life of a
// handler is: register, arm, disarm, deregister, and [Handler.Deregister] returns
// when no call of it is in flight.
//
// # Which type for what
//
//   - [Hook]: an event with a type. Handlers see it and may stop those after them.
//   - [Decision]: as Hook, and a handler may answer in the caller's place. Failpoints are built on it.
//   - [Point]: a bare place in the code, no event value. The smallest site there is.
//   - [Chain]: a plain list of callbacks, for what is always registered in
//     production. A hook is for what is normally unregistered; docs/costs.md has
//     the figures behind this advice.
//
// # Traps
//
// A hook must be a package-level variable, not a field or a pointer to a heap
// value: the site tests a fixed address. A handler runs on the goroutine that
// fired, and delays it for as long as it takes. A handler that panics is
// disarmed and reported, and the program goes on.
//
// The package imports only the standard library, since it is linked into other
// people's programs.
package gkhi
