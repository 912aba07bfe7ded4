package cli

import (
	"fmt"
	"strings"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// hookPages writes all there is to know about hooks, for ls -v.
func hookPages(hooks []wire.Hook, platform string, style draw.Style) []string {
	var lines []string
	for i, h := range hooks {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, hookPage(h, platform, style)...)
	}
	return lines
}

func hookPage(h wire.Hook, platform string, style draw.Style) []string {
	lines := []string{
		fmt.Sprintf("%s  %s, %s", style.Name(draw.Safe(h.Name)), draw.Safe(h.Kind), stateStyle(style)(draw.Safe(h.State))),
	}
	add := func(key, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("  %-8s  %s", key, draw.Safe(fmt.Sprintf(format, args...))))
	}
	if h.Doc != "" {
		add("doc", "%s", h.Doc)
	}
	if h.Event != nil {
		event := h.Event.Name
		fields := h.Event.Fields
		if len(fields) == 1 && fields[0].Name == "" { // no struct: the event is its only field
			event += latencyMark(fields[0])
			fields = nil
		}
		add("event", "%s", event)
		for _, f := range fields {
			add("", "  %s %s%s", f.Name, f.Type, latencyMark(f))
		}
	}
	if h.Answer != "" {
		add("answer", "%s", h.Answer)
	}
	switch {
	case h.Exclusive:
		add("order", "one handler only")
	case !h.FIFO && h.Kind != wire.KindPoint:
		add("order", "last registered runs first")
	}
	if h.Declared != "" {
		add("declared", "%s", h.Declared)
	}
	if h.Kind == wire.KindFunction {
		add("args", "%s", signature(h))
	}
	for _, s := range h.Sites {
		add("site", "%s", siteLine(s))
		if text := placesLine(s); text != "" {
			add("", "  %s", text)
		}
		for _, line := range disassemble(platform, s.Bytes, s.PC) {
			add("", "  %s", line)
		}
	}
	if h.Cut > 0 {
		add("", "%d more sites and handlers are left out", h.Cut)
	}
	for _, hd := range h.Handlers {
		lines = append(lines, handlerLines(hd, style)...)
	}
	return lines
}

// signature writes a function's parameters and results;
func signature(h wire.Hook) string {
	params := func(list []wire.Param) (ps []sitetab.Param) {
		for _, p := range list {
			ps = append(ps, sitetab.Param{Name: p.Name, Type: p.Type})
		}
		return ps
	}
	return sitetab.Signature(params(h.Params), params(h.Results))
}

// placesLine says where the words of arguments are at a function's site, and how far its frame goes up from there.
func placesLine(s wire.Site) string {
	var parts []string
	for _, a := range s.Args {
		name := a.Name
		if name == "" {
			name = fmt.Sprintf("#%d", a.Index+1)
		}
		parts = append(parts, name+" in "+strings.Join(a.Places, ","))
	}
	switch {
	case s.Frame > 0:
		parts = append(parts, fmt.Sprintf("frame of %d bytes", s.Frame))
	case s.Frame < 0:
		parts = append(parts, "no frame")
	}
	return strings.Join(parts, "  ")
}

// latencyMark marks the field that stat makes a histogram of.
func latencyMark(f wire.Field) string {
	if f.Duration {
		return "  (stat's latency)"
	}
	return ""
}

// siteLine says where a site is and how it stands.
func siteLine(s wire.Site) string {
	var parts []string
	if s.Point != "" {
		parts = append(parts, fmt.Sprintf("%-6s", s.Point))
	}
	if s.Func != "" {
		parts = append(parts, s.Func)
	}
	if s.File != "" {
		parts = append(parts, fmt.Sprintf("%s:%d", s.File, s.Line))
	}
	if s.PC != 0 {
		parts = append(parts, fmt.Sprintf("%#x", s.PC))
	}
	if state := strings.Trim(s.Form+", "+s.State, ", "); state != "" {
		parts = append(parts, state)
	}
	line := strings.Join(parts, "  ")
	if s.Why != "" {
		line += " (" + s.Why + ")"
	}
	return line
}

// handlerLines describes a handler: a line with its state and counts, and one for each thing out of the ordinary.
func handlerLines(h wire.Handler, style draw.Style) []string {
	state := "disarmed"
	if h.Armed {
		state = style.Good("armed")
	}
	var facts []string
	add := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	switch h.Priority {
	case "", "0":
	case "first", "last":
		add("%s", h.Priority)
	default:
		add("priority %s", h.Priority)
	}
	add("%s", draw.Plural(h.Calls, "call"))
	if h.InFlight > 0 {
		add("%d in flight, the longest for %s", h.InFlight, draw.Duration(h.Longest))
	}
	if h.Paused > 0 {
		add("%s held", draw.Plural(h.Paused, "caller"))
	}
	if h.Skip > 0 {
		add("lets the first %d events pass", h.Skip)
	}
	if h.Max > 0 {
		add("disarms itself after %d hits (now %d)", h.Max, h.Hits)
	}
	if h.Local {
		add("not for remote control")
	}
	if h.Session {
		add("of a gkhi command that runs")
	}
	lines := []string{fmt.Sprintf("  %-8s  %s  %s, %s", "handler", draw.Safe(h.Name), state, draw.Safe(strings.Join(facts, ", ")))}
	if h.Term != "" {
		lines = append(lines, fmt.Sprintf("  %-8s    does %s", "", draw.Safe(h.Term)))
	}
	if h.Panics > 0 {
		lines = append(lines, fmt.Sprintf("  %-8s    %s", "",
			style.Bad(draw.Safe(fmt.Sprintf("%s, the last: %s", draw.Plural(h.Panics, "panic"), h.LastPanic)))))
	}
	return lines
}
