package control

import (
	"context"
	"iter"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// Target is what a server shows of its process: the registry of hooks, with types erased. The root package
// implements it; this package can't import that one.
//
// Methods are called from several goroutines at once. Errors that are a *[wire.Error] go to the client as they are; others
// with the code "failed". Patterns are globs on names as package glob defines them; one that matches nothing is an
// error with near names, and an empty list is an error everywhere but in Hooks.
//
// A method that changes anything also returns the way back. The server calls it once, when the change is no longer wanted.
type Target interface {
	// Hooks yields the hooks that match, sorted by name; all when there are no patterns.
	Hooks(patterns []string) (iter.Seq[wire.Hook], error)

	// Status describes the process. The server fills in Hello and Clients.
	Status() wire.Status

	// Trace registers and arms, on each matching hook, a handler that gives its events to sink.
	Trace(spec wire.TraceSpec, sink Sink) (wire.Matched, Undo, error)

	// Stat registers and arms, on each matching hook, a handler that counts.
	Stat(spec wire.StatSpec) (wire.Matched, StatSource, error)

	// Record arms each matching function, and registers and arms a handler on each matching hook. The
	// recording, in the format of package event, goes to sink, its last part before the Undo returns.
	Record(spec wire.RecordSpec, sink DataSink) (wire.Matched, Undo, error)

	// Arm arms (or disarms, when on is false) every matching handler, or none of them. The Undo is nil unless hold is set.
	Arm(patterns []string, on, hold bool) (wire.ArmResult, Undo, error)

	// Fail sets the failpoint term of a decision. The Undo is nil unless args.Hold is set.
	Fail(args wire.FailArgs) (wire.FailResult, Undo, error)

	// Prepare finds the hooks' sites, so that Hooks and Status know of them, and makes them no-ops. The error says why that can't
	// be; hooks work all the same.
	Prepare() error

	// Release lets the callers go on that failpoints hold, on every matching decision, and counts them.
	Release(patterns []string) (int, error)
}

// A Greeter is a Target that is told of each client before its first request, in a goroutine of its own: to begin what a request
// might have to wait for.
type Greeter interface {
	Greet()
}

// Undo takes a change back and returns when no call that the change caused is in flight, or with an
// error when ctx ends first; the change itself is undone in either case.
type Undo func(ctx context.Context) error

// Sink takes the events of a trace. Its methods never block and may be called from any goroutine, also after the trace has ended.
type Sink interface {
	// Want is asked before an event is built. False means that this one is not needed: the sample skips it, there is no room
	// (which is counted as a drop), or the trace is over.
	Want() bool

	// Put hands over an event after Want said true. The sink keeps ev.Fields.
	Put(ev wire.Event)

	// Lost counts events that the target lost before it could offer them.
	Lost(n uint64)
}

// DataSink takes a stream of bytes. Its methods never block and may be called from any goroutine, also after the stream has ended.
type DataSink interface {
	// Room reports whether the client keeps up. Where it doesn't, events are to be counted as lost instead of put.
	Room() bool

	// Put hands over a piece, which the sink keeps.
	Put(piece []byte)

	// Counted says how many events were put and lost since the stream began.
	Counted(events, lost uint64)
}

// StatSource reads what the handlers of a stat have counted.
type StatSource interface {
	Snapshot() []wire.StatRow // totals since the stat began, sorted by hook; also after Stop, when they are final
	Stop(ctx context.Context) error

	// Close is called when Stop was and there will be no Snapshot any more.
	Close()
}
