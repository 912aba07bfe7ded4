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
		}
	}
	levels := map[uint64]int{} // of the next call
	lines := uint64(0)
	gap := false // the last line is that of one
	more := func() bool {
		gap = false
		lines++
		return in.o.top == 0 || lines <= in.o.top
	}
	in.walk(recordings.Visitor{
		Round: begin,
		Enter: func(c *recordings.Call) {
			begin(c.Start)
			levels[c.G] = c.Level + 1
			if more() {
				tree.add(treeEvent{at: c.Start, g: c.G, name: in.r.Funcs[c.Func].Name, entry: true, level: c.Level, values: recordings.Text(recordings.Values(&in.r.Definitions, c.Entry, c.Args))})
			}
		},
		Leave: func(c *recordings.Call) {
			levels[c.G] = c.Level
			if c.Level == 0 {
				delete(levels, c.G)
			}
			if more() {
				tree.add(treeEvent{
					at: c.End, g: c.G, name: in.r.Funcs[c.Func].Name, level: c.Level, took: c.Took(), unwound: c.Unwound,
					values: recordings.Text(recordings.Values(&in.r.Definitions, c.Exit, c.Results)),
				})
			}
		},
		Drop: func(c *recordings.Call, _ int64, _ bool) { delete(levels, c.G) },
		Hit: func(h *recordings.Hit) {
			begin(h.Time)
			text := in.r.Hooks[h.Hook]
			if fields := formatFields(h.Fields, nil); fields != "" {
				text = draw.Safe(text) + "  " + fields
			}
			if more() {
				tree.note(h.Time, h.G, levels[h.G], tree.style.Faint("/* "+text+" */"))
			}
		},
		Gap: func(int64) {
			if !gap && more() {
				gap = true
				tree.end()
				tree.title()
				out.WriteString(tree.style.Warn("--- events were lost here ---") + "\n")
			}
		},
	})
	tree.end()
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
	call := func(c *recordings.Call, ended bool) {
		l := callLine{
			Time: jsonTime(time.Unix(0, c.Start)), Function: d.Funcs[c.Func].Name, G: c.G, Level: c.Level, Unwound: c.Unwound,
			Args: recordings.Values(d, c.Entry, c.Args), Results: recordings.Values(d, c.Exit, c.Results),
		}
		if ended {
			took := c.Took()
			l.Took, l.Self = &took, &c.Self
		}
		buffered.object(l) //nolint:errcheck // it is kept
	}
	in.walk(recordings.Visitor{
		Leave: func(c *recordings.Call) { call(c, true) },
		Drop:  func(c *recordings.Call, _ int64, _ bool) { call(c, false) },
		Hit: func(h *recordings.Hit) {
			l := hitLine{Time: jsonTime(time.Unix(0, h.Time)), Hook: d.Hooks[h.Hook], G: h.G}
			if json.Valid(h.Fields) {
				l.Fields = h.Fields
			}
			buffered.object(l) //nolint:errcheck // as above
		},
		Gap: func(at int64) {
			buffered.object(struct { //nolint:errcheck // as above
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
	return recordingLine{
		End: end, Program: m.Program, PID: m.PID, Time: jsonTime(time.Unix(0, in.out.Start)),
		Seconds: float64(in.out.End-in.out.Start) / 1e9,
		Events:  in.out.Events, Hits: in.out.Hits, Lost: in.out.Lost, Open: in.out.Open,
	}
}
