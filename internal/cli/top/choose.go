package top

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gkhi/gkhi/internal/cli/globs"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/glob"
)

// maxPatterns is how long the patterns of one request may be together, in bytes: they fit into a line then.
const maxPatterns = wire.MaxRequest * 7 / 8

// mainFunctions are armed when nothing else is asked for.
const mainFunctions = "main.*"

// A Selection is what is to be armed.
type Selection struct {
	Patterns []string    // what to ask the process for; empty for nothing
	Hooks    []wire.Hook // which that are
	Note     string      // a sentence about what it is, and what it leaves out
}

// Choose finds what to arm: what the patterns match, or the declared hooks and the functions of package main where there are none. More
// than limit functions are not taken, since each costs something at every call.
func Choose(ctx context.Context, p Process, patterns []string, limit int) (Selection, error) {
	var s Selection
	var notes []string
	if len(patterns) > 0 {
		hooks, kept, idle, err := globs.Ask(patterns, func(ps []string) ([]wire.Hook, error) { return p.Hooks(ctx, ps...) })
		if err != nil {
			return s, err
		}
		s = Selection{Patterns: kept, Hooks: hooks}
		for _, why := range idle {
			notes = append(notes, fmt.Sprintf("%q is left out: %v", why.Pattern, why.Err))
		}
	} else {
		declared, err := p.Hooks(ctx)
		if err != nil {
			return s, err
		}
		s.Hooks = declared
		for _, h := range declared {
			s.Patterns = append(s.Patterns, glob.Quote(h.Name))
		}
		functions, err := p.Hooks(ctx, mainFunctions)
		switch {
		case errors.Is(err, &wire.Error{Code: wire.CodeNotFound}):
		case err != nil:
			return s, err
		default:
			s.Patterns = append(s.Patterns, mainFunctions)
			s.Hooks = append(s.Hooks, slices.DeleteFunc(functions, func(h wire.Hook) bool { return h.Kind != wire.KindFunction })...)
		}
	}
	all := countFunctions(s.Hooks)
	if all > limit {
		s.cut(limit)
		notes = append(notes, fmt.Sprintf("only %d of %d functions that match are armed: --max %d would arm all", limit, all, all))
	} else if len(patterns) == 0 {
		notes = append(notes, describeDefault(len(s.Hooks)-all, all))
	}
	s.Note = strings.Join(notes, "; ")
	if n := length(s.Patterns); n > maxPatterns {
		return s, fmt.Errorf("%d names are too many to arm one by one; choose a pattern that matches them", len(s.Patterns))
	}
	return s, nil
}

// describeDefault says what is armed where nobody said what.
func describeDefault(hooks, functions int) string {
	switch {
	case hooks+functions == 0:
		return "no hook is declared, and package main has no points"
	case functions == 0:
		return "armed are the declared hooks; package main has no points"
	case hooks == 0:
		return "armed are the functions of package main"
	}
	return "armed are the declared hooks and the functions of package main"
}

// cut keeps the first functions, and names all that is kept.
func (s *Selection) cut(limit int) {
	var kept []wire.Hook
	s.Patterns = nil
	for _, h := range s.Hooks {
		if h.Kind == wire.KindFunction {
			if limit == 0 {
				continue
			}
			limit--
		}
		kept = append(kept, h)
		s.Patterns = append(s.Patterns, glob.Quote(h.Name))
	}
	s.Hooks = kept
}

func countFunctions(hooks []wire.Hook) (n int) {
	for _, h := range hooks {
		if h.Kind == wire.KindFunction {
			n++
		}
	}
	return n
}

func length(patterns []string) (n int) {
	for _, p := range patterns {
		n += len(p) + 3 // in JSON
	}
	return n
}
