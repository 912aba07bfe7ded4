package wire

import "github.com/gkhi/gkhi/internal/minijson"

// JSON lists the fields.
func (h *Hook) JSON(c *minijson.Coder) {
	c.String("name", &h.Name, minijson.Always)
	c.String("kind", &h.Kind, minijson.Always)
	c.String("doc", &h.Doc, minijson.NonZero)
	c.String("state", &h.State, minijson.Always)
	c.Object("event", h.Event != nil, h.Event.JSON)
	c.String("answer", &h.Answer, minijson.NonZero)
	c.Bool("exclusive", &h.Exclusive, minijson.NonZero)
	c.Bool("fifo", &h.FIFO, minijson.NonZero)
	c.String("declared", &h.Declared, minijson.NonZero)
	c.Objects("sites", len(h.Sites), h.Sites == nil, minijson.NonZero, func(c *minijson.Coder, i int) { h.Sites[i].JSON(c) })
	params(c, "params", h.Params)
	params(c, "results", h.Results)
	c.Objects("handlers", len(h.Handlers), h.Handlers == nil, minijson.NonZero, func(c *minijson.Coder, i int) { h.Handlers[i].JSON(c) })
	c.Int("cut", &h.Cut, minijson.NonZero)
}

func params(c *minijson.Coder, name string, ps []Param) {
	c.Objects(name, len(ps), ps == nil, minijson.NonZero, func(c *minijson.Coder, i int) { ps[i].JSON(c) })
}

// JSON lists the fields.
func (e *EventType) JSON(c *minijson.Coder) {
	c.String("name", &e.Name, minijson.Always)
	c.Objects("fields", len(e.Fields), e.Fields == nil, minijson.NonZero, func(c *minijson.Coder, i int) { e.Fields[i].JSON(c) })
}

// JSON lists the fields.
func (f *Field) JSON(c *minijson.Coder) {
	c.String("name", &f.Name, minijson.Always)
	c.String("type", &f.Type, minijson.Always)
	c.Bool("duration", &f.Duration, minijson.NonZero)
}

// JSON lists the fields.
func (s *Site) JSON(c *minijson.Coder) {
	c.String("func", &s.Func, minijson.NonZero)
	c.String("file", &s.File, minijson.NonZero)
	c.Int("line", &s.Line, minijson.NonZero)
	c.Uint64("pc", &s.PC, minijson.NonZero)
	c.String("point", &s.Point, minijson.NonZero)
	c.String("form", &s.Form, minijson.NonZero)
	c.String("state", &s.State, minijson.NonZero)
	c.String("why", &s.Why, minijson.NonZero)
	c.Bytes("bytes", s.Bytes, minijson.NonZero)
	c.Int("frame", &s.Frame, minijson.NonZero)
	c.Objects("args", len(s.Args), s.Args == nil, minijson.NonZero, func(c *minijson.Coder, i int) { s.Args[i].JSON(c) })
}

// JSON lists the fields.
func (p *Param) JSON(c *minijson.Coder) {
	c.String("name", &p.Name, minijson.NonZero)
	c.String("type", &p.Type, minijson.Always)
	c.Int("size", &p.Size, minijson.NonZero)
}

// JSON lists the fields.
func (a *Arg) JSON(c *minijson.Coder) {
	c.Int("index", &a.Index, minijson.Always)
	c.String("name", &a.Name, minijson.NonZero)
	c.Strings("places", &a.Places, minijson.Always)
}

// JSON lists the fields.
func (h *Handler) JSON(c *minijson.Coder) {
	c.String("name", &h.Name, minijson.Always)
	c.Bool("armed", &h.Armed, minijson.Always)
	c.String("priority", &h.Priority, minijson.NonZero)
	c.Bool("local", &h.Local, minijson.NonZero)
	c.Bool("session", &h.Session, minijson.NonZero)
	c.String("term", &h.Term, minijson.NonZero)
	c.Uint64("calls", &h.Calls, minijson.Always)
	c.Uint64("panics", &h.Panics, minijson.NonZero)
	c.String("lastPanic", &h.LastPanic, minijson.NonZero)
	c.Int64("panicTime", &h.PanicTime, minijson.NonZero)
	c.Int("inFlight", &h.InFlight, minijson.NonZero)
	c.Int64("longest", &h.Longest, minijson.NonZero)
	c.Int("paused", &h.Paused, minijson.NonZero)
	c.Uint64("skip", &h.Skip, minijson.NonZero)
	c.Uint64("max", &h.Max, minijson.NonZero)
	c.Uint64("hits", &h.Hits, minijson.NonZero)
}

