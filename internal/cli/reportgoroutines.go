package cli

import (
	"fmt"
	"io"
	"strconv"

	"github.com/gkhi/gkhi/internal/cli/draw"
	recordings "github.com/gkhi/gkhi/internal/report"
)

// goroutinesText writes a line for each function that goroutines run, and then one for each goroutine.
func (in *reportInput) goroutinesText(w io.Writer) error {
	gs := recordings.NewGoroutines(in.r)
	out := in.walk(gs.Visitor())
	all := gs.All()
	if len(all) == 0 {
		return nil
	}
	lines := append(in.kindTable(recordings.Kinds(all)).Lines(in.width()), "")
	return in.lines(w, append(lines, in.goroutineTable(all, out.Start).Lines(in.width())...))
}

// columns makes a table of numbers under titles, and functions in the last column.
func (in *reportInput) columns(titles ...string) *draw.Table {
	style := in.style()
	t := &draw.Table{Title: style.Title}
	for _, title := range titles {
		t.Columns = append(t.Columns, draw.Column{Title: title, Right: true})
	}
	t.Columns = append(t.Columns, draw.Column{Title: "FUNCTION", Style: style.Name, Names: true})
	return t
}

func (in *reportInput) kindTable(ks []recordings.Kind) *draw.Table {
	t := in.columns("GOROUTINES", "CALLS", "HITS", "BUSY")
	for i, k := range ks {
		if in.o.top > 0 && uint64(i) >= in.o.top {
			break
		}
		t.Row(strconv.Itoa(k.Goroutines), fmt.Sprint(k.Calls), fmt.Sprint(k.Hits), draw.Duration(k.Busy), in.runs(k.Function, k.Recorded))
	}
	return t
}

func (in *reportInput) goroutineTable(all []recordings.Goroutine, start int64) *draw.Table {
	t := in.columns("G", "CALLS", "HITS", "BUSY", "FIRST", "LAST")
	for i, g := range all {
		if in.o.top > 0 && uint64(i) >= in.o.top {
			break
		}
		name := strconv.FormatUint(g.G, 10)
		if g.Others > 0 {
			name = recordings.Other
		}
		r := g.Row(start)
		t.Row(name, fmt.Sprint(g.Calls), fmt.Sprint(g.Hits), draw.Duration(g.Busy), seconds(r.FirstNS), seconds(r.LastNS), in.runs(g.Function, g.Recorded))
	}
	return t
}

// runs says what a goroutine runs.
func (in *reportInput) runs(function string, recorded bool) string {
	switch {
	case function == "" || function == recordings.Other:
		return cmpOr(function, "-")
	case !recorded:
		return in.shown(function) + " " + notRecorded
	}
	return in.shown(function)
}

// seconds writes a moment, counted from the start.
func seconds(ns int64) string { return strconv.FormatFloat(float64(ns)/1e9, 'f', 6, 64) }
