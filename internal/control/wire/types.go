package wire

import "github.com/gkhi/gkhi/internal/hist"

// The kinds of hooks.
const (
	KindHook     = "hook"
	KindDecision = "decision"
	KindPoint    = "point"
	KindChain    = "chain"
	KindFunction = "function" // with points that gkhi build laid down; only patterns name them
)

// The states of a hook. A chain is armed while anything is registered on it.
const (
	StateDormant = "dormant"
	StateArmed   = "armed"
)

// Hook describes one hook, as ls shows it.
type Hook struct {
	Name      string     `json:"name"`
	Kind      string     `json:"kind"`
	Doc       string     `json:"doc,omitempty"`
	State     string     `json:"state"`
	Event     *EventType `json:"event,omitempty"`  // nil for a point
	Answer    string     `json:"answer,omitempty"` // a decision's result type
	Exclusive bool       `json:"exclusive,omitempty"`
	FIFO      bool       `json:"fifo,omitempty"`     // order among equals; else LIFO
	Declared  string     `json:"declared,omitempty"` // file:line
	Sites     []Site     `json:"sites,omitempty"`    // those known; see Status for why not all
	Params    []Param    `json:"params,omitempty"`   // of a function: the receiver is the first
	Results   []Param    `json:"results,omitempty"`
	Handlers  []Handler  `json:"handlers,omitempty"`
	Cut       int        `json:"cut,omitempty"` // sites and handlers left out, so that the hook fits into a line
}

// EventType is the Go type that a hook fires.
type EventType struct {
	Name   string  `json:"name"` // as reflect writes it: kv.CommitEvent
	Fields []Field `json:"fields,omitempty"`
}

// Field is a field of an event, under the name that it has in [Event.Fields].
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Duration bool   `json:"duration,omitempty"` // the one that stat makes a histogram of
}

