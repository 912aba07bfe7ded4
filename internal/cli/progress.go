package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
)

// progressAfter is how long work takes before its progress is shown.
const progressAfter = time.Second

// A progressReader passes a file on, and shows on a terminal how far it is and how long it will take. It ends with the
// context's cause when that ends.
type progressReader struct {
	ctx    context.Context
	e      *env
	file   io.Reader
	name   string
	size   int64 // not above 0 where it is not known, as of a pipe: then nothing is shown
	read   int64
	began  time.Time
	shown  time.Time
	screen *draw.Screen // nil where nothing is to be shown
	drawn  bool
}

// progress returns a reader of a file. The bar is on standard error, where that is a terminal.
func (e *env) progress(ctx context.Context, file io.Reader, name string, size int64, bar bool) io.Reader {
	p := &progressReader{ctx: ctx, e: e, file: file, name: name, size: size}
	if columns, rows, ok := e.errTerminal(); ok && bar && p.size > 0 {
		p.screen = draw.NewScreen(e.err, func() (int, int) { return columns, rows })
		p.began = e.now()
		p.shown = p.began.Add(progressAfter - progressEvery)
	}
	return p
}

func (p *progressReader) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		p.clear()
		return 0, context.Cause(p.ctx)
	}
	n, err := p.file.Read(b)
	p.read += int64(n)
	switch {
	case p.screen == nil:
	case err != nil || p.read >= p.size:
		p.clear()
	default:
		p.show()
	}
	return n, err
}

// clear takes the bar away.
func (p *progressReader) clear() {
	if p.screen != nil && p.drawn {
		p.screen.Draw(nil) //nolint:errcheck // it is only progress
	}
	p.screen = nil
}

// show draws the bar, four times a second.
func (p *progressReader) show() {
	now := p.e.now()
	if now.Sub(p.shown) < progressEvery {
		return
	}
	p.shown, p.drawn = now, true
	done := float64(p.read) / float64(p.size)
	left := time.Duration(float64(now.Sub(p.began)) * (1 - done) / done)
	text := fmt.Sprintf("%3.0f %%  %s left", 100*done, draw.Age(left))
	width := min(p.screen.Columns()-draw.Width(p.name)-draw.Width(text)-5, 40)
	bar := ""
	if width > 4 {
		full := int(done * float64(width))
		bar = "  " + strings.Repeat("█", full) + strings.Repeat("░", width-full)
	}
	p.screen.Draw([]string{draw.Safe(p.name) + bar + "  " + text}) //nolint:errcheck // as above
}
