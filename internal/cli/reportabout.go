package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
)

// aboutReport begins what report says.
const aboutReport = "report: "

// aboutRecording says on standard error what a reader has to know about the figures. Lines begin with what.
func (e *env) aboutRecording(in *reportInput, what string) {
	out, m := in.out, &in.r.Meta
	say := func(format string, args ...any) { e.note("%s", what+fmt.Sprintf(format, args...)) }
	process := fmt.Sprintf("%s (%d)", baseName(m.Program), m.PID)
	if m.Host != "" {
		process += " on " + m.Host
	}
	hits := ""
	if out.Hits > 0 {
		hits = ", " + draw.Plural(out.Hits, "hit") + " of hooks"
	}
	began := time.Unix(0, out.Start).In(e.zone).Format("2006-01-02 15:04:05")
	if out.Part() { // events were counted up to its end only
		say("%s, %s, %s, of which this is %s to %s: %s", process, began, draw.Duration(out.Last-out.Start),
			moment(out.From-out.Start), moment(out.To-out.Start), draw.Plural(out.Calls, "call"))
	} else {
		say("%s, %s, %s: %s%s", process, began, draw.Duration(out.End-out.Start), draw.Plural(out.Events, "event"), hits)
	}
	if out.Lost > 0 {
		say("%s lost while it was recorded: times are of the calls that are whole; fewer functions lose less", were(out.Lost, "event"))
	}
	if m.MinTook > 0 {
		say("calls shorter than %s were left out when it was recorded: times are of the longer ones", draw.Duration(m.MinTook))
	}
	if out.Open > 0 && what == aboutReport {
		say("%s under way at its end", were(out.Open, "call"))
	}
	if out.Truncated {
		say("%s was cut off: this is what was written before", in.name)
	}
	if out.End == out.Start && out.Events > 0 {
		say("%s ends before its clocks were read a second time: no times are known", in.name)
	}
	if out.Unsteady > 1e-3 {
		say("the CPU's clock was off by %.1f %% at times: so are the times here", 100*out.Unsteady)
	}
	if d := out.Drift.Abs(); d > time.Second {
		say("the clock of the machine was set by %s meanwhile: times of day here are those of its start", draw.Duration(int64(out.Drift)))
	}
}

// moment is a time from the start on, as it may be given to --from.
func moment(ns int64) string { return time.Duration(ns).Round(time.Microsecond).String() }

func were(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return fmt.Sprintf("%d %ss were", n, noun)
}

// baseName is the last part of a path of any system.
func baseName(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		return path[i+1:]
	}
	return path
}

// unmatched warns of globs that match nothing in a recording. It is an error when none matches anything.
func (e *env) unmatched(verb string, set glob.Set, d *event.Definitions) error {
	names := slices.Clone(d.Hooks)
	for i := range d.Funcs {
		names = append(names, d.Funcs[i].Name)
	}
	return e.idleGlobs(verb, "function or hook", set, names)
}
