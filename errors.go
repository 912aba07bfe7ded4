package gkhi

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers branch on, with errors.Is.
var (
	ErrUndeclared    = errors.New("hook is not declared")
	ErrUnknown       = errors.New("no such hook")
	ErrInvalid       = errors.New("invalid")
	ErrDuplicate     = errors.New("name is taken")
	ErrExclusive     = errors.New("hook is exclusive and has its handler")
	ErrPriorityTaken = errors.New("hook has its first or last handler")
	ErrDeregistered  = errors.New("handler is deregistered")
	ErrInFlight      = errors.New("calls still in flight")
	ErrInHandler     = errors.New("deregistered from inside a handler: not waiting for calls in flight")
)

// An UnknownError says that no hook has a name, and which names are near. It is
// [ErrUnknown] for errors.Is.
type UnknownError struct {
	Name string   // as it was asked for
	Near []string // the nearest names, best first; may be empty
}

func (e *UnknownError) Error() string {
	s := fmt.Sprintf("no such hook %q", e.Name)
	if len(e.Near) > 0 {
		s += "; did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	return s
}

// Is makes an UnknownError match [ErrUnknown].
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
