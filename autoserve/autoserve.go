// Package autoserve lets the gkhi command see and steer the hooks of a program,
// by being imported:
//
//	import _ "github.com/gkhi/gkhi/autoserve"
//
// It does what [gkhi.Serve] does, when the program is initialised, and never
// stops; a program that wants to know about errors, or to stop, calls Serve
// itself. It can't fail the program: when the socket can't be made it says so on
// standard error. With GKHI_SERVE=off in the environment it does nothing.
//
// The failpoints of the environment variable [gkhi.FailEnv] are set as their
// decisions are declared, since packages that are initialised after this one
// declare theirs later. An entry whose decision is not there after [declareTime]
// is reported on standard error.
package autoserve

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/internal/failpoint"
	"github.com/gkhi/gkhi/internal/funcserve"
)

// Env is the environment variable that switches serving off with the value off.
const Env = funcserve.Env

// declareTime is how long decisions are waited for, and pollTime how often they
// are looked for.
const (
	declareTime = 3 * time.Second
	pollTime    = 5 * time.Millisecond
)

func init() { start(os.Stderr) }

// stop ends what start began.
var stop = func() error { return nil }

func start(stderr io.Writer) {
	if os.Getenv(Env) == "off" {
		return
	}
	report := func(err error) { fmt.Fprintln(stderr, "gkhi: autoserve:", err) }
	terms, err := failpoint.ParseList(os.Getenv(gkhi.FailEnv))
	if err != nil {
		report(fmt.Errorf("%s: %w", gkhi.FailEnv, err))
	}
	terms = setKnown(terms, report)
	if len(terms) > 0 {
		go setLater(terms, declareTime, report)
	}
	end, err := gkhi.Serve(gkhi.WithoutFailEnv())
	if err != nil {
		report(err)
		return
	}
	stop = end
	if err := funcserve.Hold(); err != nil {
		report(err)
	}
}

// AtExit passes on to gkhi commands what they have not got yet, and takes the control socket away. Programs
// that gkhi build made call it as they end, when main returns and in os.Exit. It takes no time when
// nobody is connected, and two seconds at most.
func AtExit() { funcserve.End(stop) }

// setKnown sets the failpoints whose decisions are declared, and returns the others.
func setKnown(terms []failpoint.Setting, report func(error)) []failpoint.Setting {
	return slices.DeleteFunc(terms, func(s failpoint.Setting) bool {
		err := gkhi.Fail(s.Name, s.Program.String())
		if errors.Is(err, gkhi.ErrUnknown) {
			return false
		}
		if err != nil {
			report(fmt.Errorf("%s: %w", gkhi.FailEnv, err))
		}
		return true
	})
}

// setLater waits for the decisions that are not declared yet.
func setLater(terms []failpoint.Setting, patience time.Duration, report func(error)) {
	for end := time.Now().Add(patience); len(terms) > 0 && time.Now().Before(end); {
		time.Sleep(pollTime)
		terms = setKnown(terms, report)
	}
	for _, s := range terms {
		if _, err := gkhi.Lookup(s.Name); err != nil {
			report(fmt.Errorf("%s: after %v: %w", gkhi.FailEnv, patience, err))
		}
	}
}
