package cli

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// A callTree prints the calls of functions as they come, indented by what is around them, in the
// form of uftrace: a call in which nothing else was seen takes one line.
//
//	DURATION        G  FUNCTION
//	            [ 18]  main.middle() {
//	 1.23 µs    [ 18]    main.leaf();
//	 3.20 ms    [ 18]  } /* main.middle */
type callTree struct {
	w     *bufio.Writer
	style draw.Style
	begun bool

	// waiting has the entry of each goroutine that has no line yet: whether it needs one of its own shows with the
	// goroutine's next event.
	waiting map[uint64]waitingEntry
	round   int
}

type waitingEntry struct {
	ev    wire.Event
	round int
}

// deepest bounds the indentation, in levels.
const deepest = 60

func (t *callTree) add(ev wire.Event) {
	if !t.begun {
		t.begun = true
		t.w.WriteString(t.style.Title(fmt.Sprintf("%10s  %7s  %s", "DURATION", "G", "FUNCTION")) + "\n")
	}
	before, has := t.waiting[ev.G]
	delete(t.waiting, ev.G)
	if ev.Call.Entry {
		if has {
			t.open(before.ev)
		}
		if t.waiting == nil {
			t.waiting = map[uint64]waitingEntry{}
		}
		t.waiting[ev.G] = waitingEntry{ev, t.round}
		return
	}
	name, end := t.style.Name(draw.Safe(ev.Hook)), ""
	if ev.Call.Unwound {
		end = t.style.Warn("  no return seen")
	}
	if has && before.ev.Hook == ev.Hook && before.ev.Call.Level == ev.Call.Level {
		t.line(ev, draw.Duration(ev.Call.Took), name+"();"+end)
		return
	}
	if has {
		t.open(before.ev)
	}
	t.line(ev, draw.Duration(ev.Call.Took), "} "+t.style.Faint("/* "+draw.Safe(ev.Hook)+" */")+end)
}

func (t *callTree) open(ev wire.Event) {
	t.line(ev, "", t.style.Name(draw.Safe(ev.Hook))+"() {")
}

// line prints one. It is called with a bufio.Writer, which keeps its first error.
func (t *callTree) line(ev wire.Event, took, text string) {
	indent := strings.Repeat("  ", min(ev.Call.Level, deepest))
	if ev.Call.Level > deepest {
		indent += fmt.Sprintf("(%d) ", ev.Call.Level)
	}
	fmt.Fprintf(t.w, "%*s  %s  %s%s\n", 10+len(took)-draw.Width(took), took,
		t.style.Hue(int(ev.G), fmt.Sprintf("[%5d]", ev.G)), indent, text)
}

// idle gives entries their lines that have waited since the last time: calls that take long.
func (t *callTree) idle() {
	for g, e := range t.waiting {
		if e.round < t.round {
			t.open(e.ev)
			delete(t.waiting, g)
		}
	}
	t.round++
}

// end gives all entries their lines.
func (t *callTree) end() {
	for range 2 {
		t.idle()
	}
}
