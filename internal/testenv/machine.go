package testenv

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Requirements that are facts of the machine or of the way the test was
// started. No strictness changes them: a Mac can't be asked to be Linux.
var (
	// Linux needs the operating system to be Linux.
	Linux = OS("linux")

	// Root needs the effective user to be root.
	Root = Requirement{missing: func() string {
		if uid := os.Geteuid(); uid != 0 {
			return fmt.Sprintf("needs root, and the effective user id is %d", uid)
		}
		return ""
	}}

	// NotShort needs -short to be absent.
	NotShort = Requirement{missing: func() string {
		if testing.Short() {
			return "takes long and -short is set"
		}
		return ""
	}}

	// Native needs the test to run on the CPU itself, not in an emulator.
	Native = Requirement{missing: func() string {
		if e := Emulator(); len(e) > 0 {
			return fmt.Sprintf("needs the real CPU, and this runs under %s", e[0])
		}
		return ""
	}}

	// NoRace needs the race detector to be absent, for a test of the code that
	// the compiler makes, which the detector changes.
	NoRace = Requirement{missing: func() string {
		if raceEnabled {
			return "needs code as the compiler makes it, and -race changes that"
		}
		return ""
	}}
)

// OS needs the operating system to be one of names, which are GOOS values.
func OS(names ...string) Requirement {
	return Requirement{missing: func() string {
		if slices.Contains(names, runtime.GOOS) {
			return ""
		}
		return fmt.Sprintf("needs %s, and this is %s", strings.Join(names, " or "), runtime.GOOS)
	}}
}

// Arch needs the test binary's CPU architecture to be one of names, which are
// GOARCH values.
func Arch(names ...string) Requirement {
	return Requirement{missing: func() string {
		if slices.Contains(names, runtime.GOARCH) {
			return ""
		}
		return fmt.Sprintf("needs %s, and this is %s", strings.Join(names, " or "), runtime.GOARCH)
	}}
}
