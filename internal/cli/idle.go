package cli

import (
	"fmt"
	"strings"

	"github.com/gkhi/gkhi/internal/cli/globs"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/near"
)

// askGlobs asks a process about globs, and warns of those that it has nothing for. It returns the others too.
func askGlobs[T any](e *env, s session, verb string, patterns []string, ask func([]string) (T, error)) (T, []string, error) {
	answer, kept, idle, err := globs.Ask(patterns, ask)
	if err != nil {
		return answer, nil, about(s, err)
	}
	for _, i := range idle {
		e.note("%s: %q is left out: %s", verb, i.Pattern, strings.TrimPrefix(describe(i.Err), label(s.Process())+": "))
	}
	return answer, kept, nil
}

// idleGlobs warns of globs that match none of the names. It is an error when none of them matches any.
func (e *env) idleGlobs(verb, what string, set glob.Set, names []string) error {
	var idle []globs.Idle
	some := len(set) == 0
	for p, used := range set.Used(names) {
		if used {
			some = some || !strings.HasPrefix(p.String(), "!")
			continue
		}
		err := fmt.Errorf("no %s matches %q", what, p)
		if q := near.Question(p.String(), names); q != "" {
			err = fmt.Errorf("%w; %s", err, q)
		}
		idle = append(idle, globs.Idle{Pattern: p.String(), Err: err})
	}
	if !some {
		return idle[0].Err
	}
	for _, i := range idle {
		e.note("%s: %q is left out: %v", verb, i.Pattern, i.Err)
	}
	return nil
}
