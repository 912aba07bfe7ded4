package funcserve

import (
	"context"
	"errors"
	"fmt"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcs"
)

// begun books that functions were armed, or why not, and returns what makes them dormant again. An error
// is that of arming when nothing else was armed.
func begun(m *wire.Matched, s *funcs.Session, err error, n int) (control.Undo, error) {
	switch {
	case err == nil:
		m.Functions = len(s.Funcs())
		KeepDraining()
		return func(context.Context) error { return s.Close(func() { Drain() }) }, nil
	case len(m.Hooks) == 0:
		return nil, wire.Errorf(wire.CodeUnsupported, "%v", err)
	}
	m.Skipped = append(m.Skipped, wire.Skip{Name: fmt.Sprintf("%d functions", n), Why: err.Error()})
	return nothing, nil
}

// nothing is the way back from where nothing was changed.
func nothing(context.Context) error { return nil }

// Both undoes two things, the second whatever the first says.
func Both(a, b control.Undo) control.Undo {
	return func(ctx context.Context) error { return errors.Join(a(ctx), b(ctx)) }
}
