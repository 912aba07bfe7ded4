package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/control/wire"
)

const armLong = `Arm makes handlers callable that a program has registered: all that are named, together,
or none of them when one can't be. They stay armed after the command has ended, unless
--hold or -d is given.

A handler is written hook/handler; gkhi ls -v shows their names. A glob without a slash
means all handlers of the hooks that match. Handlers that the program keeps for itself,
and those of other gkhi commands, can't be armed from outside.`

const armExample = `  gkhi arm kvd kvd.commit/audit            until it is disarmed
  gkhi arm kvd 'kvd.*/audit' --hold        until Ctrl-C
  gkhi arm kvd kvd.commit -d 30s           all handlers of a hook, for half a minute`

func newArm(e *env) *cobra.Command {
	return armCommand(e, true, &cobra.Command{
		Use:     "arm TARGET HOOK/HANDLER...",
		Short:   "make handlers callable",
		Long:    armLong,
		Example: armExample,
	})
}

// armCommand fills in a command that arms, or disarms, handlers.
func armCommand(e *env, on bool, cmd *cobra.Command) *cobra.Command {
	var asJSON bool
	var hold holdFlags
	cmd.GroupID = groupSteer
	cmd.Args = atLeast(theTarget, theHandler)
	cmd.ValidArgsFunction = e.completer(handlerNames)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return e.arm(cmd.Context(), on, args[0], args[1:], hold, asJSON)
	}
	jsonFlag(cmd, &asJSON)
	hold.add(cmd)
	return cmd
}

func (e *env) arm(ctx context.Context, on bool, target string, patterns []string, hold holdFlags, asJSON bool) error {
	s, err := e.dial(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	do, state := s.Arm, "armed"
	if !on {
		do, state = s.Disarm, "disarmed"
	}
	result, err := do(ctx, wire.ArmArgs{Patterns: patterns, Hold: hold.on()})
	if err != nil {
		return about(s, err)
	}
	if err := e.printChanges(result, state, asJSON); err != nil || !hold.on() {
		return err
	}
	return hold.wait(ctx, e, s)
}
