package top

import (
	"fmt"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// The least size that anything can be read in, in columns and rows.
const (
	leastColumns = 40
	leastRows    = 8
)

// render draws all on an empty canvas.
func (m *Model) render(c canvas, now time.Time) {
	columns, rows := c.Size()
	if columns < leastColumns || rows < leastRows {
		line(c, 0, span{fmt.Sprintf("%dx%d is too small: gkhi top", columns, rows), warn})
		line(c, 1, span{fmt.Sprintf("needs %dx%d; q quits", leastColumns, leastRows), warn})
		return
	}
	m.header(c, now)
	switch {
	case m.help:
		m.renderHelp(c)
	case m.detail != nil:
		m.renderDetail(c)
	default:
		m.renderTable(c)
	}
	m.footer(c, rows-1)
}

// header takes the first two rows.
func (m *Model) header(c canvas, now time.Time) {
	head := []span{{"gkhi top  ", faint}, {m.Label, title}}
	if !m.Started.IsZero() {
		head = append(head, span{"  up " + draw.Age(now.Sub(m.Started)), faint})
	}
	if !m.at.IsZero() {
		head = append(head, span{"  " + m.at.In(m.Zone).Format(time.TimeOnly), faint})
	}
	head = append(head, span{"  every " + m.Interval.String(), faint})
	if m.Cumulated {
		head = append(head, span{"  since armed", name})
	} else {
		head = append(head, span{"  last interval", faint})
	}
	if m.paused {
		head = append(head, span{"  PAUSED", warn})
	}
	line(c, 0, head...)

	hooks, functions := 0, 0
	for _, e := range m.entries {
		switch {
		case !e.armed:
		case e.hook.Kind == wire.KindFunction:
			functions++
		default:
			hooks++
		}
	}
	var armed []string
	if hooks > 0 {
		armed = append(armed, draw.Plural(hooks, "hook"))
	}
	if functions > 0 || m.Functions > 0 {
		armed = append(armed, fmt.Sprintf("%d of %s", functions, draw.Plural(max(m.Functions, functions), "function")))
	}
	if len(armed) == 0 {
		armed = []string{"nothing"}
	}
	second := []span{{strings.Join(armed, ", ") + " armed", plain}}
	if m.took > 0 {
		second = append(second, span{"  " + Rate(m.rate) + " calls/s", plain})
	}
	if m.untimed >= 1 {
		second = append(second, span{fmt.Sprintf("  %.0f %% too fast to time", m.untimed), warn})
	}
	if m.skipped > 0 {
		second = append(second, span{"  " + draw.Plural(m.skipped, "interval") + " skipped", warn})
	}
	if n := len(m.marks); n > 0 {
		second = append(second, span{fmt.Sprintf("  %d marked", n), good})
	}
	line(c, 1, second...)
}

// renderTable draws the table.
func (m *Model) renderTable(c canvas) {
	columns, rows := c.Size()
	y := 2
	switch {
	case m.filter != "":
		line(c, y, span{fmt.Sprintf("filter: %s  (%s; Esc shows all)", m.filter, draw.Plural(len(m.rows), "row")), name})
		y++
	case m.note != "":
		line(c, y, span{m.note + "; p arms others, l lists all", faint})
		y++
	}
	shown, width := fit(columns-2, m.Sort)
	m.titles(c, y, shown, width)
	y++
	m.page = max(rows-1-y, 1)
	at := m.selected()
	m.top = min(max(m.top, at-m.page+1), max(at, 0))
	m.top = max(min(m.top, len(m.rows)-m.page), 0)
	for i := m.top; i < len(m.rows) && i < m.top+m.page; i++ {
		m.row(c, y+i-m.top, m.rows[i], shown, width, i == at)
	}
	if len(m.rows) == 0 {
		line(c, y+1, span{"  nothing to show: " + m.why(), faint})
	}
}

// why says why there are no rows.
func (m *Model) why() string {
	switch {
	case m.filter != "":
		return "no name matches the filter"
	case !m.begun:
		return "arming …"
	}
	return "p arms what matches a pattern, l lists all functions"
}

func (m *Model) titles(c canvas, y int, shown []int, width int) {
	spans := []span{{"  ", title}}
	for n, i := range shown {
		col, st := Columns[i], title
		text := pad(col.Title, width, false)
		if col.width > 0 {
			text = pad(col.Title, col.width, true)
		}
		if n > 0 {
			spans = append(spans, span{" ", title})
		}
		if i == m.Sort {
			st = heading
			switch mark := m.direction(); {
			case col.width == 0:
				text = pad(col.Title+mark, width, false)
			case draw.Width(col.Title) < col.width:
				text = pad(mark+col.Title, col.width, true)
			}
		}
		spans = append(spans, span{text, st})
	}
	line(c, y, spans...)
}

// direction marks the column sorted by, where there is room.
func (m *Model) direction() string {
	if m.Reverse {
		return "▲"
	}
	return "▼"
}

func (m *Model) row(c canvas, y int, e *entry, shown []int, width int, at bool) {
	st, mark := plain, "  "
	if !e.armed {
		st, mark = faint, ". "
	}
	if m.marks[e.hook.Name] {
		mark = "* "
	}
	spans := []span{{mark, good}}
	f := m.figures(e)
	for n, i := range shown {
		col, cell := Columns[i], st
		if n > 0 {
			spans = append(spans, span{" ", st})
		}
		if col.width == 0 {
			if st == plain {
				cell = name
			}
			spans = append(spans, span{pad(draw.Name(draw.Safe(m.names.Of(e.hook.Name)), width), width, false), cell})
			continue
		}
		text := "-"
		if e.touched {
			text = col.cell(f)
		}
		spans = append(spans, span{pad(text, col.width, true), cell})
	}
	if at {
		for i := range spans {
			spans[i].st |= chosen
		}
	}
	line(c, y, spans...)
}

// footer takes the last row.
func (m *Model) footer(c canvas, y int) {
	switch {
	case m.ended != nil:
		line(c, y, span{m.ended.Error() + "; any key quits", bad})
	case m.input != nil:
		line(c, y, span{m.input.prompt, title}, span{string(m.input.text), plain}, span{"▏", good})
	case m.message != "" && m.bad:
		line(c, y, span{m.message, bad})
	case m.message != "":
		line(c, y, span{m.message, good})
	case m.detail != nil:
		line(c, y, span{hints(c, "Esc back", "q quit", "Enter the caller or callee", "t interval or all", "a arm", "d disarm", "space pause"), faint})
	default:
		line(c, y, span{hints(c, "? keys", "q quit", "Enter callers", "< > sort", "/ search", "f filter", "a arm", "d disarm", "l dormant too", "r reverse", "t interval or all", "space pause"), faint})
	}
}

// hints are as many as there is room for, the most important first.
func hints(c canvas, all ...string) string {
	columns, _ := c.Size()
	text := all[0]
	for _, h := range all[1:] {
		if longer := text + "  " + h; draw.Width(longer) <= columns {
			text = longer
		}
	}
	return text
}

const keys = `Move       up down  PgUp PgDn  Home End        (or k j g G)
Sort       < >  (or left right) another column    r  the other way round
Find       /  search as you type    n N  the next, the one before
           f  only names that have this, or match it as a pattern    Esc  all
Figures    t  of the last interval, or since functions were armed
           space  pause, and go on
Look into  Enter  callers, callees, latencies    Esc  back
Arm        a  arms the function at the cursor, or those marked    d  disarms
           m  marks one    M  all that are shown    u  none
           l  lists those that are not armed (.) too
           p  arms what matches patterns, and nothing else
Quit       q  or Ctrl-C: all is disarmed that top armed

CALLS/S  calls per second         TOTAL   time in calls, recursive ones once
TOTAL%   of all time measured     SELF    without calls of others measured
P50 …    how long a call takes    ~       told from a part of the calls`

func (m *Model) renderHelp(c canvas) {
	for i, l := range strings.Split(keys, "\n") {
		line(c, 3+i, span{l, plain})
	}
}
