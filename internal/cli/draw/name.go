package draw

import "strings"

// Name shortens the full name of a function, or any other, to at most width columns: first in the middle of its
// package's path, then all of the path, then from the front of what is left, whose end tells most.
//
//	github.com/nats-io/nats-server/v2/server.(*client).parse
//	github.com/…/server.(*client).parse
//	…/server.(*client).parse
//	server.(*client).parse
//	…(*client).parse
func Name(name string, width int) string {
	if Width(name) <= width {
		return name
	}
	// Type arguments have slashes of their own.
	head, _, _ := strings.Cut(name, "[")
	if last := strings.LastIndexByte(head, '/'); last >= 0 {
		first, _, _ := strings.Cut(head, "/")
		for _, short := range []string{first + "/…" + name[last:], "…" + name[last:]} {
			if Width(short) <= width {
				return short
			}
		}
		name = name[last+1:]
	}
	w := 0
	rs := []rune(name)
	for i := len(rs) - 1; i >= 0; i-- {
		if w+runeWidth(rs[i]) > width-1 {
			if width < 1 {
				return ""
			}
			return "…" + string(rs[i+1:])
		}
		w += runeWidth(rs[i])
	}
	return name
}
