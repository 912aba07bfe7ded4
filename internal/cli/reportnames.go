package cli

import (
	"github.com/gkhi/gkhi/internal/cli/draw"
	recordings "github.com/gkhi/gkhi/internal/report"
)

// besideName is what the lines of --calls and --timeline have beside a function's name, at least, in columns.
const besideName = 40

// shortenToFit begins to show short names when the terminal is too narrow for the names that are known. It is for lines that are no
// table; those of tables are made to fit, see draw.Table.
func (in *reportInput) shortenToFit() {
	width := in.width()
	if width == 0 || in.names != nil {
		return
	}
	for i := range in.r.Funcs {
		if draw.Width(draw.Safe(in.r.Funcs[i].Name))+besideName > width {
			in.names = draw.NewNames()
			return
		}
	}
}

// shown is how a name is shown. Functions that the recording has told of so far can be told apart by it.
func (in *reportInput) shown(full string) string {
	for ; in.told < len(in.r.Funcs); in.told++ {
		in.names.Add(in.r.Funcs[in.told].Name)
	}
	return in.names.Of(full)
}

func (in *reportInput) funcName(i int) string { return in.shown(in.r.Funcs[i].Name) }

// callerName is that of an edge's caller. One whose own calls were not recorded, but that stacks tell of, is marked.
func (in *reportInput) callerName(g *recordings.Graph, e recordings.Edge, style draw.Style) string {
	name, recorded := g.Caller(e)
	switch {
	case recorded:
		return draw.Safe(in.shown(name))
	case name == "":
		return notRecorded
	}
	return draw.Safe(in.shown(name)) + style.Faint(" "+notRecorded)
}

// notRecorded marks what only stacks tell of.
const notRecorded = "(not recorded)"
