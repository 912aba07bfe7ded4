// Package feature finds out what this machine and the rights of this process allow, for gkhi
// doctor: whether sites can be patched, what the kernel offers to trace with, who may use it.
//
// Every question is a probe, and every probe gives a [Finding]: what was looked at, how it
// stands, the facts, and what to do about it. A probe changes nothing that outlives it, needs no rights, and
// never fails: what can't be told is a finding as well.
//
// The probes are kept in one file per group. They read the machine through a small struct, so that
// tests show them machines that are not at hand.
package feature

// A State says how a finding stands.
type State string

const (
	OK      State = "ok"      // works
	Limited State = "limited" // works in part, or can't be told
	Missing State = "missing" // not there, or not allowed
)

// The groups of findings.
const (
	GroupPatching = "patching" // turning sites into calls
	GroupKernel   = "kernel"   // what probes of a later version attach to
	GroupRights   = "rights"   // what this user may do
	GroupProcess  = "process"  // one given process
)

// A Finding is the answer of a probe.
type Finding struct {
	Group  string `json:"group"`
	Name   string `json:"name"` // what was looked at, unique in its group
	State  State  `json:"state"`
	Detail string `json:"detail"`           // what was found, a sentence without a capital and full stop
	Advice string `json:"advice,omitempty"` // what to do about it; empty where there is nothing to do
}

// Machine returns the findings about this machine and this user, group by group, in a fixed order.
func Machine() []Finding { return machine() }

// Process returns the findings about the process pid, as far as the operating system tells them;
// none where it tells nothing.
func Process(pid int) []Finding { return process(pid) }
