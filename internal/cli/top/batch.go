package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/cli/meter"
)

// Order says which rows are printed, and how they are sorted.
type Order struct {
	Column  int // index of Columns
	Reverse bool
	Most    int // rows; 0: all
}

func (o Order) compare(a, b *Figures) int {
	c := Columns[o.Column].compare(a, b)
	if o.Reverse {
		c = -c
	}
	return cmp.Or(c, strings.Compare(a.Name, b.Name))
}

// Lines prints what is in a book as lines: a head, and a table of what was called in the last interval or, cumulated,
// ever. It is what gkhi top prints where there is no terminal.
func (b *Book) Lines(label string, zone *time.Location, cumulated bool, o Order, names *draw.Names, style draw.Style) []string {
	rows := slices.DeleteFunc(b.figures(cumulated), func(f Figures) bool { return f.Rate == 0 })
	var rate float64
	for _, f := range rows {
		rate += f.Rate
	}
	head := fmt.Sprintf("%s  %s  %d armed, %d called, %s calls/s", label, b.At().In(zone).Format(time.TimeOnly), len(b.armed), len(rows), Rate(rate))
	if cumulated {
		head += ", since armed"
	}
	if b.untimed >= 1 {
		head += fmt.Sprintf(", %.0f %% too fast to time", b.untimed)
	}
	slices.SortFunc(rows, func(x, y Figures) int { return o.compare(&x, &y) })
	if o.Most > 0 {
		rows = rows[:min(len(rows), o.Most)]
	}
	t := draw.Table{Title: style.Title}
	for _, c := range Columns {
		t.Columns = append(t.Columns, draw.Column{Title: c.Title, Right: c.width > 0})
	}
	for i := range rows {
		rows[i].Name = names.Of(rows[i].Name)
		var cells []string
		for _, c := range Columns {
			cells = append(cells, c.cell(&rows[i]))
		}
		t.Row(cells...)
	}
	return append([]string{draw.Safe(head)}, t.Lines(0)...)
}

// Sort sorts the rows of a report as Lines does.
func (o Order) Sort(r *meter.Report) {
	var all time.Duration
	for _, w := range r.Rows {
		all += w.Self
	}
	slices.SortFunc(r.Rows, func(x, y meter.Row) int {
		a, b := figures(x, r.Took, all), figures(y, r.Took, all)
		return o.compare(&a, &b)
	})
	if o.Most > 0 {
		r.Rows = r.Rows[:min(len(r.Rows), o.Most)]
	}
}
