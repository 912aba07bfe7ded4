package gkhi

import "runtime"

// PatchStatus says how sites are armed in this process.
type PatchStatus struct {
	Mode    string // "flag": sites test a byte in memory
	Reason  string // why sites are not patched; empty when they are
	Sites   int    // found so far
	Patched int
}

// Status reports how sites are armed in this process, and why not otherwise.
func Status() PatchStatus {
	return PatchStatus{
		Mode:   "flag",
		Reason: "this version of gkhi doesn't patch sites on " + runtime.GOOS + "/" + runtime.GOARCH,
	}
}

// String is one line for people.
func (s PatchStatus) String() string {
	if s.Reason == "" {
		return s.Mode
	}
	return s.Mode + " (" + s.Reason + ")"
}
