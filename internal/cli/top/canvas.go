package top

import "github.com/gkhi/gkhi/internal/cli/draw"

// A canvas is cells to write text into.
type canvas interface {
	Size() (columns, rows int)
	put(x, y int, text string, st style) // text is safe and fits
}

// A style says what a text is; the canvas knows how that looks.
type style uint8

const (
	plain style = iota
	title
	faint
	name
	good
	warn
	bad
	bar
	heading // of the column sorted by

	chosen style = 0x80 // the row at the cursor, besides
)

// A span is text in one style.
type span struct {
	text string
	st   style
}

// line puts spans side by side, made safe and cut at the right edge.
func line(c canvas, y int, spans ...span) {
	width, rows := c.Size()
	if y < 0 || y >= rows {
		return
	}
	x := 0
	for _, s := range spans {
		text := draw.Cut(draw.Safe(s.text), width-x)
		if text == "" {
			continue
		}
		c.put(x, y, text, s.st)
		x += draw.Width(text)
	}
}

// pad fills text with spaces, or shortens it, to width columns.
func pad(text string, width int, right bool) string {
	text = draw.Cut(draw.Safe(text), width)
	fill := ""
	for range width - draw.Width(text) {
		fill += " "
	}
	if right {
		return fill + text
	}
	return text + fill
}