// JSON lists the fields.
func (s *Status) JSON(c *minijson.Coder) {
	c.Object("process", true, s.Hello.JSON)
	c.Strings("args", &s.Args, minijson.NonZero)
	c.Int("uid", &s.UID, minijson.Always)
	c.Int64("uptime", &s.Uptime, minijson.Always)
	c.Int("hooks", &s.Hooks, minijson.Always)
	c.Int("armed", &s.Armed, minijson.Always)
	c.Int("functions", &s.Functions, minijson.NonZero)
	c.Int("packages", &s.Packages, minijson.NonZero)
	c.Object("laid", s.Laid != nil, s.Laid.JSON)
	c.Int("sites", &s.Sites, minijson.Always)
	c.Int("patched", &s.Patched, minijson.Always)
	c.Int("stuck", &s.Stuck, minijson.NonZero)
	c.Int("restless", &s.Restless, minijson.NonZero)
	c.String("method", &s.Method, minijson.Always)
	c.Int("text", &s.Text, minijson.NonZero)
	c.Int64("scanTime", &s.ScanTime, minijson.NonZero)
	c.Strings("why", &s.Why, minijson.NonZero)
	c.Int("clients", &s.Clients, minijson.Always)
}

// JSON lists the fields.
func (l *Laid) JSON(c *minijson.Coder) {
	c.Int("sites", &l.Sites, minijson.Always)
	c.Int("loads", &l.Loads, minijson.NonZero)
	c.Int("armed", &l.Armed, minijson.NonZero)
	c.String("noArgs", &l.NoArgs, minijson.NonZero)
	c.String("error", &l.Error, minijson.NonZero)
}

// JSON lists the fields.
func (s *TraceSpec) JSON(c *minijson.Coder) {
	c.Strings("patterns", &s.Patterns, minijson.Always)
	c.Uint64("max", &s.Max, minijson.NonZero)
	c.Uint64("sample", &s.Sample, minijson.NonZero)
	c.Bool("goroutine", &s.Goroutine, minijson.NonZero)
}

// JSON lists the fields.
func (s *RecordSpec) JSON(c *minijson.Coder) {
	c.Strings("patterns", &s.Patterns, minijson.Always)
	c.Bool("values", &s.Values, minijson.NonZero)
	c.Int("stacks", &s.Stacks, minijson.NonZero)
}

// JSON lists the fields.
func (s *StatSpec) JSON(c *minijson.Coder) {
	c.Strings("patterns", &s.Patterns, minijson.Always)
	c.Int64("interval", &s.Interval, minijson.NonZero)
}

// JSON lists the fields.
func (m *Matched) JSON(c *minijson.Coder) {
	c.Strings("hooks", &m.Hooks, minijson.Always)
	c.Int("functions", &m.Functions, minijson.NonZero)
	skips(c, "skipped", m.Skipped)
}

// JSON lists the fields.
func (e *Event) JSON(c *minijson.Coder) {
	c.Int64("time", &e.Time, minijson.Always)
	c.String("hook", &e.Hook, minijson.Always)
	c.Uint64("g", &e.G, minijson.NonZero)
	c.Raw("fields", &e.Fields, minijson.NonZero)
	c.Object("call", e.Call != nil, e.Call.JSON)
}

// JSON lists the fields.
func (k *Call) JSON(c *minijson.Coder) {
	c.Bool("entry", &k.Entry, minijson.NonZero)
	c.Int("level", &k.Level, minijson.Always)
	c.Int64("took", &k.Took, minijson.NonZero)
	c.Int64("self", &k.Self, minijson.NonZero)
	c.Bool("unwound", &k.Unwound, minijson.NonZero)
}

// JSON lists the fields.
func (r *StatRow) JSON(c *minijson.Coder) {
	c.String("hook", &r.Hook, minijson.Always)
	c.Uint64("calls", &r.Calls, minijson.Always)
	c.Object("latency", r.Latency != nil, r.Latency.JSON)
	c.Bool("function", &r.Function, minijson.NonZero)
	c.Uint64("timed", &r.Timed, minijson.NonZero)
	c.Int64("total", &r.Total, minijson.NonZero)
	c.Int64("self", &r.Self, minijson.NonZero)
}

// JSON lists the fields.
func (p *StatPart) JSON(c *minijson.Coder) {
	c.Uint64("seq", &p.Seq, minijson.Always)
	c.Int64("time", &p.Time, minijson.Always)
	c.Objects("rows", len(p.Rows), p.Rows == nil, minijson.Always, func(c *minijson.Coder, i int) { p.Rows[i].JSON(c) })
	c.Bool("last", &p.Last, minijson.NonZero)
}
