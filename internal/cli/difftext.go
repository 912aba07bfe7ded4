package cli

import (
	"math"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/cli/draw"
	recordings "github.com/gkhi/gkhi/internal/report"
)

func (e *env) diffTable(cs []recordings.Change, order string, names *draw.Names) error {
	if len(cs) == 0 {
		return nil
	}
	style := e.style()
	growth := func(cell string) string {
		switch text := strings.TrimSpace(cell); {
		case text == "new" || strings.HasPrefix(text, "×") && !strings.HasPrefix(text, "×0.") && text != "×1":
			return style.Bad(cell)
		case text != "" && text != "×1":
			return style.Good(cell)
		}
		return cell
	}
	t := &draw.Table{Title: style.Title, Columns: []draw.Column{{Title: "FUNCTION", Style: style.Name, Names: true}}}
	columns := e.diffColumns(order)
	for _, col := range columns {
		t.Columns = append(t.Columns, draw.Column{Title: col.title, Right: true}, draw.Column{Style: growth, Right: true})
	}
	for i := range cs {
		c := &cs[i]
		cells := []string{names.Of(c.Name)}
		for _, col := range columns {
			both := col.both(c)
			cells = append(cells, side(c.A, both[0], col)+" → "+side(c.B, both[1], col), factor(c, both))
		}
		t.Row(cells...)
	}
	return e.lines(t.Lines(e.columns()))
}

// A diffColumn is one figure of both recordings.
type diffColumn struct {
	title  string
	both   func(*recordings.Change) [2]float64
	write  func(float64) string
	scaled bool // it may be told from a part of the calls
	rank   int  // the lower, the longer it stays where there is little room; 0: it is only there when rows are in its order
}

// diffColumnOf has the columns by what they are ordered by.
var diffColumnOf = map[string]diffColumn{
	"calls": {"CALLS", func(c *recordings.Change) [2]float64 { return c.Calls }, amount, false, 3},
	"self":  {"SELF", func(c *recordings.Change) [2]float64 { return c.Self }, duration, true, 4},
	"total": {"TOTAL", func(c *recordings.Change) [2]float64 { return c.Total }, duration, true, 2},
	"mean":  {"MEAN", (*recordings.Change).Mean, duration, false, 0},
	"p50":   {"P50", func(c *recordings.Change) [2]float64 { return c.Quantile(0.5) }, duration, false, 1},
	"p99":   {"P99", func(c *recordings.Change) [2]float64 { return c.Quantile(0.99) }, duration, false, 0},
	"max":   {"MAX", (*recordings.Change).Max, duration, false, 5},
}

// diffColumns are those that fit beside names that can still be read: a narrow terminal gets fewer.
// The one that rows are in the order of is always among them.
func (e *env) diffColumns(order string) (shown []diffColumn) {
	const name, column = 30, 26
	room := len(diffColumnOf)
	if width := e.columns(); width > 0 {
		room = max((width-name)/column, 1)
	}
	if _, ok := diffColumnOf[order]; ok {
		room--
	}
	for _, key := range []string{"calls", "self", "total", "mean", "p50", "p99", "max"} {
		col := diffColumnOf[key]
		before := 0 // columns that have more right to be there
		for k, c := range diffColumnOf {
			if k != order && c.rank > 0 && c.rank < col.rank {
				before++
			}
		}
		if key == order || col.rank > 0 && before < room {
			shown = append(shown, col)
		}
	}
	return shown
}

// side writes a figure of one recording.
func side(f *recordings.Func, v float64, col diffColumn) string {
	switch {
	case f == nil:
		return "-"
	case col.scaled && f.Scaled:
		return "~" + col.write(v)
	}
	return col.write(v)
}

func duration(ns float64) string { return draw.Duration(int64(math.Round(ns))) }

// amount writes a number of calls, or of calls per second.
func amount(n float64) string {
	if n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return draw.Rate(n)
}

// factor writes by how much something grew.
func factor(c *recordings.Change, both [2]float64) string {
	switch r, ok := ratio(both); {
	case c.A == nil:
		return "new"
	case c.B == nil:
		return "gone"
	case !ok:
		return ""
	case r >= 0.995 && r < 1.005:
		return "×1"
	default:
		prec := 2
		if r >= 99.5 {
			prec = 0
		}
		return "×" + strconv.FormatFloat(r, 'f', prec, 64)
	}
}

func ratio(both [2]float64) (float64, bool) {
	if both[0] == 0 {
		return 1, both[1] == 0
	}
	return both[1] / both[0], true
}
