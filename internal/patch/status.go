package patch

import "time"

// Stats counts what a patcher did.
type Stats struct {
	TextBytes int           // scanned the last time
	ScanTime  time.Duration // in all
	Batches   uint64        // of Set and Prepare that changed something
	Toggles   uint64        // instructions changed
	Flaggings uint64        // keys whose sites went back to their flag
	Returns   uint64        // and that were patched again
	Failures  uint64        // steps that the system refused
}

// A Status says how a process's sites are armed.
type Status struct {
	Method   string // how text is written; empty when it is not
	Reason   string // why sites are not patched; empty when they are
	Keys     int
	Sites    int // found that can be patched
	Patched  int // that are
	Restless int // that test their flag for a while, since their hook is toggled too often
	Stuck    int // with an INT3 that could not be taken back: right but slow
	Foreign  int // with bytes that somebody else put there, such as the kernel's for a uprobe; those of AddLaid too
	Flagged  int // references to keys that stay as compiled
	Prepared bool
	Stats
}

// SiteInfo describes one reference to a key.
type SiteInfo struct {
	Func   string // name of the function, the one it was compiled into
	File   string
	Line   int
	Addr   uintptr
	Form   string // "guarded", "bare", …; empty for a reference that is no site
	State  string // "as compiled", "dormant", "armed", "flagged"
	Reason string // why it is not patched, or is no site
	Code   []byte // what is there now: all instructions of the site
}

// A Limit says how often the sites of a guarded key are patched. Beyond it they go back to their flag.
type Limit struct {
	Burst int           // toggles at once; 0: there is no limit
	Every time.Duration // and one more each so often
	Quiet time.Duration // sites are patched again when their key was not toggled for so long
}

// DefaultLimit lets what people and tests do be patched. What goes beyond costs other threads some ten
// microseconds a toggle, so at this rate a thousandth of their time.
var DefaultLimit = Limit{Burst: 32, Every: 10 * time.Millisecond, Quiet: 100 * time.Millisecond}
