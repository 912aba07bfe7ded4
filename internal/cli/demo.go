package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/demo"
)

const demoLong = `Demo shows in less than two minutes what gkhi is for. It builds a small key-value service,
examples/kvd, starts it on loopback, lets clients talk to it, and then uses gkhi on it:
lists its hooks, watches events, draws how long commits take, lets one commit in ten
fail, and measures what hooks cost while nobody uses them and while all are armed, beside
the same service built without any. Then it builds a well-known program from the module proxy with
points in its functions, shows where that spends its time, and ends with a recording of it and its
report, which --page keeps as an HTML page.

It needs the go command, and no root. Run it in a checkout of gkhi's source; elsewhere it builds the
version that gkhi itself was installed from. At the end, also at Ctrl-C, the service is
stopped and nothing is left.`

func newDemo(e *env) *cobra.Command {
	var quick bool
	var page string
	cmd := &cobra.Command{
		Use:               "demo",
		Short:             "see gkhi at work on an example service",
		Long:              demoLong,
		Example:           "  gkhi demo\n  gkhi demo --quick\n  gkhi demo --page bbolt.html   keep the report",
		GroupID:           groupAround,
		Args:              between(0, 0, nil),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo.Run(cmd.Context(), demo.Options{
				Out: e.out, Style: e.style(), Gkhi: e.nested, Functions: true, Page: page, Quick: quick,
			})
		},
	}
	cmd.Flags().StringVar(&page, "page", "", "write the report that it ends with to this file, as HTML")
	cmd.Flags().BoolVar(&quick, "quick", false, "keep each part as short as it can be")
	return cmd
}

// nested runs another command of gkhi in this process.
func (e *env) nested(ctx context.Context, args ...string) error {
	root := newRoot(e)
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}
