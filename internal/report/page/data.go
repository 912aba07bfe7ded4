package page

// Data is what a page shows. All times are in ns, moments counted from the recording's beginning. The scripts
// in assets/data.js decode it. Long lists are in columns.
type Data struct {
	Head     Head     `json:"head"`
	Duration int64    `json:"duration"` // at least 1
	Warnings []string `json:"warnings"` // what makes figures incomplete
	Notes    []string `json:"notes"`    // what was left out of the page, and why figures are as they are
	Packages []string `json:"packages"`
	Files    []string `json:"files"`
	Funcs    []Func   `json:"funcs"`
	Edges    []Edge   `json:"edges"`
	Tree     Tree     `json:"tree"`
	Names    []string `json:"names"` // of frames that are no functions: that of Func -2 is the first

	// Activity counts the calls that began in each stretch of Bin ns.
	Activity []uint64 `json:"activity"`
	Bin      int64    `json:"bin"`

	Lanes  []Lane   `json:"lanes"`
	Slices Slices   `json:"slices"`
	Seen   uint64   `json:"seen"` // calls that Slices were chosen from
	Texts  []string `json:"texts"`
	Hooks  []string `json:"hooks"`
	Hits   []Hit    `json:"hits"`
	Gaps   []Gap    `json:"gaps"`
}

// Head says what was recorded.
type Head struct {
	Name     string   `json:"name"` // of the program, short
	Program  string   `json:"program"`
	Host     string   `json:"host"`
	PID      int      `json:"pid"`
	Started  int64    `json:"started"` // Unix time in ms
	Go       string   `json:"go"`
	Arch     string   `json:"arch"`
	Build    string   `json:"build"`
	Version  string   `json:"version"` // of gkhi
	Patterns []string `json:"patterns"`
	Events   uint64   `json:"events"`
	Hits     uint64   `json:"hits"`
	Calls    uint64   `json:"calls"`
	Lost     uint64   `json:"lost"`
	Drift    *int64   `json:"drift,omitempty"` // of the wall clock, in ns
}

// A Func is a row of the table.
type Func struct {
	Name    string   `json:"name"`
	Package int      `json:"package"` // index of Packages
	File    int      `json:"file"`    // index of Files
	Line    int      `json:"line"`
	Calls   uint64   `json:"calls"`
	Rate    float64  `json:"rate"`    // calls a second
	Timed   uint64   `json:"timed"`   // calls that have a time
	Unwound uint64   `json:"unwound"` // calls of which no return was seen
	Open    uint64   `json:"open"`    // calls under way at the end
	Errors  uint64   `json:"errors"`  // calls that returned one
	Scaled  bool     `json:"scaled"`  // Total and Self are scaled from the timed calls to all
	Total   int64    `json:"total"`
	Self    int64    `json:"self"`
	Mean    int64    `json:"mean"`
	P50     int64    `json:"p50"`
	P90     int64    `json:"p90"`
	P99     int64    `json:"p99"`
	Max     int64    `json:"max"`
	Hist    []uint64 `json:"hist"` // of buckets with calls: how many after the one before (see internal/hist), and the calls
	Over    string   `json:"over"` // calls over time: a digit for each stretch, 9 the most; empty when not known
}

// An Edge is caller, callee, calls, total time. The caller -1 is none; below that it is told by stacks, and its name is in Names.
type Edge [4]int64

// Tree is the calling contexts in preorder. Node 0 is around all and has Func -1. A frame that is of no function in Funcs, as of a
// stack, has one below that, and its name in Names.
type Tree struct {
	Depth []int    `json:"depth"`
	Func  []int    `json:"func"`
	Calls []uint64 `json:"calls"`
	Total []int64  `json:"total"`
	Self  []int64  `json:"self"`
}

func (t *Tree) add(depth, fn int, calls uint64, total, self int64) {
	t.Depth = append(t.Depth, depth)
	t.Func = append(t.Func, fn)
	t.Calls = append(t.Calls, calls)
	t.Total = append(t.Total, total)
	t.Self = append(t.Self, self)
}

// A Lane is a goroutine.
type Lane struct {
	G      uint64 `json:"g"`
	Busy   int64  `json:"busy"`   // time in outermost calls
	Calls  uint64 `json:"calls"`  // that it made
	Slices int    `json:"slices"` // how many of Slices are its
}

// Slices are single calls, lane by lane, and in each in preorder. Start is counted from the lane's slice before.
type Slices struct {
	Func   []int          `json:"func"`
	Level  []int          `json:"level"`
	Start  []int64        `json:"start"`
	Took   []int64        `json:"took"`
	Self   []int64        `json:"self"`
	Flags  []int          `json:"flags"`
	Values map[int][2]int `json:"values"` // arguments and results, where they were recorded: indices of Texts, -1 for none
}

// Flags of slices.
const (
	flagUnwound = 1 // no return was seen
	flagOpen    = 2 // under way when the recording ended
	flagLost    = 4 // given up since events were lost; Took is up to there
)

// A Hit is time, hook, goroutine (0 when not known), fields.
type Hit [4]any

// A Gap is a stretch in which events were lost: from, to, how many (0 when not known).
type Gap [3]int64

// Limits bound a page.
type Limits struct {
	Funcs  int // with most time
	Edges  int // with most time
	Nodes  int // of the tree
	Depth  int // of the tree
	Lanes  int // the busiest
	Slices int // the longest of each stretch of time
	Hits   int // evenly over time
	Gaps   int
	Text   int // bytes of arguments, results and fields
}

// DefaultLimits make pages of at most some 5 MB.
var DefaultLimits = Limits{Funcs: 4000, Edges: 12000, Nodes: 20000, Depth: 256, Lanes: 200, Slices: 40000, Hits: 6000, Gaps: 1000, Text: 800 << 10}
