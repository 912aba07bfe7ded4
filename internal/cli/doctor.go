package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/feature"
)

const doctorLong = `Doctor looks at this machine, and at a process if one is given, and says what works, what
works in part, what is missing, and for each of those what to do about it:

  patching  whether code can be changed while it runs, else sites test a flag
  kernel    what the kernel offers to probes
  rights    what you may do
  sockets   the directories through which processes are reached
  process   how the sites of the process are armed and why, its handlers that panicked,
            failpoints that are set, what is around it

It changes nothing of what the process does; it only lets it look for its sites and make
them no-ops, as the first command that arms a hook does. What is missing is no failure:
doctor exits with 0 when it could look at all that it was asked to, and with 1 when the
process can't be reached.`

const doctorExample = `  gkhi doctor                 this machine
  gkhi doctor kvd             and the process kvd
  gkhi doctor --json | jq 'select(.state != "ok")'`

func newDoctor(e *env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "doctor [TARGET]",
		Short:   "say what this machine and a process allow",
		Long:    doctorLong,
		Example: doctorExample,
		GroupID: groupAround,
		Args:    between(0, 1, nil),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return e.completer(nil)(cmd, args, prefix)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.doctor(cmd.Context(), args, asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (e *env) doctor(ctx context.Context, args []string, asJSON bool) error {
	findings := e.machine()
	var failed error
	if len(args) > 0 {
		var about []feature.Finding
		about, failed = e.examine(ctx, args[0])
		findings = append(findings, about...)
	}
	if asJSON {
		for _, f := range findings {
			if err := e.object(f); err != nil {
				return err
			}
		}
		return failed
	}
	head := fmt.Sprintf("gkhi %s, %s", e.build.Version, e.build.Platform)
	return errors.Join(e.lines(append([]string{head}, findingLines(findings, e.style())...)), failed)
}

// examine returns the findings about a process. The error says that it could not be reached; it is among the findings, too.
func (e *env) examine(ctx context.Context, target string) ([]feature.Finding, error) {
	s, err := e.dial(ctx, target)
	if err != nil {
		f := feature.Finding{Name: "reached", State: feature.Missing, Detail: describe(err), Advice: "gkhi ls lists the processes that can be reached"}
		var t *client.TargetError
		if errors.As(err, &t) && t.Hint != "" {
			f.Advice = t.Hint
			f.Detail = strings.TrimSuffix(f.Detail, "; "+t.Hint)
		}
		found := []feature.Finding{f}
		if pid, convErr := strconv.Atoi(target); convErr == nil && !errors.Is(err, client.ErrNoProcess) {
			found = append(found, e.process(pid)...)
		}
		return inProcess(found), fmt.Errorf("%s can't be reached", target)
	}
	defer s.Close()
	// Before the first handler is armed, a process does not know its sites. An older one can't be asked to look for them.
	if _, err := s.Prepare(ctx); err != nil && !errors.Is(err, &wire.Error{Code: wire.CodeUnknownOp}) {
		return nil, about(s, err)
	}
	st, err := s.Status(ctx)
	if err != nil {
		return nil, about(s, err)
	}
	hooks, err := s.Hooks(ctx)
	if err != nil {
		return nil, about(s, err)
	}
	found := []feature.Finding{reached(s.Process(), st), sites(st)}
	if st.Laid != nil {
		found = append(found, laid(st))
	}
	found = append(found, handlers(hooks), failpoints(hooks))
	return inProcess(append(found, e.process(s.Process().PID)...)), nil
}

func inProcess(found []feature.Finding) []feature.Finding {
	for i := range found {
		found[i].Group = feature.GroupProcess
	}
	return found
}

func reached(p client.Process, st wire.Status) feature.Finding {
	h := st.Hello
	return feature.Finding{Name: "reached", State: feature.OK, Detail: fmt.Sprintf("%s has gkhi %s, %s, %s, and runs for %s: %s, %d armed",
		label(p), h.Version, h.GoVersion, h.Platform, draw.Age(time.Duration(st.Uptime)), draw.Plural(st.Hooks, "hook"), st.Armed)}
}

// sites says how sites are armed, and why not by patching.
func sites(st wire.Status) feature.Finding {
	f := feature.Finding{Name: "sites", State: feature.OK}
	switch {
	case st.Method == "flag":
		f.State, f.Detail = feature.Limited, "flag: each site tests a byte in memory"
		f.Advice = "nothing has to be done: the flag is always right, at the cost of a load and a branch"
	case st.Stuck > 0:
		f.State, f.Detail = feature.Limited, fmt.Sprintf("%d of %d patched through %s, and %d that trap at each pass, since a patch could not be finished: right, but slow",
			st.Patched, st.Sites, st.Method, st.Stuck)
		f.Advice = "look for what keeps the process from writing to its own code (above), and start it anew"
	case st.Restless > 0 && st.Patched+st.Restless == st.Sites:
		f.Detail = fmt.Sprintf("%d of %d patched through %s; the others test a byte in memory until their hook is toggled less often", st.Patched, st.Sites, st.Method)
	case st.Patched < st.Sites:
		f.State, f.Detail = feature.Limited, fmt.Sprintf("%d of %d patched through %s; the others test a byte in memory", st.Patched, st.Sites, st.Method)
		f.Advice = "gkhi ls -v says of each site why it is not patched"
	default:
		f.Detail = fmt.Sprintf("%d of %d patched through %s", st.Patched, st.Sites, st.Method)
	}
	if st.Text > 0 {
		f.Detail += fmt.Sprintf(" (found in %.1f MiB of code within %s)", float64(st.Text)/(1<<20), draw.Duration(st.ScanTime))
	}
	if len(st.Why) > 0 {
		f.Detail += "; " + strings.Join(st.Why, "; ")
		if f.State == feature.OK {
			f.State, f.Advice = feature.Limited, "gkhi ls -v says what is there at each site"
		}
	}
	return f
}

// laid tells of the points that gkhi build laid down.
func laid(st wire.Status) feature.Finding {
	f := feature.Finding{Name: "functions", State: feature.OK}
	l := st.Laid
	if l.Error != "" {
		f.State, f.Detail = feature.Missing, l.Error
		f.Advice = "build the program anew, with the gkhi that looks at it"
		return f
	}
	f.Detail = fmt.Sprintf("%s of %s have points, %s, %d armed", draw.Plural(st.Functions, "function"), draw.Plural(st.Packages, "package"),
		draw.Plural(l.Sites, "site"), l.Armed)
	if l.Loads > 0 {
		f.Detail += fmt.Sprintf("; %s can't be made sites and stay loads, which do nothing", draw.Plural(l.Loads, "point"))
	}
	if l.NoArgs == "" {
		f.Detail += "; where arguments are is known"
		return f
	}
	f.State = feature.Limited
	f.Detail += "; where arguments are is not known: " + l.NoArgs
	f.Advice = "nothing has to be done to trace and count functions; their arguments need debug information as the program is linked"
	return f
}

// handlers looks for those that did panic or that hang.
func handlers(hooks []wire.Hook) feature.Finding {
	f := feature.Finding{Name: "handlers", State: feature.OK}
	var bad []string
	n, armed := 0, 0
	for _, h := range hooks {
		for _, hd := range h.Handlers {
			n++
			if hd.Armed {
				armed++
			}
			name := h.Name + "/" + hd.Name
			if hd.Panics > 0 {
				bad = append(bad, fmt.Sprintf("%s panicked (%s) and was disarmed", name, hd.LastPanic))
			}
			if hd.InFlight > hd.Paused && time.Duration(hd.Longest) > longCall {
				bad = append(bad, fmt.Sprintf("a call of %s has run for %s", name, draw.Duration(hd.Longest)))
			}
		}
	}
	f.Detail = fmt.Sprintf("%d registered, %d armed", n, armed)
	if len(bad) > 0 {
		f.State, f.Detail = feature.Limited, strings.Join(bad, "; ")
		f.Advice = "gkhi ls -v shows each handler; gkhi disarm takes one out"
	}
	return f
}

// longCall is how long a call of a handler may run before doctor mentions it: it holds up the program for as long.
const longCall = time.Second

// failpoints looks for terms that somebody has left in force.
func failpoints(hooks []wire.Hook) feature.Finding {
	active := activeFails(hooks)
	if len(active) == 0 {
		return feature.Finding{Name: "failpoints", State: feature.OK, Detail: "none is set"}
	}
	var set []string
	for _, f := range active {
		set = append(set, f.Name+": "+f.Term)
	}
	return feature.Finding{
		Name: "failpoints", State: feature.Limited, Detail: "the program fails on purpose: " + strings.Join(set, "; "),
		Advice: "gkhi fail TARGET NAME off takes one away",
	}
}

// findingLines writes findings under the titles of their groups, with the advice below each.
func findingLines(findings []feature.Finding, style draw.Style) []string {
	width := 0
	for _, f := range findings {
		width = max(width, draw.Width(draw.Safe(f.Name)))
	}
	marks := map[feature.State]func(string) string{
		feature.OK: style.Good, feature.Limited: style.Warn, feature.Missing: style.Bad,
	}
	var lines []string
	group := ""
	for _, f := range findings {
		if f.Group != group {
			group = f.Group
			lines = append(lines, "", style.Title(group))
		}
		name := draw.Safe(f.Name)
		lines = append(lines, fmt.Sprintf("  %s  %s%s  %s", marks[f.State](fmt.Sprintf("%-7s", f.State)),
			name, strings.Repeat(" ", width-draw.Width(name)), draw.Safe(f.Detail)))
		if f.Advice != "" {
			lines = append(lines, fmt.Sprintf("  %7s  %*s  %s", "", width, "", style.Faint("→ "+draw.Safe(f.Advice))))
		}
	}
	return lines
}
