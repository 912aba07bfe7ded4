// Package globs lets commands that look at things go on when one of several globs matches nothing. What changes a
// process has no use for that: there a glob that matches nothing is a mistake, and nothing is done.
package globs

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// Idle is a glob that nothing matches.
type Idle struct {
	Pattern string
	Err     error // the process's
}

// Ask asks a process about globs. Those that it has nothing for are left out and asked without, as long as one remains that
// is not about what to leave out. It returns which were kept, and which not. Where nothing matches, err is that of the first glob.
func Ask[T any](patterns []string, ask func(patterns []string) (T, error)) (answer T, kept []string, idle []Idle, err error) {
	kept = patterns
	for {
		answer, err = ask(kept)
		i := refused(err, kept)
		if i < 0 {
			return answer, kept, idle, err
		}
		idle = append(idle, Idle{kept[i], err})
		kept = slices.Delete(slices.Clone(kept), i, i+1)
		if !slices.ContainsFunc(kept, chooses) {
			return answer, nil, nil, idle[0].Err
		}
	}
}

// refused is the index of the glob that an error is about; -1 when it is about anything else.
func refused(err error, patterns []string) int {
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.CodeNotFound {
		return -1
	}
	return slices.IndexFunc(patterns, func(p string) bool { return strings.Contains(e.Message, "matches "+strconv.Quote(p)) })
}

// chooses reports whether a glob chooses names, and doesn't leave them out.
func chooses(pattern string) bool { return !strings.HasPrefix(pattern, "!") }
