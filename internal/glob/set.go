package glob

// Set is several patterns; a name is in it when any of them matches. The zero value matches nothing.
type Set []*Pattern

// CompileSet reads patterns. The error is that of the first bad one, a *[SyntaxError].
func CompileSet(patterns []string) (Set, error) {
	set := make(Set, 0, len(patterns))
	for _, src := range patterns {
		p, err := Compile(src)
		if err != nil {
			return nil, err
		}
		set = append(set, p)
	}
	return set, nil
}

// Match reports whether any of the patterns matches name.
func (s Set) Match(name string) bool {
	for _, p := range s {
		if p.Match(name) {
			return true
		}
	}
	return false
}

// Select returns the names that match, in the order given, and the first pattern that matches none of them, nil when each
// of the patterns has at least one.
func (s Set) Select(names []string) (matched []string, without *Pattern) {
	used := make([]bool, len(s))
	for _, name := range names {
		hit := false
		for i, p := range s {
			if (!hit || !used[i]) && p.Match(name) {
				hit, used[i] = true, true
			}
		}
		if hit {
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
