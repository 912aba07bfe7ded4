package demo

import (
	"fmt"
	"io"
	"strings"

	"github.com/gkhi/gkhi/internal/cli/draw"
)

// A teller writes the words between the commands.
type teller struct {
	w     io.Writer
	style draw.Style
	parts int
	out   errWriter
}

// An errWriter remembers the first error.
type errWriter struct{ err error }

func (t *teller) print(line string) {
	if t.out.err == nil {
		_, t.out.err = fmt.Fprintln(t.w, line)
	}
}

// part begins a part.
func (t *teller) part(title string) {
	t.parts++
	t.print("")
	t.print(t.style.Title(fmt.Sprintf("%d. %s", t.parts, title)))
}

// say writes one line of narration.
func (t *teller) say(format string, args ...any) { t.print(fmt.Sprintf(format, args...)) }

// command shows a command as it would be typed.
func (t *teller) command(line string) { t.print(t.style.Faint("$ ") + t.style.Name(draw.Safe(line))) }

func (t *teller) lines(lines []string) {
	for _, l := range lines {
		t.print("  " + l)
	}
}

// shellLine writes arguments as one types them in a shell.
func shellLine(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if a == "" || strings.ContainsAny(a, " \t\"'`$&|;<>()*?[]{}\\~#!") {
			words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
