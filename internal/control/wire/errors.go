package wire

import (
	"fmt"
	"strings"
)

// The codes of errors, for programs to branch on.
const (
	CodeBadRequest  = "bad-request"  // not JSON, no id, arguments that are unknown or out of range
	CodeUnknownOp   = "unknown-op"   // newer client, perhaps
	CodeVersion     = "version"      // no common protocol
	CodeDenied      = "denied"       // the peer is another user
	CodeBusy        = "busy"         // too many connections, streams or holds
	CodeNotFound    = "not-found"    // no hook or handler of that name; Near may have some
	CodeBadPattern  = "bad-pattern"  // a glob that can't be read
	CodeBadTerm     = "bad-term"     // a failpoint term that can't be read, or not for this decision's type
	CodeRefused     = "refused"      // the program said that the handler is not for remote control
	CodeUnsupported = "unsupported"  // matched, but of a kind that can't do it
	CodeTooLarge    = "too-large"    // a line over the limit
	CodeInternal    = "internal"     // a bug in the target, reported instead of crashing it
	CodeFailed      = "failed"       // anything else
	CodeIdle        = "idle"         // nothing was asked for a long time
	CodeStopped     = "stopped"      // the process stopped serving
	CodeNoHello     = "no-hello"     // the first line was not a hello
	CodeNotStream   = "not-a-stream" // cancel of an id that is not a running stream
)

// Error is a refusal: a sentence for people, a code for programs.
type Error struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Near    []string `json:"near,omitempty"` // names that the user may have meant
}

// Errorf makes an Error with a code.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if len(e.Near) == 0 {
		return e.Message
	}
	return e.Message + "; near: " + strings.Join(e.Near, ", ")
}

// Is reports whether target is an *Error of the same code, so that errors.Is(err, &Error{Code: CodeBusy}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.Message == "" || t.Message == e.Message)
}
