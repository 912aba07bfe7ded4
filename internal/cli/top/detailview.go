package top

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// A pageLine is a line of a page; edge is the number of the caller or callee that a line is about, or -1.
type pageLine struct {
	spans []span
	edge  int
}

// renderDetail draws the page of a function.
func (m *Model) renderDetail(c canvas) {
	columns, rows := c.Size()
	d, e := m.detail, m.entry(m.detail.name)
	page := m.detailPage(e, columns)
	const y = 3
	m.page = max(rows-1-y, 1)
	for i, l := range page {
		if d.follow && l.edge == d.cursor {
			d.top = min(max(d.top, i-m.page+1), i)
		}
	}
	d.top = max(min(d.top, len(page)-m.page), 0)
	for i := range min(m.page, len(page)-d.top) {
		l := page[d.top+i]
		if l.edge == d.cursor {
			for j := range l.spans {
				l.spans[j].st |= chosen
			}
		}
		line(c, y+i, l.spans...)
	}
}

// detailPage lays out the page.
func (m *Model) detailPage(e *entry, columns int) (page []pageLine) {
	add := func(spans ...span) { page = append(page, pageLine{spans, -1}) }
	for _, part := range wrap(draw.Safe(e.hook.Name), columns) {
		add(span{part, name})
	}
	state := []span{{e.hook.Kind + ", ", plain}, {"armed", good}}
	if !e.armed {
		state[1] = span{"not armed: a arms it", warn}
	}
	if e.hook.Declared != "" {
		state = append(state, span{"  " + e.hook.Declared, plain})
	}
	add(state...)
	if e.hook.Doc != "" {
		add(span{e.hook.Doc, plain})
	}
	add()
	add(span{pad("", 14, false), title}, span{figureTitles(), title})
	add(span{pad("last interval", 14, false), faint}, span{figureLine(&e.last), plain})
	add(span{pad("since armed", 14, false), faint}, span{figureLine(&e.always), plain})
	if e.hook.Kind == wire.KindFunction {
		page = append(page, m.graphLines(columns)...)
	}
	f := m.figures(e)
	if f.timed() {
		add()
		when := "last interval"
		if m.Cumulated {
			when = "since armed"
		}
		add(span{"LATENCY, " + when, title})
		for _, l := range draw.Histogram(*f.Latency, columns, draw.Style{}) {
			add(span{l, bar})
		}
	}
	return page
}

// graphLines are the callers and callees.
func (m *Model) graphLines(columns int) (page []pageLine) {
	d := m.detail
	add := func(edge int, spans ...span) { page = append(page, pageLine{spans, edge}) }
	add(-1)
	if d.err != nil {
		add(-1, span{"callers and callees: " + d.err.Error(), warn})
		return page
	}
	g := d.graph
	if g.Seen == 0 {
		add(-1, span{"callers and callees: looking …", faint})
		return page
	}
	edges, callers := d.edges()
	width := max(columns-4*9-2, 8)
	heads := func(text, part string) {
		add(-1, span{"  " + pad(text, width, false), title}, span{numbers("CALLS/S", part, "TOTAL%", "MEAN"), title})
	}
	edge := func(i int, part string, of time.Duration) {
		e := edges[i]
		n := draw.Name(draw.Safe(m.names.Of(e.Name)), width)
		if e.Name == "" {
			n = "(nothing that is armed)"
		}
		add(i, span{"  " + pad(n, width, false), name}, span{numbers(
			Rate(float64(e.Calls)/g.Seen.Seconds()), part,
			percent(float64(e.Took), float64(of)), draw.Duration(int64(e.Took)/int64(max(e.Calls, 1)))), plain})
	}
	more := func(all, shown int) {
		if all > shown {
			add(-1, span{fmt.Sprintf("  and %d more", all-shown), faint})
		}
	}
	heads("CALLED BY", "CALLS%")
	for i := range callers {
		edge(i, percent(float64(edges[i].Calls), float64(g.Calls)), took(g.Callers))
	}
	if callers == 0 {
		add(-1, span{"  no call has returned yet", faint})
	}
	more(len(g.Callers), callers)
	add(-1)
	heads("CALLS", "PER CALL")
	if g.Calls > 0 {
		add(-1, span{"  " + pad("(itself)", width, false), plain}, span{numbers("", "", percent(float64(g.Self), float64(g.Took)),
			draw.Duration(int64(g.Self)/int64(g.Calls))), plain})
	}
	for i := callers; i < len(edges); i++ {
		each := "-"
		if g.Calls > 0 {
			each = draw.Rate(float64(edges[i].Calls) / float64(g.Calls))
		}
		edge(i, each, g.Took)
	}
	more(len(g.Callees), len(edges)-callers)
	if g.Lost > 0 {
		add(-1, span{fmt.Sprintf("  %s lost: what is above is of the calls seen whole", draw.Plural(g.Lost, "event")), warn})
	}
	return page
}

// numbers lays out the figures of an edge.
func numbers(cells ...string) string {
	text := ""
	for _, c := range cells {
		text += " " + pad(c, 8, true)
	}
	return text
}

func percent(part, whole float64) string {
	if whole <= 0 {
		return "-"
	}
	return strconv.FormatFloat(100*part/whole, 'f', 1, 64)
}

func figureTitles() (text string) {
	for _, c := range Columns {
		if c.width > 0 {
			text += " " + pad(c.Title, c.width, true)
		}
	}
	return text
}

func figureLine(f *Figures) (text string) {
	for _, c := range Columns {
		if c.width > 0 {
			text += " " + pad(c.cell(f), c.width, true)
		}
	}
	return text
}

// wrap cuts text into lines.
func wrap(text string, width int) (lines []string) {
	for draw.Width(text) > width {
		n := 0
		for i := range text {
			if draw.Width(text[:i]) > width {
				break
			}
			n = i
		}
		lines = append(lines, text[:n])
		text = text[n:]
	}
	return append(lines, text)
}
