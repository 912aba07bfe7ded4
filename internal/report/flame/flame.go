package flame

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gkhi/gkhi/internal/report"
)

// The picture's measures in pixels.
const (
	width   = 1200
	margin  = 10
	row     = 18
	head    = 54
	foot    = 12
	least   = 0.8 // of a frame
	letter  = 6.7 // of the text in frames
	maxDeep = 256
	maxNode = 20000
)

// Write draws a finished tree. The subtitle says what was recorded, in a line.
func Write(w io.Writer, t *report.Tree, title, subtitle string) error {
	p := &picture{out: bufio.NewWriter(w), tree: t, chosen: t.Largest(maxNode), colors: newColors(t)} // out keeps its first error
	p.scale = float64(width-2*margin) / float64(max(t.Nodes[0].Total, 1))
	p.deepest(0, 0)
	p.height = head + (p.deep+1)*row + foot
	p.printf(`<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="11">
<title>%s</title>
<style>.t{font:600 16px system-ui,'DejaVu Sans',sans-serif;fill:#1c1e21}.s{font:12px system-ui,'DejaVu Sans',sans-serif;fill:#646a73}text{fill:#16181b;pointer-events:none}g:hover rect{stroke:#16181b}</style>
<rect width="100%%" height="100%%" fill="#fff"/>
<text class="t" x="%d" y="24">%s</text>
<text class="s" x="%[4]d" y="42">%[6]s</text>
`, width, p.height, escape(title), margin, escape(title), escape(p.subtitle(subtitle)))
	if t.Nodes[0].Total > 0 {
		p.frame(0, 0, margin)
	} else {
		p.printf("<text class=\"s\" x=\"%d\" y=\"%d\">No call has a time.</text>\n", margin, head+12)
	}
	p.printf("</svg>\n")
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("writing the flame graph: %w", err)
	}
	return nil
}

type picture struct {
	out    *bufio.Writer
	tree   *report.Tree
	chosen []bool
	colors *colors
	scale  float64 // pixels a ns
	deep   int     // of the innermost frame that is drawn
	cut    bool    // some are too deep
	height int
}

func (p *picture) printf(format string, args ...any) { fmt.Fprintf(p.out, format, args...) }

// shown reports whether a node is drawn, and those in it looked at.
func (p *picture) shown(at, depth int) bool {
	if float64(p.tree.Nodes[at].Total)*p.scale < least || !p.chosen[at] {
		return false
	}
	p.cut = p.cut || depth >= maxDeep
	return depth < maxDeep
}

func (p *picture) deepest(at, depth int) {
	if !p.shown(at, depth) {
		return
	}
	p.deep = max(p.deep, depth)
	for _, k := range p.tree.Nodes[at].Children {
		p.deepest(k, depth+1)
	}
}

func (p *picture) subtitle(s string) string {
	if p.tree.Folded > 0 {
		s += fmt.Sprintf(" · %d calls of rare contexts are in %s", p.tree.Folded, report.Other)
	}
	if p.cut {
		s += fmt.Sprintf(" · calls more than %d deep are left out", maxDeep)
	}
	return s
}

// frame draws a node and those in it.
func (p *picture) frame(at, depth int, x float64) {
	if !p.shown(at, depth) {
		return
	}
	n := &p.tree.Nodes[at]
	w, y := float64(n.Total)*p.scale, p.height-foot-(depth+1)*row
	p.printf(`<g><title>%s</title><rect x="%s" y="%d" width="%s" height="%d" rx="1" fill="%s"/>`,
		escape(p.tip(at)), pixels(x), y, pixels(max(w-0.5, 0.3)), row-1, p.colors.of(at))
	if label := fit(short(n.Name), w-6); label != "" {
		p.printf(`<text x="%s" y="%d">%s</text>`, pixels(x+3), y+12, escape(label))
	}
	p.printf("</g>\n")
	for _, k := range n.Children {
		p.frame(k, depth+1, x)
		x += float64(p.tree.Nodes[k].Total) * p.scale
	}
}

// tip is what a frame's tooltip says.
func (p *picture) tip(at int) string {
	n := &p.tree.Nodes[at]
	s := fmt.Sprintf("%s\ntotal %v (%.3g %%)\nself %v", n.Name, duration(n.Total), 100*float64(n.Total)/float64(p.tree.Nodes[0].Total), duration(n.Own))
	if n.Calls > 0 {
		s += fmt.Sprintf("\n%d calls, %v each", n.Calls, duration(n.Total/int64(n.Calls)))
	}
	return s
}

// duration rounds to three digits or so.
func duration(ns int64) time.Duration {
	d := time.Duration(ns)
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit || unit >= time.Second {
			return d.Round(unit)
		}
	}
}

// pixels writes a length to a hundredth.
func pixels(x float64) string {
	return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64)
}

// short drops the folders of the import path.
func short(name string) string {
	path, _, _ := strings.Cut(name, "[")
	return name[strings.LastIndexByte(path, '/')+1:]
}

// fit cuts a name to a width.
func fit(name string, w float64) string {
	n := int(w / letter)
	if utf8.RuneCountInString(name) <= n {
		return name
	}
	if n < 3 {
		return ""
	}
	return string([]rune(name)[:n-1]) + "…"
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // of a Builder it does not fail
	return b.String()
}
