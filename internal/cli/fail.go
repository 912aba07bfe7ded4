package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
)

const failLong = `Fail makes a decision of the program fail as a term says, "off" takes the term away, and
without a name it lists the terms in force, with how often each was asked and how many
callers it holds.

A term is one action, or several with -> between them. A probability or a count may stand
before each: 10%return("disk full"), 3*panic. The first one that its probability and its count
allow happens.

  return, return(VALUE)   answer in the program's place; an error is given by its text
  panic("text")           panic
  sleep(50ms), delay(1ms) let the caller wait; delay keeps the CPU busy meanwhile
  pause                   hold callers until --release, or until the term is taken away
  print("text")           print to the program's standard error
  yield                   let other goroutines run
  off                     nothing; the last of a chain, usually

A term stays until it is taken away or the program ends, unless --hold or -d is given.
Quote terms: the shell has its own uses for parentheses, quotes and ">".`

const failExample = `  gkhi fail kvd                                          the terms in force
  gkhi fail kvd kvd.commit-error '10%return("disk full")'
  gkhi fail kvd kvd.commit-error off
  gkhi fail kvd kvd.read-value '3*sleep(50ms)->off' --hold
  gkhi fail kvd kvd.commit-error pause -d 10s            hold callers for ten seconds
  gkhi fail kvd --release                                let those go that are held`

type failOptions struct {
	release bool
	asJSON  bool
	hold    holdFlags
}

func newFail(e *env) *cobra.Command {
	var o failOptions
	complete := e.completer(decisionNames)
	cmd := &cobra.Command{
		Use:     "fail TARGET [NAME TERM]",
		Short:   "set, remove and list what goes wrong on purpose",
		Long:    failLong,
		Example: failExample,
		GroupID: groupSteer,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.release {
				return atLeast(theTarget)(cmd, args)
			}
			return between(1, 3, []string{theTarget})(cmd, args)
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 2 && !o.release {
				return withPrefix([]cobra.Completion{"off", "pause", "panic", "return"}, prefix), cobra.ShellCompDirectiveNoFileComp
			}
			return complete(cmd, args, prefix)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, target, rest := cmd.Context(), args[0], args[1:]
			switch {
			case o.release && o.hold.on():
				return usagef("--release can't be undone, so it goes with neither --hold nor -d")
			case o.release:
				return e.release(ctx, target, rest, o)
			case len(rest) == 2:
				return e.setFail(ctx, target, rest[0], rest[1], o)
			case o.hold.on():
				return usagef("--hold and -d need a name and a term to set")
			}
			return e.listFails(ctx, target, rest, o)
		},
	}
	cmd.Flags().BoolVar(&o.release, "release", false, "let callers go on that are held, of all decisions or of those that match")
	o.hold.add(cmd)
	jsonFlag(cmd, &o.asJSON)
	return cmd
}

func (e *env) setFail(ctx context.Context, target, name, term string, o failOptions) error {
	s, err := e.dial(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := s.Fail(ctx, wire.FailArgs{Name: name, Term: term, Hold: o.hold.on()})
	if err != nil {
		return about(s, err)
	}
	if err := e.printFail(r, o.asJSON); err != nil || !o.hold.on() {
		return err
	}
	return o.hold.wait(ctx, e, s)
}

func (e *env) printFail(r wire.FailResult, asJSON bool) error {
	if asJSON {
		return e.object(r)
	}
	now, was := r.Now, ""
	if now == "" {
		now = "off"
	}
	switch {
	case r.Was == r.Now:
		was = "  (as it was)"
	case r.Was != "":
		was = "  (was " + r.Was + ")"
	}
	return e.line("%s  %s%s", r.Name, now, was)
}

func (e *env) release(ctx context.Context, target string, globs []string, o failOptions) error {
	s, err := e.dial(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	if len(globs) == 0 {
		globs = []string{"*"}
	}
	r, err := s.Release(ctx, globs...)
	if err != nil {
		return about(s, err)
	}
	if o.asJSON {
		return e.object(r)
	}
	return e.line("%s released", draw.Plural(r.Released, "caller"))
}

// A failLine is a term in force as --json prints it.
type failLine struct {
	Name   string `json:"name"`
	Term   string `json:"term"`
	Calls  uint64 `json:"calls"`
	Paused int    `json:"paused"`
	Armed  bool   `json:"armed"`
}

func (e *env) listFails(ctx context.Context, target string, globs []string, o failOptions) error {
	s, err := e.dial(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	hooks, err := s.Hooks(ctx, globs...)
	if err != nil {
		return about(s, err)
	}
	active := activeFails(hooks)
	if o.asJSON {
		for _, f := range active {
			if err := e.object(f); err != nil {
				return err
			}
		}
		return nil
	}
	if len(active) == 0 {
		e.note("no failpoint is set in %s%s", label(s.Process()), decisionsOf(hooks))
		return nil
	}
	style := e.style()
	t := draw.Table{Title: style.Title, Columns: []draw.Column{
		{Title: "NAME", Style: style.Name}, {Title: "CALLS", Right: true}, {Title: "HELD", Right: true}, {Title: "TERM"},
	}}
	for _, f := range active {
		term := f.Term
		if !f.Armed {
			term += "  (disarmed)"
		}
		t.Row(f.Name, fmt.Sprint(f.Calls), fmt.Sprint(f.Paused), term)
	}
	return e.lines(t.Lines(e.columns()))
}

func activeFails(hooks []wire.Hook) []failLine {
	var active []failLine
	for _, h := range hooks {
		for _, hd := range h.Handlers {
			if hd.Term != "" {
				active = append(active, failLine{h.Name, hd.Term, hd.Calls, hd.Paused, hd.Armed})
			}
		}
	}
	return active
}

// decisionsOf says what could be set.
func decisionsOf(hooks []wire.Hook) string {
	var names []string
	for _, h := range hooks {
		if h.Kind == wire.KindDecision {
			names = append(names, h.Name)
		}
	}
	switch {
	case len(names) == 0:
		return ", which has no decisions"
	case len(names) > 5:
		return fmt.Sprintf(", which has %d decisions", len(names))
	}
	return "; its decisions are " + strings.Join(names, ", ")
}
