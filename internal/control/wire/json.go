package wire

import "github.com/gkhi/gkhi/internal/minijson"

// Raw is a JSON value as it was written.
type Raw = minijson.Raw

// What a hooked process writes and reads, it does by these lists; the command, and whoever else may take more room,
// by the structs' tags. A test holds one to the other.

// JSON lists the fields.
func (m *Message) JSON(c *minijson.Coder) {
	c.Uint64("id", &m.ID, minijson.NonZero)
	c.Object("hello", m.Hello != nil, m.Hello.JSON)
	c.Made("result", &m.Result, minijson.NonZero)
	c.Made("event", &m.Event, minijson.NonZero)
	c.Object("end", m.End != nil, m.End.JSON)
	c.Object("error", m.Error != nil, m.Error.JSON)
	c.Uint64("dropped", &m.Dropped, minijson.NonZero)
	c.Int("size", &m.Size, minijson.NonZero)
}

// JSON lists the fields.
func (r *Request) JSON(c *minijson.Coder) {
	c.Uint64("id", &r.ID, minijson.Always)
	c.String("op", &r.Op, minijson.Always)
	c.Raw("args", &r.Args, minijson.NonZero)
}

// JSON lists the fields.
func (h *ClientHello) JSON(c *minijson.Coder) {
	hello := h.Hello
	if hello == nil {
		hello = new(Hello)
	}
	if c.Object("hello", h.Hello != nil, hello.JSON) {
		h.Hello = hello
	}
}

// JSON lists the fields.
func (h *Hello) JSON(c *minijson.Coder) {
	c.Int("proto", &h.Proto, minijson.Always)
	c.Int("min", &h.Min, minijson.Always)
	c.String("version", &h.Version, minijson.Always)
	c.Int("pid", &h.PID, minijson.Always)
	c.Int64("start", &h.Start, minijson.NonZero)
	c.Int("copy", &h.Copy, minijson.NonZero)
	c.String("exe", &h.Exe, minijson.NonZero)
	c.String("main", &h.Main, minijson.NonZero)
	c.String("goVersion", &h.GoVersion, minijson.NonZero)
	c.String("platform", &h.Platform, minijson.NonZero)
	c.String("buildID", &h.BuildID, minijson.NonZero)
}

// JSON lists the fields.
func (e *End) JSON(c *minijson.Coder) {
	c.String("reason", &e.Reason, minijson.Always)
	c.Uint64("events", &e.Events, minijson.Always)
	c.Uint64("dropped", &e.Dropped, minijson.Always)
	c.String("warning", &e.Warning, minijson.NonZero)
}

// JSON lists the fields.
func (e *Error) JSON(c *minijson.Coder) {
	c.String("code", &e.Code, minijson.Always)
	c.String("message", &e.Message, minijson.Always)
	c.Strings("near", &e.Near, minijson.NonZero)
}

// Nothing lists no fields.
func Nothing(*minijson.Coder) {}

// JSON lists the fields.
func (a *LsArgs) JSON(c *minijson.Coder) { c.Strings("patterns", &a.Patterns, minijson.NonZero) }

// JSON lists the fields.
func (a *ArmArgs) JSON(c *minijson.Coder) {
	c.Strings("patterns", &a.Patterns, minijson.Always)
	c.Bool("hold", &a.Hold, minijson.NonZero)
}

// JSON lists the fields.
func (r *ArmResult) JSON(c *minijson.Coder) {
	c.Strings("changed", &r.Changed, minijson.Always)
	c.Strings("already", &r.Already, minijson.NonZero)
	skips(c, "refused", r.Refused)
}

// skips is a field of what is left out.
func skips(c *minijson.Coder, name string, s []Skip) {
	c.Objects(name, len(s), s == nil, minijson.NonZero, func(c *minijson.Coder, i int) { s[i].JSON(c) })
}

// JSON lists the fields.
func (s *Skip) JSON(c *minijson.Coder) {
	c.String("name", &s.Name, minijson.Always)
	c.String("why", &s.Why, minijson.Always)
}

// JSON lists the fields.
func (a *FailArgs) JSON(c *minijson.Coder) {
	c.String("name", &a.Name, minijson.Always)
	c.String("term", &a.Term, minijson.Always)
	c.Bool("hold", &a.Hold, minijson.NonZero)
}

// JSON lists the fields.
func (r *FailResult) JSON(c *minijson.Coder) {
	c.String("name", &r.Name, minijson.Always)
	c.String("was", &r.Was, minijson.NonZero)
	c.String("now", &r.Now, minijson.NonZero)
}

// JSON lists the fields.
func (a *ReleaseArgs) JSON(c *minijson.Coder) { c.Strings("patterns", &a.Patterns, minijson.Always) }

// JSON lists the fields.
func (r *ReleaseResult) JSON(c *minijson.Coder) { c.Int("released", &r.Released, minijson.Always) }

// JSON lists the fields.
func (r *PrepareResult) JSON(c *minijson.Coder) { c.String("why", &r.Why, minijson.NonZero) }

// JSON lists the fields.
func (a *CancelArgs) JSON(c *minijson.Coder) {
	c.Uint64("id", &a.ID, minijson.Always)
	c.Bool("drop", &a.Drop, minijson.NonZero)
}
