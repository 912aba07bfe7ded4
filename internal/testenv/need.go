package testenv

import (
	"os"
	"testing"
)

// strictEnv names the variable that turns some skips into failures. Its value
// is 1, or anything else (also unset) for no.
const strictEnv = "GKHI_TEST_STRICT"

// Strict reports whether GKHI_TEST_STRICT=1 is set: then what CI has installed,
// or what the machine must have, may not be missing.
func Strict() bool { return os.Getenv(strictEnv) == "1" }

// A Requirement is something that a test can't do without. Build one with the
// functions and variables of this package, such as [Tool] or [Linux].
type Requirement struct {
	// missing returns why the requirement isn't met, as a sentence without a
	// capital and full stop that reads well after "skipped: ", or "".
	missing func() string
	// demanded reports whether the lack is a fault when [Strict] holds.
	demanded func() bool
}

// Need skips the test unless all requirements are met. They are checked in
// order and the first that is not met gives the reason. Where the lack is a
// fault of the machine (see [Strict]) the test fails instead.
func Need(t testing.TB, reqs ...Requirement) {
	t.Helper()
	reason, fault := unmet(reqs, Strict())
	switch {
	case reason == "":
	case fault:
		t.Fatalf("%s; %s=1 says that this machine has it, so it isn't skipped", reason, strictEnv)
	default:
		t.Skip(reason)
	}
}

// unmet returns why the first unmet requirement isn't met, and whether that
// counts as a fault.
func unmet(reqs []Requirement, strict bool) (reason string, fault bool) {
	for _, r := range reqs {
		if why := r.missing(); why != "" {
			return why, strict && r.demanded != nil && r.demanded()
		}
	}
	return "", false
}

// Met reports whether all requirements are met, for a test that does more where
// it can and doesn't need to be skipped where it can't.
func Met(reqs ...Requirement) bool {
	reason, _ := unmet(reqs, false)
	return reason == ""
}
