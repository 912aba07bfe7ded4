package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const completionLong = `Completion prints a script that makes a shell complete gkhi's commands, its flags, the
hooked processes that run, and their hooks and handlers.

  bash        source <(gkhi completion bash)                     in ~/.bashrc
              (needs the package bash-completion)
  zsh         source <(gkhi completion zsh)                      in ~/.zshrc
  fish        gkhi completion fish | source                      in ~/.config/fish/config.fish
  powershell  gkhi completion powershell | Out-String | Invoke-Expression   in $PROFILE`

var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion(e *env) *cobra.Command {
	return &cobra.Command{
		Use:                   "completion " + strings.Join(shells, "|"),
		Short:                 "print a script that makes a shell complete gkhi",
		Long:                  completionLong,
		Example:               "  source <(gkhi completion bash)",
		GroupID:               groupAround,
		DisableFlagsInUseLine: true,
		ValidArgs:             shells,
		Args: func(_ *cobra.Command, args []string) error {
			if err := between(1, 1, []string{"the shell (" + strings.Join(shells, ", ") + ")"})(nil, args); err != nil {
				return err
			}
			if !slices.Contains(shells, args[0]) {
				return usagef("there is no completion for %q, but for %s", args[0], strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(e.out, true)
			case "zsh":
				return root.GenZshCompletion(e.out)
			case "fish":
				return root.GenFishCompletion(e.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(e.out)
			}
			return fmt.Errorf("no completion for %s", args[0])
		},
	}
}
