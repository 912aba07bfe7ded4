package top

import "github.com/gkhi/gkhi/internal/control/wire"

// A detail is the page about one function.
type detail struct {
	name   string
	graph  Graph
	err    error
	cursor int  // over callers and callees
	top    int  // line at the top of the screen
	follow bool // the cursor stays in sight
	before []string
}

// open shows the page of a function.
func (m *Model) open(name string, before []string) []Command {
	m.detail = &detail{name: name, before: before}
	if m.entry(name).hook.Kind != wire.KindFunction {
		return nil // nobody knows where it is fired
	}
	return []Command{{Op: OpWatch, Names: []string{name}}}
}

// back returns to the page before, or to the table.
func (m *Model) back() []Command {
	d := m.detail
	if n := len(d.before); n > 0 {
		return m.open(d.before[n-1], d.before[:n-1])
	}
	m.detail = nil
	return []Command{{Op: OpUnwatch}}
}

// shownEdges is how many callers and callees the page has, each.
const shownEdges = 10

// edges are the callers and callees that the page has, one after the other.
func (d *detail) edges() (edges []Edge, callers int) {
	in, out := d.graph.Callers, d.graph.Callees
	in, out = in[:min(len(in), shownEdges)], out[:min(len(out), shownEdges)]
	return append(in[:len(in):len(in)], out...), len(in)
}

func (m *Model) detailKey(k Key) []Command {
	d := m.detail
	edges, _ := d.edges()
	switch {
	case k.Code == Esc || k.Code == Backspace || k.Code == Left || k.Rune == 'h':
		return m.back()
	case k.Code == Up || k.Rune == 'k':
		d.cursor--
		d.follow = true
	case k.Code == Down || k.Rune == 'j':
		d.cursor++
		if d.follow = d.cursor < len(edges); !d.follow {
			d.top++
		}
	case k.Code == PageDown:
		d.top += max(m.page/2, 1)
		d.follow = false
	case k.Code == PageUp:
		d.top -= max(m.page/2, 1)
		d.follow = false
	case k.Code == Home || k.Rune == 'g':
		d.cursor, d.top = 0, 0
	case k.Code == Enter:
		if d.cursor >= 0 && d.cursor < len(edges) && edges[d.cursor].Name != "" {
			return m.open(edges[d.cursor].Name, append(d.before, d.name))
		}
	default:
		return m.commonKey(k)
	}
	d.cursor = min(max(d.cursor, 0), max(len(edges)-1, 0))
	d.top = max(d.top, 0)
	return nil
}
