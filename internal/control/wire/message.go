package wire

// The ops that a request can name.
const (
	OpLs      = "ls"      // LsArgs → stream of Hook; lossless
	OpStatus  = "status"  // no args → Status
	OpTrace   = "trace"   // TraceSpec → Matched, then a stream of Event; may drop
	OpStat    = "stat"    // StatSpec → Matched, then a stream of StatPart; may skip snapshots
	OpRecord  = "record"  // RecordSpec → Matched, then a stream of data: a recording, see internal/event
	OpArm     = "arm"     // ArmArgs → ArmResult
	OpDisarm  = "disarm"  // ArmArgs → ArmResult
	OpFail    = "fail"    // FailArgs → FailResult
	OpRelease = "release" // ReleaseArgs → ReleaseResult
	OpPrepare = "prepare" // no args → PrepareResult; looks for sites, which arming does too
	OpCancel  = "cancel"  // CancelArgs → {}: ends a stream of this connection
)

// Request is a line from client to server, after its hello.
type Request struct {
	ID   uint64 `json:"id"` // not 0
	Op   string `json:"op"`
	Args Raw    `json:"args,omitempty"`
}

// Message is a line from server to client. Besides the id and the drop count, one field is set.
type Message struct {
	ID      uint64 `json:"id,omitempty"` // 0: about the connection, not a request
	Hello   *Hello `json:"hello,omitempty"`
	Result  Raw    `json:"result,omitempty"`
	Event   Raw    `json:"event,omitempty"`
	End     *End   `json:"end,omitempty"`
	Error   *Error `json:"error,omitempty"`
	Dropped uint64 `json:"dropped,omitempty"` // since the stream began

	// Size is how many bytes follow the line, at most MaxData: data of a stream that isn't JSON. Reader.Message puts them into Data.
	Size int    `json:"size,omitempty"`
	Data []byte `json:"-"`
}

// ClientHello is the client's first line.
type ClientHello struct {
	Hello *Hello `json:"hello"`
}

// Why a stream ended.
const (
	EndDone     = "done"     // all is sent: ls
	EndMax      = "max"      // the number of events asked for is reached
	EndCanceled = "canceled" // by the client
	EndStopped  = "stopped"  // the process stopped serving
)

// End is the last message of a stream.
type End struct {
	Reason  string `json:"reason"`
	Events  uint64 `json:"events"`  // sent
	Dropped uint64 `json:"dropped"` // not sent, for want of room or because one was too large
	Warning string `json:"warning,omitempty"`
}

// LsArgs chooses hooks by glob patterns on their names; none means all.
type LsArgs struct {
	Patterns []string `json:"patterns,omitempty"`
}

// ArmArgs names handlers. A pattern with a slash is matched against hook/handler, one without against the
// hook's name and means all of its handlers. With Hold the change is undone when the connection closes.
type ArmArgs struct {
	Patterns []string `json:"patterns"`
	Hold     bool     `json:"hold,omitempty"`
}

// ArmResult lists the handlers, as hook/handler, that were changed, those that were in the
// wanted state already, and those that a glob matched but that the program keeps to itself. One of those that is named in full
// is an error.
type ArmResult struct {
	Changed []string `json:"changed"`
	Already []string `json:"already,omitempty"`
	Refused []Skip   `json:"refused,omitempty"`
}

// FailArgs sets the failpoint term of one decision, by its exact name. An empty term, or off, removes it.
type FailArgs struct {
	Name string `json:"name"`
	Term string `json:"term"`
	Hold bool   `json:"hold,omitempty"`
}

// FailResult has the terms before and after, in their normal form; empty is none.
type FailResult struct {
	Name string `json:"name"`
	Was  string `json:"was,omitempty"`
	Now  string `json:"now,omitempty"`
}

// ReleaseArgs chooses decisions, by glob patterns, whose paused callers go on.
type ReleaseArgs struct {
	Patterns []string `json:"patterns"`
}

// ReleaseResult counts the callers released.
type ReleaseResult struct {
	Released int `json:"released"`
}

// PrepareResult says why sites can't be patched in the process; empty when they can.
type PrepareResult struct {
	Why string `json:"why,omitempty"`
}

// CancelArgs names the stream by its request's id.
type CancelArgs struct {
	ID uint64 `json:"id"`

	// Drop says that nobody reads what the stream would still bring: a stat then ends without a last snapshot.
	Drop bool `json:"drop,omitempty"`
}
