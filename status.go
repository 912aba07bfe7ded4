package gkhi

import (
	"fmt"
	"time"

	"github.com/gkhi/gkhi/internal/patch"
)

// PatchStatus says how sites are armed in this process.
type PatchStatus struct {
	// Mode is "patched" where sites are no-ops and calls, "flag" where they test
	// a byte in memory.
	Mode   string
	Reason string // why sites are not patched; empty when they are
	Method string // how code is written, where it is

	Sites   int // references to hooks that can be patched, found so far: see Prepare
	Patched int // of these, no-ops or calls now
	// Restless counts those that test a byte in memory for a while, since their hook is toggled too often: more
	// than a hundred times a second. They are patched again when it has been quiet for a tenth of one.
	Restless int
	Foreign  int // sites with bytes that somebody else put there, as the kernel does for a uprobe: see Site.Reason
	Flagged  int // references that stay as compiled: see Info.Sites for the reason of each
	Stuck    int // sites that trap, since the system refused to finish a patch: right but slow

	Text     int           // bytes of machine code searched for sites
	ScanTime time.Duration // that this took
	Failures uint64        // steps of patching that the system refused
}

// Status reports how sites are armed in this process, and why not otherwise.
// Sites are looked for when the first handler is armed, or by [Prepare].
func Status() PatchStatus {
	s := patch.Default.Status()
	out := PatchStatus{
		Mode: "patched", Reason: s.Reason, Method: s.Method, Sites: s.Sites, Patched: s.Patched, Restless: s.Restless,
		Flagged: s.Flagged, Stuck: s.Stuck, Foreign: s.Foreign, Text: s.TextBytes, ScanTime: s.ScanTime, Failures: s.Failures,
	}
	if s.Reason != "" {
		out.Mode = "flag"
	}
	return out
}

// String is one line for people.
func (s PatchStatus) String() string {
	if s.Mode == "flag" {
		return "flag: " + s.Reason
	}
	out := fmt.Sprintf("patched %d of %d sites through %s", s.Patched, s.Sites+s.Flagged, s.Method)
	if s.Restless > 0 {
		out += fmt.Sprintf(" (%d toggled too often)", s.Restless)
	}
	if s.Stuck > 0 {
		out += fmt.Sprintf(" (%d trap)", s.Stuck)
	}
	if s.Foreign > 0 {
		out += fmt.Sprintf(" (%d changed by somebody else)", s.Foreign)
	}
	return out
}

// Prepare finds the sites of all hooks declared so far and turns them into
// no-ops. Arming the first handler does it too; call Prepare to have it done
// before, at about 1 ms for each MiB of machine code, and after a plugin was loaded, whose sites of hooks that
// were looked for before test their flag until then. The error says why sites can't be patched here; hooks
// work all the same, by their flags.
func Prepare() error { return patch.Default.Prepare() }
