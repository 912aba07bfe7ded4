package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/near"
)

// The groups in which help lists the commands.
const (
	groupBuild  = "build"
	groupLook   = "look"
	groupSteer  = "steer"
	groupAround = "around"
)

// constructors returns every command. Help lists them in groups, each in alphabetical order.
// It is no variable, since demo runs the others.
func constructors() []func(*env) *cobra.Command {
	all := []func(*env) *cobra.Command{
		newLs, newTrace, newStat, newTop, newRecord, newReport, newDiff,
		newArm, newDisarm, newFail,
		newDemo, newDoctor, newVersion, newCompletion, newToolexec,
	}
	for _, v := range goVerbs {
		all = append(all, newGoVerb(v))
	}
	return all
}

const rootLong = `gkhi looks at the hooks of live Go programs and steers them.

A program declares hooks with the package github.com/gkhi/gkhi and calls gkhi.Serve; one that
gkhi build compiled has points in its functions and serves by itself. Both cost next to
nothing until a command of gkhi arms them, and again after it ends.

A TARGET is a process id (4242), a process name (kvd), or the file of a program that
runs (./kvd). A process that links the library several times has several targets: 4242/0,
4242/1. A GLOB matches names of hooks: * is any run of characters, ? is one, [a-c] one of
a set; of several, those that begin with ! leave names out. Quote it, or the shell may expand it.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted before it was done.`

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:           "gkhi",
		Short:         "look at the hooks of live Go programs, and steer them",
		Long:          rootLong,
		SilenceErrors: true, // run reports them
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Version:       e.build.String(),
		CompletionOptions: cobra.CompletionOptions{
			DisableDefaultCmd: true, // completion.go has ours
		},
	}
	root.Flags().Bool("version", false, "print the version of gkhi") // or cobra adds it, with -v
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.err)
	root.SetUsageFunc(usage)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddGroup(
		&cobra.Group{ID: groupBuild, Title: "Build:"},
		&cobra.Group{ID: groupLook, Title: "Look:"},
		&cobra.Group{ID: groupSteer, Title: "Steer:"},
		&cobra.Group{ID: groupAround, Title: "Around it:"},
	)
	for _, newCommand := range constructors() {
		root.AddCommand(newCommand(e))
	}
	root.SetHelpCommand(newHelp(root))
	root.SetHelpCommandGroupID(groupAround)
	return root
}

// unknownCommand refuses arguments of the root command, which has none: the first of them is a command's name, mistyped.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	err := usagef("there is no command %q", args[0])
	if q := near.Question(args[0], known); q != "" {
		err = usagef("there is no command %q; %s", args[0], q)
	}
	return err
}

// newHelp is cobra's help command, but that an unknown topic is an error.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "say what a command does",
		Long:  "Help says what a command does, as gkhi COMMAND --help does.",
		ValidArgsFunction: func(_ *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, c := range root.Commands() {
				if len(args) == 0 && c.IsAvailableCommand() && strings.HasPrefix(c.Name(), prefix) {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(root, args)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// atLeast is cobra.MinimumNArgs with a sentence that says what is missing: want names the arguments in order.
func atLeast(want ...string) cobra.PositionalArgs { return between(len(want), -1, want) }

// between checks the number of arguments; most is -1 for no limit.
func between(least, most int, want []string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < least {
			return usagef("%s is missing", want[len(args)])
		}
		if most >= 0 && len(args) > most {
			return usagef("%q is one argument too many", args[most])
		}
		return nil
	}
}

// The names of arguments in messages.
const (
	theTarget  = "the target (a process id, a process name, or a program's file)"
	theGlob    = "the name or glob of a hook"
	theHandler = "the name of a handler, as hook/handler, or a glob"
)
