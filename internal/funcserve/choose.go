package funcserve

import (
	"errors"
	"slices"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/near"
)

// Compile makes one of patterns; what they are of is named in the errors.
func Compile(patterns []string, what string) (glob.Set, error) {
	if len(patterns) == 0 {
		return nil, wire.Errorf(wire.CodeBadRequest, "no pattern says which %ss", what)
	}
	set, err := glob.CompileSet(patterns)
	if err != nil {
		return nil, wire.Errorf(wire.CodeBadPattern, "%v", err)
	}
	return set, nil
}

// Choose returns the functions that patterns match, by number, and what tells which of the program's hooks, given by name, they
// match. A pattern that matches neither is an error.
func Choose(patterns, hooks []string) (fs []int, set glob.Set, err error) {
	if set, err = Compile(patterns, "hook"); err != nil {
		return nil, nil, err
	}
	n, err := funcs.Len()
	if err != nil && !errors.Is(err, funcs.ErrNone) {
		return nil, nil, wire.Errorf(wire.CodeFailed, "the program's functions: %v", err)
	}
	names := slices.Grow(slices.Clip(hooks), n)
	for i := range n {
		names = append(names, funcs.Name(i))
	}
	matched, without := set.Select(names)
	if without != nil {
		what := "hook"
		if n > 0 {
			what = "hook or function"
		}
		return nil, nil, NoMatch(what, without.String(), names)
	}
	for i, name := range names { // those that matched are in the same order
		if len(matched) > 0 && matched[0] == name {
			matched = matched[1:]
			if i >= len(hooks) {
				fs = append(fs, i-len(hooks))
			}
		}
	}
	return fs, set, nil
}

// NoMatch is the error of a pattern that nothing matches.
func NoMatch(what, pattern string, known []string) *wire.Error {
	if len(known) == 0 {
		return wire.Errorf(wire.CodeNotFound, "no %s matches %q: the program has none", what, pattern)
	}
	e := wire.Errorf(wire.CodeNotFound, "no %s matches %q", what, pattern)
	from, to := 0, len(pattern)
	for from < to && wild(pattern[from]) {
		from++
	}
	for from < to && wild(pattern[to-1]) {
		to--
	}
	e.Near = near.Names(pattern[from:to], known, 3)
	return e
}

// wild reports whether a glob has c for text that may be any.
func wild(c byte) bool { return c == '*' || c == '?' }
