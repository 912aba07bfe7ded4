package eventtext

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/gkhi/gkhi/internal/event"
)

// Write writes a recording as text. It writes what is there of one that was cut off or damaged; the error then is
// io.ErrUnexpectedEOF, or matches event.ErrDamaged or event.ErrFormat.
func Write(w io.Writer, recording io.Reader) error {
	s, err := event.NewScanner(recording)
	if err != nil {
		return err
	}
	p := &printer{w: bufio.NewWriterSize(w, 64<<10), s: s}
	for {
		c, err := s.Next()
		if err == nil || errors.Is(err, io.EOF) && c.Type == event.TypeIndex {
			fmt.Fprintf(p.w, "# %c at %d, %d bytes\n", c.Type, c.Offset, len(c.Raw))
		}
		if err == nil || errors.Is(err, event.ErrDamaged) {
			p.content(&c)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, p.w.Flush())
		}
	}
}

type printer struct {
	w *bufio.Writer // keeps its first error
	s *event.Scanner
	b []byte
}

func (p *printer) line(format string, args ...any) {
	fmt.Fprintf(p.w, format, args...)
	p.w.WriteByte('\n')
}

func (p *printer) content(c *event.Content) {
	s := p.s
	switch c.Type {
	case event.TypeMeta:
		raw, _ := json.Marshal(s.Meta)
		p.line("meta %s", raw)
	case event.TypeFuncs:
		for _, f := range s.Funcs[c.Funcs:] {
			p.line("func %q %q %q %d %s %s", f.Name, f.Package, f.File, f.Line, params(f.Params), params(f.Results))
		}
	case event.TypeSites:
		for _, site := range s.Sites[c.Sites:] {
			p.site(site)
		}
	case event.TypeHooks:
		for _, h := range s.Hooks[c.Hooks:] {
			p.line("hook %q", h)
		}
	case event.TypeFrames:
		for _, pc := range c.PCs {
			for _, f := range s.Frames[pc] {
				p.line("frame %#x %q %q %d", pc, f.Func, f.File, f.Line)
			}
		}
	case event.TypeStacks:
		for _, pcs := range s.Stacks[c.Stacks:] {
			p.w.WriteString("stack")
			for _, pc := range pcs {
				fmt.Fprintf(p.w, " %#x", pc)
			}
			p.w.WriteByte('\n')
		}
	case event.TypeEvents:
		for i := range c.Events {
			p.event(&c.Events[i])
		}
		p.line("close %d", c.Thread)
	case event.TypeHits:
		for _, h := range c.Hits {
			p.line("hit %d g %d hook %d %s", h.Ticks, h.G, h.Hook, quoteUnlessJSON(h.Fields))
		}
	case event.TypeGap:
		p.line("gap %d", c.Gap)
	case event.TypeCounts:
		for _, n := range c.Counts {
			p.line("count %d %d", n.Func, n.Calls)
		}
	case event.TypeWatermark:
		w := c.Watermark
		p.line("watermark %d ticks %d mono %d wall %d lost %d", w.Until, w.Ticks, w.Mono, w.Wall, w.Lost)
	}
}

func params(ps []event.Param) string {
	b := []byte{'('}
	for i, p := range ps {
		if i > 0 {
			b = append(b, ' ')
		}
		b = fmt.Appendf(b, "%s %s %d", strconv.Quote(p.Name), strconv.Quote(p.Type), p.Kind)
	}
	return string(append(b, ')'))
}

func (p *printer) site(s event.Site) {
	kind := "entry"
	if s.Return {
		kind = "return"
	}
	fmt.Fprintf(p.w, "site %d %s %d", s.Func, kind, s.Line)
	if s.InRange {
		p.w.WriteString(" range")
	}
	if len(s.Words) > 0 {
		p.w.WriteString(" words")
		for _, w := range s.Words {
			fmt.Fprintf(p.w, " %d.%d", w.Param, w.Part)
		}
	}
	p.w.WriteByte('\n')
}

func (p *printer) event(ev *event.Event) {
	b := append(p.b[:0], "event "...)
	b = strconv.AppendUint(b, ev.Ticks, 10)
	b = strconv.AppendInt(append(b, " thread "...), int64(ev.Thread), 10)
	b = strconv.AppendUint(append(b, " g "...), ev.G, 10)
	b = strconv.AppendInt(append(b, " site "...), int64(ev.Site), 10)
	if ev.CPU >= 0 {
		b = strconv.AppendInt(append(b, " cpu "...), int64(ev.CPU), 10)
	}
	b = strconv.AppendUint(append(b, " sp "...), uint64(ev.SP), 10)
	b = strconv.AppendUint(append(b, " bp "...), uint64(ev.BP), 10)
	if ev.Gap {
		b = append(b, " gap"...)
	}
	if len(ev.Words) > 0 {
		b = append(b, " words"...)
		for _, w := range ev.Words {
			b = strconv.AppendUint(append(b, " 0x"...), w, 16)
		}
	}
	if ev.Stack >= 0 {
		b = strconv.AppendInt(append(b, " stack "...), int64(ev.Stack), 10)
	}
	site := &p.s.Sites[ev.Site]
	arrow := "  # > "
	if site.Return {
		arrow = "  # < "
	}
	b = strconv.AppendQuote(append(b, arrow...), p.s.Funcs[site.Func].Name)
	p.b = append(b, '\n')
	p.w.Write(p.b)
}

// quoteUnlessJSON returns fields as they are where they can stand on a line, else as a string.
func quoteUnlessJSON(fields []byte) string {
	if json.Valid(fields) && len(fields) > 0 && fields[0] == '{' && strconv.CanBackquote(string(fields)) {
		return string(fields)
	}
	return strconv.Quote(string(fields))
}
