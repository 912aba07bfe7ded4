package glob

import (
	"iter"
	"strings"
)

// Set is several patterns; a name is in it when any of them matches, and none of those that begin with an exclamation mark, which
// are about names to leave out. The zero value matches nothing.
type Set []*Pattern

// CompileSet reads patterns. The error is that of the first bad one, a *[SyntaxError]. Patterns that all begin
// with an exclamation mark are one too: there is nothing to leave out from.
func CompileSet(patterns []string) (Set, error) {
	set := make(Set, 0, len(patterns))
	some := false
	for _, src := range patterns {
		rest, not := strings.CutPrefix(src, "!")
		p, err := Compile(rest)
		if err != nil {
			return nil, err
		}
		p.not = not
		some = some || !not
		set = append(set, p)
	}
	if len(set) > 0 && !some {
		return nil, &SyntaxError{Pattern: patterns[0], Problem: "it says what to leave out, and no pattern says of what; * is everything"}
	}
	return set, nil
}

// Match reports whether any of the patterns matches name, and none that leaves it out.
func (s Set) Match(name string) bool {
	in := false
	for _, p := range s {
		if in && !p.not || !p.Match(name) {
			continue
		}
		if p.not {
			return false
		}
		in = true
	}
	return in
}

// Select returns the names that are in the set, in the order given, and the first pattern that matches none of them, nil when each
// of the patterns has at least one, also if another leaves that out.
func (s Set) Select(names []string) (matched []string, without *Pattern) {
	used := make([]bool, len(s))
	for _, name := range names {
		in, out := false, false
		for i, p := range s {
			// A pattern is asked when that can change anything.
			if used[i] && (p.not && out || !p.not && in) || !p.Match(name) {
				continue
			}
			used[i] = true
			in, out = in || !p.not, out || p.not
		}
		if in && !out {
			matched = append(matched, name)
		}
	}
	for i, p := range s {
		if !used[i] {
			return matched, p
		}
	}
	return matched, nil
}

// Used returns each pattern, and whether it matches any of the names.
func (s Set) Used(names []string) iter.Seq2[*Pattern, bool] {
	return func(yield func(*Pattern, bool) bool) {
		for _, p := range s {
			used := false
			for _, name := range names {
				if used = p.Match(name); used {
					break
				}
			}
			if !yield(p, used) {
				return
			}
		}
	}
}
