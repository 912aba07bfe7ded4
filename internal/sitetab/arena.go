package sitetab

import "strings"

// arenaLen is how many elements, or bytes of text, an arena takes at once.
const arenaLen = 1 << 12

// An arena hands out pieces of a few large slices: a table has tens of thousands of lists of one element or two, and
// to allocate each alone takes longer than to read all of it.
type arena[T any] struct{ free []T }

// take returns a list of n elements. most is how many the table can have in all lists from here on, so that memory is in
// proportion to it.
func (a *arena[T]) take(n, most int) []T {
	if a.free == nil || n > len(a.free) {
		a.free = make([]T, max(n, min(arenaLen, most)))
	}
	list := a.free[:n:n]
	a.free = a.free[n:]
	return list
}

// A textArena is the same for names.
type textArena struct{ b strings.Builder }

// join returns a and b as one string.
func (t *textArena) join(a string, b []byte) string {
	n := len(a) + len(b)
	if t.b.Cap()-t.b.Len() < n { // growing would copy what is there already
		t.b = strings.Builder{}
		t.b.Grow(max(n, arenaLen))
	}
	from := t.b.Len()
	t.b.WriteString(a)
	t.b.Write(b)
	return t.b.String()[from:]
}
