package cli

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/gkhi/gkhi/internal/cli/draw"
)

// A callTree prints the calls of functions as they come, indented by what is around them, in the
// form of uftrace: a call in which nothing else was seen takes one line.
//
//	DURATION        G  FUNCTION
//	            [ 18]  main.middle(n=5) {
//	 1.23 µs    [ 18]    main.leaf();
//	 3.20 ms    [ 18]  } /* main.middle */ = (err=nil)
type callTree struct {
	w     *bufio.Writer
	style draw.Style
	begun bool

	// clock, unless nil, writes the time of a line in a column of its own, under TIME.
	clock func(at int64) string

	// waiting has the entry of each goroutine that has no line yet: whether it needs one of its own shows with the
	// goroutine's next event.
	waiting map[uint64]waitingEntry
	round   int
}

// A treeEvent is an entry, or the end of a call.
type treeEvent struct {
	at      int64 // for clock
	g       uint64
	name    string
	entry   bool
	level   int
	took    int64  // of an end: ns
	values  string // arguments of an entry, results of an end
	unwound bool
	open    bool // it did not end: took is up to now
	cut     bool // something in it has no line
}

type waitingEntry struct {
	ev    treeEvent
	round int
}

// deepest bounds the indentation, in levels.
const deepest = 60

func (t *callTree) add(ev treeEvent) {
	before, has := t.waiting[ev.g]
	delete(t.waiting, ev.g)
	if ev.entry {
		if has {
			t.open(before.ev)
		}
		if t.waiting == nil {
			t.waiting = map[uint64]waitingEntry{}
		}
		t.waiting[ev.g] = waitingEntry{ev, t.round}
		return
	}
	name, end := t.style.Name(draw.Safe(ev.name)), ""
	if ev.values != "" {
		end = " = (" + draw.Safe(ev.values) + ")"
	}
	switch {
	case ev.unwound:
		end += t.style.Warn("  no return seen")
	case ev.open:
		end += t.style.Warn("  under way at the end")
	}
	if has && before.ev.name == ev.name && before.ev.level == ev.level {
		ev.at = before.ev.at
		if ev.values != "" {
			end += ";"
		} else {
			end = ";" + end
		}
		inside := ""
		if ev.cut {
			inside = " { … }"
		}
		t.line(ev, draw.Duration(ev.took), name+"("+draw.Safe(before.ev.values)+")"+inside+end)
		return
	}
	if has {
		t.open(before.ev)
	}
	inside := ""
	if ev.cut {
		inside = "… "
	}
	t.line(ev, draw.Duration(ev.took), inside+"} "+t.style.Faint("/* "+draw.Safe(ev.name)+" */")+end)
}

// isWaiting reports whether a goroutine's last entry has no line yet. It gets one of its own when something comes in between.
func (t *callTree) isWaiting(g uint64) bool {
	_, has := t.waiting[g]
	return has
}

// note prints a remark among a goroutine's calls.
func (t *callTree) note(at int64, g uint64, level int, text string) {
	if before, has := t.waiting[g]; has {
		delete(t.waiting, g)
		t.open(before.ev)
	}
	t.line(treeEvent{at: at, g: g, level: level}, "", text)
}

func (t *callTree) open(ev treeEvent) {
	t.line(ev, "", t.style.Name(draw.Safe(ev.name))+"("+draw.Safe(ev.values)+") {")
}

// title prints the head, once.
func (t *callTree) title() {
	if t.begun {
		return
	}
	t.begun = true
	head := fmt.Sprintf("%10s  %7s  %s", "DURATION", "G", "FUNCTION")
	if t.clock != nil {
		head = fmt.Sprintf("%12s  ", "TIME") + head
	}
	t.w.WriteString(t.style.Title(head) + "\n")
}

// line prints one. It is called with a bufio.Writer, which keeps its first error. There may be millions.
func (t *callTree) line(ev treeEvent, took, text string) {
	t.title()
	if t.clock != nil {
		t.w.WriteString(t.style.Faint(rightIn(t.clock(ev.at), 12)))
		t.w.WriteString("  ")
	}
	t.w.WriteString(rightIn(took, 10))
	t.w.WriteString("  ")
	t.w.WriteString(t.style.Hue(int(ev.g), "["+rightIn(strconv.FormatUint(ev.g, 10), 5)+"]"))
	t.w.WriteString("  ")
	t.w.WriteString(spaces[:2*min(ev.level, deepest)])
	if ev.level > deepest {
		t.w.WriteString("(" + strconv.Itoa(ev.level) + ") ")
	}
	t.w.WriteString(text)
	t.w.WriteByte('\n')
}

const spaces = "                                                                                                                        "

// rightIn fills text up to a width, from the left.
func rightIn(text string, width int) string {
	return spaces[:max(width-draw.Width(text), 0)] + text
}

// idle gives entries their lines that have waited since the last time: calls that take long.
func (t *callTree) idle() {
	for _, g := range slices.Sorted(maps.Keys(t.waiting)) {
		if e := t.waiting[g]; e.round < t.round {
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
