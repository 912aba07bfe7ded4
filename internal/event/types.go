package event

import "github.com/gkhi/gkhi/internal/minijson"

// Meta says what was recorded. Unknown fields are kept out of the way, so fields may be added.
type Meta struct {
	Program  string   `json:"program"`           // path of the program's file
	Args     []string `json:"args,omitempty"`    // its name only: arguments may hold secrets
	PID      int      `json:"pid"`               // as it sees itself
	Host     string   `json:"host,omitempty"`    //
	Arch     string   `json:"arch"`              // GOARCH
	Go       string   `json:"go"`                // release that the program was built with
	Version  string   `json:"version"`           // of gkhi in the program
	Build    string   `json:"build,omitempty"`   // hex of the site table's id
	Patterns []string `json:"patterns"`          // what was asked for
	Started  int64    `json:"started"`           // Unix time in ns
	Values   bool     `json:"values,omitempty"`  // with arguments and results
	Stacks   bool     `json:"stacks,omitempty"`  // with stacks
	MinTook  int64    `json:"minTook,omitempty"` // ns: shorter calls were left out when it was written
}

// JSON lists the fields.
func (m *Meta) JSON(c *minijson.Coder) {
	c.String("program", &m.Program, minijson.Always)
	c.Strings("args", &m.Args, minijson.NonZero)
	c.Int("pid", &m.PID, minijson.Always)
	c.String("host", &m.Host, minijson.NonZero)
	c.String("arch", &m.Arch, minijson.Always)
	c.String("go", &m.Go, minijson.Always)
	c.String("version", &m.Version, minijson.Always)
	c.String("build", &m.Build, minijson.NonZero)
	c.Strings("patterns", &m.Patterns, minijson.Always)
	c.Int64("started", &m.Started, minijson.Always)
	c.Bool("values", &m.Values, minijson.NonZero)
	c.Bool("stacks", &m.Stacks, minijson.NonZero)
	c.Int64("minTook", &m.MinTook, minijson.NonZero)
}

// A Func is a function that was recorded.
type Func struct {
	Name, Package, File string
	Line                int
	Params, Results     []Param
}

// A Param is a parameter or a result of a function.
type Param struct {
	Name, Type string
	Kind       ParamKind
}

// ParamKind says how a value's words are shown.
type ParamKind uint8

// The kinds of parameters.
const (
	Other     ParamKind = iota // words as they are
	Bool                       // one word, of which the lowest byte counts
	Int8                       // signed, sign-extended by the reader
	Int16                      //
	Int32                      //
	Int64                      //
	Uint8                      //
	Uint16                     //
	Uint32                     //
	Uint64                     // also uintptr
	Pointer                    // also chan, map, func, unsafe.Pointer
	String                     // pointer, length
	Slice                      // pointer, length, capacity
	Interface                  // type, data
	Float32                    // bits
	Float64                    // bits
)

// A Site is one place whose hits are events.
type Site struct {
	Func    int // index of Funcs
	Return  bool
	InRange bool // a return within a range statement; see sitetab.Point
	Line    int
	Words   []Word // what an event's Words are, one for one
}

// A Word says which part of which value a recorded word is.
type Word struct {
	Param int // index of the function's Params, or of its Results at a return
	Part  int // which word of it
}

// A Frame is one line of a stack.
type Frame struct {
	Func, File string
	Line       int
}

// An Event is a hit of a site.
type Event struct {
	Ticks  uint64
	G      uint64 // goroutine
	Site   int    // index of Sites
	CPU    int    // -1 when not known
	Thread int    // a number of the recorder's; goroutines move between threads
	SP, BP uint32 // see internal/calls
	Gap    bool   // events of this thread were lost in front of this one
	Words  []uint64
	Stack  int // index of Stacks; -1 for none
}

// A Hit is an event of a declared hook.
type Hit struct {
	Ticks  uint64
	G      uint64 // goroutine; 0 when not known
	Hook   int    // index of Hooks
	Fields []byte // a JSON object
}

// A Clock is the counter and the clocks, read at one moment.
type Clock struct {
	Ticks uint64
	Mono  int64 // ns, from any moment
	Wall  int64 // Unix time in ns
}

// A Watermark ends a round: all events up to Until stand in front of it.
type Watermark struct {
	Until uint64
	Clock
	Lost uint64 // events that were lost since the recording began
}

// A Count is the exact number of a function's calls.
type Count struct {
	Func  int
	Calls uint64
}
