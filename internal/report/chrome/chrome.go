// Package chrome writes the JSON form of trace events, which chrome://tracing, ui.perfetto.dev, speedscope and others read: a
// complete event for each call, on the line of its goroutine, and an instant for each hit of a declared hook. It is larger than what package
// perfetto writes, and is for tools that know nothing else.
package chrome

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report"
)

// A Writer is a visitor that writes a trace. Times are in microseconds, from the recording's start.
type Writer struct {
	w      *bufio.Writer // keeps its first error
	d      *event.Definitions
	start  int64
	begun  bool
	tracks report.IDs
	pid    string
	names  [][]byte // by function, in quotes
	b      []byte
}

// New returns a writer of what r reads.
func New(w io.Writer, r *event.Reader) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 256<<10), d: &r.Definitions, pid: strconv.Itoa(max(r.Meta.PID, 1))}
}

// Visitor returns what tells the writer.
func (c *Writer) Visitor() report.Visitor {
	return report.Visitor{
		Leave: func(call *report.Call) { c.call(call, call.End) },
		Drop:  func(call *report.Call, at int64, _ bool) { c.call(call, at) },
		Hit:   c.hit,
		Round: c.begin,
	}
}

// Close writes the end.
func (c *Writer) Close() error {
	c.begin(0)
	c.w.WriteString("\n]}\n")
	return c.w.Flush()
}

func (c *Writer) begin(at int64) {
	if c.begun {
		return
	}
	c.begun, c.start = true, at
	c.w.WriteString(`{"displayTimeUnit":"ns","traceEvents":[` + "\n")
	c.w.WriteString(`{"ph":"M","pid":` + c.pid + `,"name":"process_name","args":{"name":`)
	c.w.Write(quote(c.d.Meta.Program))
	c.w.WriteString("}}")
}

// quote writes a string as JSON, with <- and such as they are.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return []byte(`""`) // of a string: it can't fail
	}
	return bytes.TrimSpace(b.Bytes())
}

// track names the line of a goroutine, once.
func (c *Writer) track(g uint64) {
	if g == 0 || !c.tracks.Add(g) {
		return
	}
	id := strconv.FormatUint(g, 10)
	c.w.WriteString(",\n" + `{"ph":"M","pid":` + c.pid + `,"tid":` + id + `,"name":"thread_name","args":{"name":"goroutine ` + id + `"}}`)
}

// head begins an event.
func (c *Writer) head(phase string, g uint64, at int64, name []byte) {
	b := append(c.b[:0], ",\n"+`{"ph":"`...)
	b = append(b, phase...)
	b = append(append(b, `","pid":`...), c.pid...)
	b = strconv.AppendUint(append(b, `,"tid":`...), g, 10)
	b = micros(append(b, `,"ts":`...), max(at-c.start, 0))
	c.b = append(append(b, `,"name":`...), name...)
}

// micros adds ns as microseconds.
func micros(b []byte, ns int64) []byte {
	b = strconv.AppendInt(b, ns/1000, 10)
	if rest := ns % 1000; rest > 0 {
		b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	}
	return b
}

func (c *Writer) call(call *report.Call, end int64) {
	c.begin(call.Start)
	c.track(call.G)
	for len(c.names) <= call.Func {
		c.names = append(c.names, nil)
	}
	name := c.names[call.Func]
	if name == nil {
		name = quote(c.d.Funcs[call.Func].Name)
		c.names[call.Func] = name
	}
	c.head("X", call.G, call.Start, name)
	b := micros(append(c.b, `,"dur":`...), end-call.Start)
	args := report.Values(c.d, call.Entry, call.Args)
	results := report.Values(c.d, call.Exit, call.Results)
	if len(args) > 0 || len(results) > 0 || call.Unwound || call.End == 0 {
		b = append(b, `,"args":{`...)
		more := false
		add := func(name, text string) {
			if more {
				b = append(b, ',')
			}
			more = true
			b = append(append(append(b, quote(name)...), ':'), quote(text)...)
		}
		for _, v := range args {
			add(v.Name, v.Text)
		}
		for _, v := range results {
			add("-> "+v.Name, v.Text)
		}
		switch {
		case call.End == 0:
			add("end", "not seen")
		case call.Unwound:
			add("end", "no return seen")
		}
		b = append(b, '}')
	}
	c.b = append(b, '}')
	c.w.Write(c.b)
}

func (c *Writer) hit(h *report.Hit) {
	c.begin(h.Time)
	c.track(h.G)
	c.head("i", h.G, h.Time, quote(c.d.Hooks[h.Hook]))
	b := append(c.b, `,"s":"t"`...)
	if json.Valid(h.Fields) {
		b = append(append(b, `,"args":`...), h.Fields...)
	}
	c.b = append(b, '}')
	c.w.Write(c.b)
}
