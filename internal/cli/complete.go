package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// completeTime bounds what a press of the Tab key waits for.
const completeTime = 2 * time.Second

// completer returns a ValidArgsFunction: the first argument is a target, the others are what names gives of its hooks.
// Where something fails, such as a target that is mistyped, nothing is completed.
func (e *env) completer(names func(wire.Hook) []cobra.Completion) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
		defer cancel()
		if len(args) == 0 {
			if strings.Contains(prefix, "/") || strings.HasPrefix(prefix, ".") {
				return nil, cobra.ShellCompDirectiveDefault // a program's file
			}
			return withPrefix(e.completeTargets(ctx), prefix), cobra.ShellCompDirectiveNoFileComp
		}
		s, err := e.procs.Dial(ctx, args[0])
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer s.Close()
		hooks, err := s.Hooks(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var all []cobra.Completion
		for _, h := range hooks {
			all = append(all, names(h)...)
		}
		return withPrefix(all, prefix), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeTargets returns the hooked processes by id, and by name where that names just one.
func (e *env) completeTargets(ctx context.Context) []cobra.Completion {
	list, err := e.procs.List(ctx)
	if err != nil {
		return nil
	}
	count := map[string]int{}
	for _, p := range list {
		count[p.Name]++
	}
	var all []cobra.Completion
	for _, p := range list {
		if p.Err != nil {
			continue
		}
		if _, err := strconv.Atoi(p.Name); p.Name != "" && count[p.Name] == 1 && err != nil {
			all = append(all, completion(p.Name, "process "+p.Target()))
		}
		all = append(all, completion(p.Target(), p.Name))
	}
	return all
}

// completion makes a completion of a name from another process; the zero Completion when the name can't be typed.
func completion(name, description string) cobra.Completion {
	if draw.Safe(name) != name || name == "" {
		return ""
	}
	return cobra.CompletionWithDesc(name, draw.Safe(description))
}

func withPrefix(all []cobra.Completion, prefix string) []cobra.Completion {
	var found []cobra.Completion
	for _, c := range all {
		if c != "" && strings.HasPrefix(c, prefix) {
			found = append(found, c)
		}
	}
	return found
}

// hookNames completes hooks.
func hookNames(h wire.Hook) []cobra.Completion {
	return []cobra.Completion{completion(h.Name, h.Doc)}
}

// decisionNames completes the hooks that failpoints are for.
func decisionNames(h wire.Hook) []cobra.Completion {
	if h.Kind != wire.KindDecision {
		return nil
	}
	return hookNames(h)
}

// handlerNames completes handlers, as hook/handler.
func handlerNames(h wire.Hook) []cobra.Completion {
	var all []cobra.Completion
	for _, hd := range h.Handlers {
		if hd.Local || hd.Session {
			continue
		}
		state := "disarmed"
		if hd.Armed {
			state = "armed"
		}
		all = append(all, completion(h.Name+"/"+hd.Name, state))
	}
	return all
}