// Site is one place in machine code that tests the hook.
type Site struct {
	Func  string `json:"func,omitempty"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
	PC    uint64 `json:"pc,omitempty"`
	Point string `json:"point,omitempty"` // of a function: entry or return
	Form  string `json:"form,omitempty"`  // its kind of instructions: guarded, bare, …; empty for one that can't be patched
	State string `json:"state,omitempty"` // as compiled, dormant, armed
	Why   string `json:"why,omitempty"`   // why it is not patched
	Bytes []byte `json:"bytes,omitempty"` // what is there now, all instructions of the site

	// Of a function's site: Frame is how many bytes above the stack pointer the frame ends, 0 when that is not
	// known and -1 when there is none; Args are the parameters, or at a return the results, of which something is known.
	Frame int   `json:"frame,omitempty"`
	Args  []Arg `json:"args,omitempty"`
}

// Param is a parameter or a result of a function.
type Param struct {
	Name string `json:"name,omitempty"`
	Type string `json:"type"` // as the source has it
	Size int    `json:"size,omitempty"`
}

// Arg tells where a parameter or result is at a site.
type Arg struct {
	Index  int      `json:"index"` // of the parameter or result
	Name   string   `json:"name,omitempty"`
	Places []string `json:"places"` // of each word: AX, 16(SP), $7; ? where it is not known
}

// Handler describes one handler. Times are in nanoseconds.
type Handler struct {
	Name      string `json:"name"`
	Armed     bool   `json:"armed"`
	Priority  string `json:"priority,omitempty"` // first, last, or a number other than 0
	Local     bool   `json:"local,omitempty"`    // not to be armed or disarmed from outside
	Session   bool   `json:"session,omitempty"`  // registered by a connection, such as a trace; goes with it
	Term      string `json:"term,omitempty"`     // of a failpoint
	Calls     uint64 `json:"calls"`
	Panics    uint64 `json:"panics,omitempty"`
	LastPanic string `json:"lastPanic,omitempty"` // its value
	PanicTime int64  `json:"panicTime,omitempty"` // of the last, Unix time in ns
	InFlight  int    `json:"inFlight,omitempty"`
	Longest   int64  `json:"longest,omitempty"` // how long the longest of the calls in flight has run, ns
	Paused    int    `json:"paused,omitempty"`  // callers that a failpoint holds, paused or asleep
	Skip      uint64 `json:"skip,omitempty"`    // events that pass by after arming, before the first call
	Max       uint64 `json:"max,omitempty"`     // calls after which it disarms itself; 0: no limit
	Hits      uint64 `json:"hits,omitempty"`    // of Max, since it was armed
}

// Status describes the process as a whole.
type Status struct {
	Hello     Hello    `json:"process"`
	Args      []string `json:"args,omitempty"` // os.Args, the first only: the others may hold secrets
	UID       int      `json:"uid"`
	Uptime    int64    `json:"uptime"` // ns since the process started, or since the library did
	Hooks     int      `json:"hooks"`
	Armed     int      `json:"armed"`               // hooks that are not dormant
	Functions int      `json:"functions,omitempty"` // with points that gkhi build laid down
	Packages  int      `json:"packages,omitempty"`  // that they are of
	Laid      *Laid    `json:"laid,omitempty"`      // more about them
	Sites     int      `json:"sites"`               // found so far, those that can't be patched included
	Patched   int      `json:"patched"`             // no-ops or calls now
	Stuck     int      `json:"stuck,omitempty"`     // of these, with a trap that could not be taken back: right but slow
	Restless  int      `json:"restless,omitempty"`  // not patched for a while, since their hook is toggled too often
	Method    string   `json:"method"`              // how sites are armed: flag, or how code is written
	Text      int      `json:"text,omitempty"`      // bytes of machine code searched for sites
	ScanTime  int64    `json:"scanTime,omitempty"`  // that this took, ns
	Why       []string `json:"why,omitempty"`       // why sites are not patched, or what is odd about them, a sentence each
	Clients   int      `json:"clients"`             // connections to this socket, this one included
}

// Laid tells of the points that gkhi build laid down in functions.
type Laid struct {
	Sites  int    `json:"sites"`            // that can be patched
	Loads  int    `json:"loads,omitempty"`  // that can't, and do nothing
	Armed  int    `json:"armed,omitempty"`  // functions
	NoArgs string `json:"noArgs,omitempty"` // why it is not known where arguments are
	Error  string `json:"error,omitempty"`  // why nothing is known of functions
}

// TraceSpec says what to trace.
type TraceSpec struct {
	Patterns  []string `json:"patterns"`            // globs on hook names
	Max       uint64   `json:"max,omitempty"`       // end after so many events; 0: no limit
	Sample    uint64   `json:"sample,omitempty"`    // take one event in so many; 0 and 1: all
	Goroutine bool     `json:"goroutine,omitempty"` // with the goroutine's id, which costs about a microsecond
}

// RecordSpec says what to record.
type RecordSpec struct {
	Patterns []string `json:"patterns"`         // globs on names of functions and hooks
	Values   bool     `json:"values,omitempty"` // with arguments and results, where the program knows their places
	Stacks   int      `json:"stacks,omitempty"` // with so many callers at most, at entries; 0: none
}

// StatSpec says what to count, and how often to report.
type StatSpec struct {
	Patterns []string `json:"patterns"`
	Interval int64    `json:"interval,omitempty"` // ns between snapshots; 0: a second; at least MinInterval
}

// MinInterval is the shortest time between snapshots, in ns.
const MinInterval = 10e6

// Matched is the first answer to trace, stat and record: what was armed and what was not.
type Matched struct {
	Hooks     []string `json:"hooks"`
	Functions int      `json:"functions,omitempty"` // how many functions, which may be too many to name
	Skipped   []Skip   `json:"skipped,omitempty"`
}

// Skip is a hook that matched but can't be used, and the reason, a sentence.
type Skip struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Event is one firing of a hook.
type Event struct {
	Time   int64  `json:"time"` // Unix time in ns
	Hook   string `json:"hook"`
	G      uint64 `json:"g,omitempty"`      // goroutine id, when asked for
	Fields Raw    `json:"fields,omitempty"` // the event as JSON: an object when it is a struct
	Call   *Call  `json:"call,omitempty"`   // of a function, which Hook names then
}

// Call is the entry or the end of a function's call.
type Call struct {
	Entry   bool  `json:"entry,omitempty"`
	Level   int   `json:"level"`             // how many traced calls of the goroutine are around it
	Took    int64 `json:"took,omitempty"`    // of an end: ns
	Self    int64 `json:"self,omitempty"`    // of an end: ns, without the traced calls in it
	Unwound bool  `json:"unwound,omitempty"` // it did not return: a panic, Goexit, or its return was lost; Took is until that showed
}

// StatRow counts one hook since the stat began.
type StatRow struct {
	Hook    string         `json:"hook"`
	Calls   uint64         `json:"calls"`
	Latency *hist.Snapshot `json:"latency,omitempty"` // nil where the event has no duration

	// Of functions: rows are of those that were called, in any order; times of calls that were seen whole, in ns.
	Function bool   `json:"function,omitempty"`
	Timed    uint64 `json:"timed,omitempty"` // calls that were seen whole: fewer than Calls when events are lost, and after panics
	Total    int64  `json:"total,omitempty"` // of these; recursive calls counted once
	Self     int64  `json:"self,omitempty"`  // of these, without the calls of other functions that are measured
}

// StatPart is a part of a snapshot: a client gathers rows up to the part that has Last set. All parts of
// one snapshot have the same Seq, which counts up from 1; a gap means that snapshots were skipped because the client
// was slow, which loses nothing since rows are totals.
type StatPart struct {
	Seq  uint64    `json:"seq"`
	Time int64     `json:"time"` // Unix time in ns
	Rows []StatRow `json:"rows"`
	Last bool      `json:"last,omitempty"`
}
