package cli

import "github.com/spf13/cobra"

const disarmLong = `Disarm makes handlers not callable: all that are named, together, or none of them when one
can't be. Calls that are in flight go on to their end. With --hold or -d the handlers are
armed again when the command ends.

A handler is written hook/handler; gkhi ls -v shows their names. A glob without a slash
means all handlers of the hooks that match.`

const disarmExample = `  gkhi disarm kvd kvd.commit/audit
  gkhi disarm kvd 'kvd.*' -d 10s           what do they cost? look for ten seconds`

func newDisarm(e *env) *cobra.Command {
	return armCommand(e, false, &cobra.Command{
		Use:     "disarm TARGET HOOK/HANDLER...",
		Short:   "make handlers not callable",
		Long:    disarmLong,
		Example: disarmExample,
	})
}
