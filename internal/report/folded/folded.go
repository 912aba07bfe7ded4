// Package folded writes the form that flamegraph.pl, inferno and speedscope read: a line for each path of
// calls, its functions outermost first with semicolons between, and the nanoseconds that the last one took itself.
package folded

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/report"
)

// Write writes a finished tree. Paths without time of their own are left out.
func Write(w io.Writer, t *report.Tree) error {
	out := bufio.NewWriter(w) // keeps its first error
	var path []string
	var walk func(node int)
	walk = func(node int) {
		n := &t.Nodes[node]
		if node > 0 {
			path = append(path, name(n.Name))
		}
		if n.Own > 0 {
			for i, p := range path {
				if i > 0 {
					out.WriteByte(';')
				}
				out.WriteString(p)
			}
			out.WriteByte(' ')
			out.WriteString(strconv.FormatInt(n.Own, 10))
			out.WriteByte('\n')
		}
		for _, c := range n.Children {
			walk(c)
		}
		if node > 0 {
			path = path[:len(path)-1]
		}
	}
	walk(0)
	return out.Flush()
}

// name takes what means something in the format out of a name.
func name(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ';':
			return ':'
		case r <= ' ':
			return '_'
		}
		return r
	}, s)
}
