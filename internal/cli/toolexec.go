package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/gobuild"
	"github.com/gkhi/gkhi/internal/toolexec"
)

const toolexecLong = `Toolexec is what the go command runs in place of its tools in a build with points. Its
flags are those of gkhi build, which is the better way: it tells the go command which
packages to compile anew, where with -toolexec all are.`

func newToolexec(e *env) *cobra.Command {
	return &cobra.Command{
		Use:                "toolexec [-hooks PATTERN]... [-hooks-min N] TOOL [ARGUMENT...]",
		Short:              "run a tool of the go command, for a build with points",
		Long:               toolexecLong,
		Example:            "  go build -toolexec=\"gkhi toolexec -hooks net/http\" ./cmd/server",
		ValidArgsFunction:  goFiles,
		GroupID:            groupBuild,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || strings.TrimLeft(args[0], "-") == "help" || args[0] == "-h" {
				return cmd.Help()
			}
			return e.toolexec(args)
		},
	}
}

func (e *env) toolexec(args []string) error {
	var plan *toolexec.Plan
	var err error
	if len(args) > 2 && args[0] == "-plan" {
		plan, err = toolexec.Load(args[1])
		args = args[2:]
	} else {
		plan, args, err = e.rawPlan(args)
	}
	if err != nil {
		return goError(err)
	}
	if len(args) == 0 {
		return usagef("the tool to run is missing")
	}
	r := &toolexec.Runner{Plan: plan, ImportPath: os.Getenv("TOOLEXEC_IMPORTPATH"), Stdout: e.out.w, Stderr: e.err}
	return goError(r.Run(args[0], args[1:]))
}

// rawPlan makes the plan of a build that the go command began by itself.
func (e *env) rawPlan(args []string) (*toolexec.Plan, []string, error) {
	opt, err := e.buildOptions()
	if err != nil {
		return nil, nil, err
	}
	return gobuild.RawPlan(args, opt)
}
