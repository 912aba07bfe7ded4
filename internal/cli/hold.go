package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// holdFlags are --hold and -d: a change that is undone when the command ends. The process undoes it when
// the connection ends, so that it is undone too when the command is killed.
type holdFlags struct {
	hold     bool
	duration time.Duration
}

func (f *holdFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.hold, "hold", false, "undo it when the command ends, at Ctrl-C or after -d")
	durationFlag(cmd, &f.duration, "undo it after so long, as 10s; implies --hold")
}

func (f *holdFlags) on() bool { return f.hold || f.duration > 0 }

// wait keeps the change until the user wants an end or the time is over. The error is that of a connection that broke.
func (f *holdFlags) wait(ctx context.Context, e *env, s session) error {
	if f.duration > 0 {
		e.note("holding for %v; Ctrl-C ends it", f.duration)
	} else {
		e.note("holding; Ctrl-C ends it")
	}
	ctx, cancel := limit(ctx, f.duration)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-s.Done():
		return s.Err()
	}
	if err := s.Close(); err != nil {
		return err
	}
	e.note("let go: the process undoes it")
	return nil
}

// A handlerChange is a handler as arm and disarm print it.
type handlerChange struct {
	Handler string `json:"handler"`
	State   string `json:"state,omitempty"` // armed or disarmed; empty where it was refused
	Changed bool   `json:"changed"`
	Refused string `json:"refused,omitempty"` // why it was left as it is
}

func (c handlerChange) String() string {
	switch {
	case c.Refused != "":
		return "left alone: " + c.Handler + ": " + c.Refused
	case !c.Changed:
		return "already " + c.State + ": " + c.Handler
	}
	return c.State + ": " + c.Handler
}

// printChanges prints what arm or disarm did.
func (e *env) printChanges(r wire.ArmResult, state string, asJSON bool) error {
	var changes []handlerChange
	for _, name := range r.Changed {
		changes = append(changes, handlerChange{Handler: name, State: state, Changed: true})
	}
	for _, name := range r.Already {
		changes = append(changes, handlerChange{Handler: name, State: state})
	}
	for _, skip := range r.Refused {
		changes = append(changes, handlerChange{Handler: skip.Name, Refused: skip.Why})
	}
	for _, c := range changes {
		print := func() error { return e.line("%v", c) }
		if asJSON {
			print = func() error { return e.object(c) }
		}
		if err := print(); err != nil {
			return err
		}
	}
	return nil
}
