package cli

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/event"
	recordings "github.com/gkhi/gkhi/internal/report"
)

// timelineText writes every call as it went, while the recording is read.
func (in *reportInput) timelineText(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10) // keeps its first error
	start := int64(0)
	tree := &callTree{w: out, style: in.style(), clock: func(at int64) string { return seconds(at - start) }}
	begin := func(at int64) {
		if start == 0 {
			start = at
			in.shortenToFit()
		}
	}
	room := &lineBudget{left: in.o.top, bounded: in.o.top > 0}
	levels := map[uint64]int{} // of the next call
	gap := false               // the last line is that of one
	given := 0                 // calls that were given up since the last line of a gap
	end := func(c *recordings.Call, ev treeEvent) {
		levels[c.G] = c.Level
		if c.Level == 0 {
			delete(levels, c.G)
		}
		if !room.leave(c) {
			return
		}
		gap = false
		ev.g, ev.name, ev.level, ev.cut = c.G, in.funcName(c.Func), c.Level, room.cut(c)
		ev.values = recordings.Text(recordings.Values(&in.r.Definitions, c.Exit, c.Results))
		tree.add(ev)
	}
	lost := func() { // of calls that were given up the entries are lines, so they need this one for an end
		tree.end()
		tree.title()
		text := "--- events were lost here ---"
		if given > 0 {
			text = "--- events were lost here: the end of " + draw.Plural(given, "call") + " above is not known ---"
		}
		given = 0
		out.WriteString(tree.style.Warn(text) + "\n")
	}
	in.walk(recordings.Visitor{
		Round: begin,
		Enter: func(c *recordings.Call) {
			begin(c.Start)
			levels[c.G] = c.Level + 1
			if room.enter(c, tree.isWaiting(c.G)) {
				gap = false
				tree.add(treeEvent{
					at: c.Start, g: c.G, name: in.funcName(c.Func), entry: true, level: c.Level,
					values: recordings.Text(recordings.Values(&in.r.Definitions, c.Entry, c.Args)),
				})
			}
		},
		Leave: func(c *recordings.Call) { end(c, treeEvent{at: c.End, took: c.Took(), unwound: c.Unwound}) },
		Drop: func(c *recordings.Call, at int64, lost bool) {
			if !lost {
				end(c, treeEvent{at: at, took: at - c.Start, open: true})
				return
			}
			delete(levels, c.G)
			if room.leave(c) {
				given++
			}
		},
		Hit: func(h *recordings.Hit) {
			begin(h.Time)
			text := in.r.Hooks[h.Hook]
			if fields := formatFields(h.Fields, nil); fields != "" {
				text = draw.Safe(text) + "  " + fields
			}
			if room.hit(tree.isWaiting(h.G)) {
				gap = false
				tree.note(h.Time, h.G, levels[h.G], tree.style.Faint("/* "+text+" */"))
			}
		},
		Gap: func(int64) {
			if given > 0 || !gap && room.line(false) {
				lost()
				gap = true
			}
		},
	})
	if given > 0 {
		lost()
	}
	if room.missed > 0 {
		in.e.note("report: --top %d leaves out %d more calls and hits", in.o.top, room.missed)
	}
	return out.Flush()
}

// A callLine is a call as --timeline --json prints it, at its end. Times are in ns.
type callLine struct {
	Time     string  `json:"time"` // of its entry
	Function string  `json:"function"`
	G        uint64  `json:"g"`
	Level    int     `json:"level"`
	Took     *int64  `json:"took,omitempty"` // missing while it was under way at the end
	Self     *int64  `json:"self,omitempty"`
	Unwound  bool    `json:"unwound,omitempty"`
	Args     ordered `json:"args,omitempty"`
	Results  ordered `json:"results,omitempty"`
}

// A hitLine is a hit of a hook.
type hitLine struct {
	Time   string          `json:"time"`
	Hook   string          `json:"hook"`
	G      uint64          `json:"g,omitempty"`
	Fields json.RawMessage `json:"fields,omitempty"`
}

// ordered is values by name, in their order.
type ordered []event.Value

// MarshalJSON writes an object.
func (o ordered) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, v := range o {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(v.Name)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(v.Text)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), text...)
	}
	return append(b, '}'), nil
}

// jsonLines writes objects, a line each.
type jsonLines struct {
	w   io.Writer
	err error
}

func (l *jsonLines) object(v any) error {
	if l.err != nil {
		return l.err
	}
	line, err := jsonLine(v)
	if err == nil {
		_, err = l.w.Write(line)
	}
	l.err = err
	return err
}

func (in *reportInput) timelineJSON(lines *jsonLines) error {
	out := bufio.NewWriterSize(lines.w, 64<<10)
	buffered := &jsonLines{w: out}
	d := &in.r.Definitions
	rows := uint64(0)
	write := func(v any) {
		if rows++; in.o.top == 0 || rows <= in.o.top {
			buffered.object(v) //nolint:errcheck // it is kept
		}
	}
	call := func(c *recordings.Call, ended bool) {
		l := callLine{
			Time: jsonTime(time.Unix(0, c.Start)), Function: d.Funcs[c.Func].Name, G: c.G, Level: c.Level, Unwound: c.Unwound,
			Args: recordings.Values(d, c.Entry, c.Args), Results: recordings.Values(d, c.Exit, c.Results),
		}
		if ended {
			took := c.Took()
			l.Took, l.Self = &took, &c.Self
		}
		write(l)
	}
	in.walk(recordings.Visitor{
		Leave: func(c *recordings.Call) { call(c, true) },
		Drop:  func(c *recordings.Call, _ int64, _ bool) { call(c, false) },
		Hit: func(h *recordings.Hit) {
			l := hitLine{Time: jsonTime(time.Unix(0, h.Time)), Hook: d.Hooks[h.Hook], G: h.G}
			if json.Valid(h.Fields) {
				l.Fields = h.Fields
			}
			write(l)
		},
		Gap: func(at int64) {
			write(struct {
				Time string `json:"time"`
				Gap  bool   `json:"gap"` // events were lost here
			}{jsonTime(time.Unix(0, at)), true})
		},
	})
	if buffered.err != nil {
		return buffered.err
	}
	return out.Flush()
}

// lastLine sums a recording up.
func (in *reportInput) lastLine() recordingLine {
	end := "complete"
	switch {
	case in.err != nil:
		end = "damaged"
	case in.out.Truncated:
		end = "truncated"
	}
	m := &in.r.Meta
	l := recordingLine{
		End: end, Program: m.Program, PID: m.PID, Time: jsonTime(time.Unix(0, in.out.Start)),
		Seconds: float64(in.out.Last-in.out.Start) / 1e9,
		Events:  in.out.Events, Hits: in.out.Hits, Lost: in.out.Lost, Open: in.out.Open,
	}
	if in.out.Part() {
		l.From, l.To = float64(in.out.From-in.out.Start)/1e9, float64(in.out.To-in.out.Start)/1e9
	}
	return l
}
