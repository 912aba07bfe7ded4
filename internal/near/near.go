// Package near finds the known names that a mistyped name may have meant, so that "unknown hook" and
// "unknown action" errors can list them.
//
// A known name is near when few edits lead to it (insertions, deletions, replacements and swaps of two
// neighbours: the optimal string alignment distance), or when one of the two contains the other. The case
// of ASCII letters is ignored. For a name without a dot, the last dotted part of each known name is tried too, so
// "comit-error" finds "kvd.commit-error".
package near

import (
	"strconv"
	"strings"
)

// longest is the length in bytes over which a name is taken for something else than a typing mistake;
// it bounds the work, which grows with the square of the length.
const longest = 128

// Names returns at most max of the known names that are near name, the nearest first, equally near ones
// in alphabetical order. It returns nil when none is near.
func Names(name string, known []string, max int) []string {
	if name == "" || len(name) > longest || max <= 0 {
		return nil
	}
	type candidate struct {
		name string
		far  int
	}
	var best []candidate
known:
	for _, k := range known {
		far, ok := distance(name, k)
		if !ok {
			continue
		}
		at := 0
		for ; at < len(best) && (best[at].far < far || best[at].far == far && best[at].name <= k); at++ {
			if best[at].name == k {
				continue known
			}
		}
		if at < max {
			best = append(best, candidate{})
			copy(best[at+1:], best[at:])
			best[at] = candidate{k, far}
			best = best[:min(len(best), max)]
		}
	}
	var names []string
	for _, c := range best {
		names = append(names, c.name)
	}
	return names
}

// Question returns `did you mean "a", "b" or "c"?` with up to three near names, or "" when none is near.
func Question(name string, known []string) string {
	names := Names(name, known, 3)
	if len(names) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("did you mean ")
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(n))
	}
	b.WriteByte('?')
	return b.String()
}

// distance tells how far known is from name, and whether that is near at all.
func distance(name, known string) (far int, ok bool) {
	if len(known) > 2*longest {
		return 0, false
	}
	n, k := lower(name), lower(known)
	far, ok = typing(n, k)
	if !strings.Contains(n, ".") {
		if i := strings.LastIndexByte(k, '.'); i >= 0 {
			// One edit further than the same match on a whole name.
			if f, o := typing(n, k[i+1:]); o && (!ok || f+1 < far) {
				far, ok = f+1, true
			}
		}
	}
	return far, ok
}

// lower is strings.ToLower for ASCII, which names are as a rule; that one would bring tables of all letters.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// typing compares two lower-case names: edits when they are few, else containment.
func typing(n, k string) (far int, ok bool) {
	a, b := []rune(n), []rune(k)
	// A third of the name may be wrong; more would suggest names that share nothing but their length.
	limit := max(1, len(a)/3)
	if d := len(a) - len(b); d <= limit && -d <= limit {
		if e := edits(a, b); e <= limit && e < max(len(a), len(b)) {
			return e, true
		}
	}
	// Two letters are contained in too much to mean anything.
	if len(a) >= 3 && len(b) >= 3 && (strings.Contains(k, n) || strings.Contains(n, k)) {
		return limit + 1, true
	}
	return 0, false
}

// edits is the optimal string alignment distance, kept in three rows.
func edits(a, b []rune) int {
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := prev[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, prev[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}
