package draw

import (
	"fmt"
	"io"
	"strings"
)

// A Screen shows lines on a terminal and replaces them in place. It uses only what every terminal has understood since
// the VT100. It is not safe for concurrent use.
type Screen struct {
	w     io.Writer
	size  func() (columns, rows int)
	shown int // lines above the cursor that are ours
}

// NewScreen returns a Screen on w, whose size is asked for at every Draw, so that it may change.
func NewScreen(w io.Writer, size func() (columns, rows int)) *Screen {
	return &Screen{w: w, size: size}
}

// Columns returns the terminal's width now.
func (s *Screen) Columns() int {
	c, _ := s.size()
	return c
}

// Draw replaces the lines shown before. Lines have to fit into Columns. Those that don't fit into the terminal's height are left out, with a
// last line that says so, since what has scrolled away can't be replaced.
func (s *Screen) Draw(lines []string) error {
	_, rows := s.size()
	if fit := rows - 1; len(lines) > fit && fit > 0 {
		lines = append(lines[:fit-1:fit-1], "…")
	}
	return s.draw(lines)
}

// Final replaces the lines shown before by lines that stay, however many they are.
func (s *Screen) Final(lines []string) error {
	err := s.draw(lines)
	s.shown = 0
	return err
}

func (s *Screen) draw(lines []string) error {
	var b strings.Builder
	if s.shown > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA", s.shown) // up
	}
	for _, line := range lines {
		b.WriteString(line)
		b.WriteString("\x1b[K\n") // clear what is right of it
	}
	b.WriteString("\x1b[J") // and below
	s.shown = len(lines)
	_, err := io.WriteString(s.w, b.String()) // one write, or it flickers
	return err
}
