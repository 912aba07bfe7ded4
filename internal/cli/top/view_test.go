package top

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt from what is drawn")

// newScreen returns a screen that nobody sees.
func newScreen(t *testing.T, columns, rows int) tcell.SimulationScreen {
	t.Helper()
	s := tcell.NewSimulationScreen("")
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	s.SetSize(columns, rows)
	return s
}

// text returns what is on a screen, without the spaces at the ends of lines.
func text(s tcell.SimulationScreen) string {
	cells, width, height := s.GetContents()
	var b strings.Builder
	for y := range height {
		var line strings.Builder
		for x := range width {
			line.WriteString(string(cells[y*width+x].Runes))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// styles returns a letter for each cell that isn't plain.
func styles(s tcell.SimulationScreen) string {
	cells, width, height := s.GetContents()
	var b strings.Builder
	for y := range height {
		var line strings.Builder
		for x := range width {
			fg, bg, attr := cells[y*width+x].Style.Decompose()
			letter := byte(' ')
			switch {
			case bg != tcell.ColorDefault:
				letter = '!' // we don't choose backgrounds: users have adapted theirs
			case attr&tcell.AttrReverse != 0:
				letter = 'r'
			case attr&tcell.AttrUnderline != 0:
				letter = 'u'
			case attr&tcell.AttrDim != 0:
				letter = 'd'
			case attr&tcell.AttrBold != 0:
				letter = 'b'
			case fg != tcell.ColorDefault:
				letter = 'c'
			}
			line.WriteByte(letter)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// TestScreens compares screens with testdata. Rewrite it with -update, and look at the difference.
func TestScreens(t *testing.T) {
	for _, tt := range []struct {
		name          string
		columns, rows int
		keys          string
		change        func(*Model)
		styles        bool
		mono          bool
	}{
		{name: "table", columns: 100, rows: 14},
		{name: "table80", columns: 80, rows: 12, keys: "<down>"},
		{name: "narrow", columns: 40, rows: 8},
		{name: "tiny", columns: 28, rows: 5},
		{name: "long", columns: 100, rows: 8, keys: "l<end>"},
		{name: "help", columns: 80, rows: 24, keys: "?"},
		{name: "search", columns: 100, rows: 12, keys: "/han"},
		{name: "filter", columns: 100, rows: 12, keys: "fmain<enter>m", styles: true},
		{name: "nothing", columns: 80, rows: 8, keys: "fzzz<enter>"},
		{name: "mono", columns: 100, rows: 12, keys: "<down>", styles: true, mono: true},
		{name: "dormant", columns: 100, rows: 14, keys: "l<down>", styles: true, change: func(m *Model) {
			m.Handle(Listed{Hooks: newFake().hooks, All: true})
			m.Handle(Armed{At: began.Add(2 * time.Second), Names: []string{"main.(*store).Put"}})
		}},
		{name: "cumulated", columns: 100, rows: 12, keys: "t <lt>r"},
		{name: "failure", columns: 80, rows: 12, change: func(m *Model) { m.Handle(Note{errors.New("no hook matches x")}) }},
		{name: "ended", columns: 80, rows: 12, change: func(m *Model) { m.Handle(Ended{errors.New("the process has ended")}) }, styles: true},
		{name: "looking", columns: 100, rows: 20, keys: "<enter>"},
		{name: "detail", columns: 100, rows: 32, keys: "<enter><down>", change: func(m *Model) { m.Handle(sampleEdges(5)) }, styles: true},
		{name: "detail80", columns: 60, rows: 16, keys: "<enter><pgdn><pgdn>", change: func(m *Model) { m.Handle(sampleEdges(30)) }},
		{name: "refused", columns: 80, rows: 18, keys: "<enter>", change: func(m *Model) {
			m.Handle(Edges{Name: "main.(*store).Put", Err: errors.New("no function has a site that can be patched")})
		}},
		{name: "hook", columns: 80, rows: 14, keys: "fcommit<enter><enter>"},
		{name: "evil", columns: 80, rows: 10, keys: "fevil<enter>", change: func(m *Model) {
			m.Handle(Armed{At: began.Add(2 * time.Second), Names: []string{"evil.\x1b]0;pwned\x07\nhook\u202e"}})
			m.say("%s", "\x1b[2Jgone")
		}},
		{name: "short", columns: 60, rows: 10, keys: "fqueue<enter>", change: func(m *Model) {
			m.names = draw.NewNames()
			m.Handle(Armed{At: began.Add(2 * time.Second), Names: []string{"a.b/x/queue.flush", "a.b/y/queue.flush", "a.b/y/queue.(*Queue).Put"}})
			for name := range m.entries {
				m.names.Add(name)
			}
		}},
		{name: "guessed", columns: 100, rows: 12, change: func(m *Model) {
			row := wire.StatRow{Hook: "main.(*store).Put", Function: true}
			book(&row, 1000, 300*time.Microsecond, 100*time.Microsecond)
			row.Calls = 12_345
			m.Handle(Tick{Dropped: 2, Snapshot: client.Snapshot{Seq: 3, Time: began.Add(3 * time.Second).UnixNano(), Rows: []wire.StatRow{row}}})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, tt.columns, tt.rows)
			defer s.Fini()
			m := sample(t)
			c := &cells{s, !tt.mono}
			m.render(c, began.Add(2*time.Second)) // which also tells how much a page is
			press(m, tt.keys)
			if tt.change != nil {
				tt.change(m)
			}
			s.Clear()
			m.render(c, began.Add(2*time.Second))
			s.Show()
			got := text(s)
			if tt.styles {
				got += "--- styles: reverse, underlined, dim, bold, coloured\n" + styles(s)
			}
			golden(t, tt.name, got)
			for line := range strings.Lines(got) {
				if draw.Safe(strings.TrimSuffix(line, "\n")) != strings.TrimSuffix(line, "\n") {
					t.Errorf("control characters: %q", line)
				}
			}
		})
	}
}

// sampleEdges are callers and callees of main.(*store).Put; of the latter there are many.
func sampleEdges(callees int) Edges {
	g := Graph{Calls: 200, Took: 25 * time.Millisecond, Self: 5 * time.Millisecond, Seen: 2 * time.Second, Lost: 12}
	g.Callers = []Edge{{"main.(*server).handle", 150, 20 * time.Millisecond}, {"", 50, 5 * time.Millisecond}}
	for i := range callees {
		g.Callees = append(g.Callees, Edge{"github.com/example/database/v2/internal/tree.(*Node[go.shape.string])." + strings.Repeat("x", i+1), uint64(200 - i), time.Duration(10-i%10) * time.Millisecond})
	}
	return Edges{Name: "main.(*store).Put", Graph: g}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; with -update it would be\n%s", file, got)
	}
}

// Whatever the size and the keys, nothing is drawn outside of the screen, and nothing panics.
func TestSizes(t *testing.T) {
	keys := []string{"", "l", "?", "<enter>", "f", "fkvd<enter>", "G", "/x", "mM", "t", "r<gt>", "<enter><down><down><pgdn>"}
	for columns := 1; columns < 130; columns += 7 {
		for rows := 1; rows < 40; rows += 6 {
			for _, k := range keys {
				m := sample(t)
				press(m, k)
				m.Handle(sampleEdges(30))
				c := &bounded{t: t, columns: columns, rows: rows}
				m.render(c, began)
				press(m, "<down><pgdn><up>")
				m.render(c, began)
			}
		}
	}
}

type bounded struct {
	t             *testing.T
	columns, rows int
}

func (b *bounded) Size() (int, int) { return b.columns, b.rows }
func (b *bounded) put(x, y int, text string, _ style) {
	if x < 0 || y < 0 || y >= b.rows || x+draw.Width(text) > b.columns {
		b.t.Errorf("in %dx%d: %q at %d, %d", b.columns, b.rows, text, x, y)
	}
}
