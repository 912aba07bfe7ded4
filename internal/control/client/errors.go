package client

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a target. Errors of this package match one of these with errors.Is.
var (
	ErrNoProcess  = errors.New("no such process")
	ErrNotHooked  = errors.New("not a process that gkhi can talk to")
	ErrPermission = errors.New("no permission")
	ErrAmbiguous  = errors.New("several processes match")
	ErrIsFile     = errors.New("is a file, not a process")
	ErrIsKernel   = errors.New("is the kernel, not a process")
	ErrBadTarget  = errors.New("bad target")
	ErrVersion    = errors.New("no common protocol")
	ErrWrongPeer  = errors.New("another process answers on the socket")
	ErrBroken     = errors.New("the connection broke")
)

// TargetError says why a target can't be used: Err is one of the errors above, or has one in its chain.
type TargetError struct {
	Target     string    // as the user wrote it, or the pid
	Err        error     // of the list above
	Why        string    // a sentence about this target, which may be empty
	Hint       string    // what the user can do, which may be empty
	Candidates []Process // for ErrAmbiguous
}

func (e *TargetError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v", e.Target, e.Err)
	if e.Why != "" {
		fmt.Fprintf(&b, ": %s", e.Why)
	}
	for i, p := range e.Candidates {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s (%s)", sep, p.Target(), p.Name)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "; %s", e.Hint)
	}
	return b.String()
}

func (e *TargetError) Unwrap() error { return e.Err }

// Sentences that several places need.
const (
	serveHint      = `call gkhi.Serve in its main function, or import _ "github.com/gkhi/gkhi/autoserve", or build it with gkhi build`
	whyClosedAlive = "the process closed it; it does that when it stops serving, and when nothing of what it sent is taken for a minute"
)
