package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/sitetab"
)

const lsLong = `Without a target, ls lists the hooked processes that you can talk to: your own, or with
root everybody's. With a target it lists the hooks of that process, or those that match.

Columns of hooks:
  STATE     dormant: nobody listens, and the hook costs next to nothing; or armed
  HANDLERS  how many are armed, of how many that are registered
  CALLS     calls of its handlers, "-" without any

A program that gkhi build made has points in its functions, which are listed where a glob
names them. Those in a program's file are listed when no process runs it, or with --file.

With -v it shows all there is to know: the event's type, the sites, and each handler with
its calls, those in flight, the longest of them, and its panics. Of a function's sites it shows
in which registers and stack slots the words of parameters are, at returns those of results,
before the instruction there: 16(SP) is 16 bytes above the stack pointer, $7 a constant, ? not
known; and how far the function's frame reaches above the stack pointer.`

const lsExample = `  gkhi ls                     the processes that can be looked at
  gkhi ls kvd                 all hooks of the process kvd
  gkhi ls 4242 'kvd.*' -v     everything about some of them
  gkhi ls ./server 'main.*'   functions of a program that gkhi build made
  gkhi ls kvd --json | jq -r 'select(.state == "armed").name'`

type lsOptions struct {
	asJSON, verbose, short bool
}

func newLs(e *env) *cobra.Command {
	var file bool
	var o lsOptions
	cmd := &cobra.Command{
		Use:               "ls [TARGET [GLOB...]]",
		Short:             "list hooked processes, or the hooks of one",
		Long:              lsLong,
		Example:           lsExample,
		GroupID:           groupLook,
		ValidArgsFunction: e.completer(hookNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && file:
				return usagef("--file: the file is missing")
			case len(args) == 0:
				return e.lsProcesses(cmd.Context(), o.asJSON)
			case file:
				return e.lsFile(args[0], args[1:], o)
			}
			return e.lsHooks(cmd.Context(), args[0], args[1:], o)
		},
	}
	jsonFlag(cmd, &o.asJSON)
	shortFlag(cmd, &o.short)
	cmd.Flags().BoolVar(&file, "file", false, "list the functions in a program's file, also when it runs")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "show everything about each hook")
	return cmd
}

// askTime bounds how long one process is asked for its status. One that is stopped does not hold up the list.
const askTime = 2 * time.Second

// A processRow is a process as ls shows it.
type processRow struct {
	Target string `json:"target"`
	PID    int    `json:"pid"`
	Copy   int    `json:"copy,omitempty"`
	Name   string `json:"name"`
	Exe    string `json:"exe,omitempty"`
	Main   string `json:"main,omitempty"`
	GKHI   string `json:"gkhi,omitempty"` // version of the library in it
	UID    int    `json:"uid"`
	Start  string `json:"start,omitempty"`
	Hooks  int    `json:"hooks"`
	Armed  int    `json:"armed"`
	Error  string `json:"error,omitempty"` // why it could not be asked; Hooks and Armed are unknown then

	age string
}

func (e *env) lsProcesses(ctx context.Context, asJSON bool) error {
	list, err := e.procs.List(ctx)
	if err != nil && len(list) == 0 {
		return err
	}
	if err != nil {
		e.note("ls: %v", err)
	}
	if len(list) == 0 && !asJSON {
		e.note("no hooked process of this user runs; a Go program is hooked when it calls gkhi.Serve (gkhi demo shows one)")
		return nil
	}
	rows := e.askProcesses(ctx, list)
	if err := ctx.Err(); err != nil {
		return err
	}
	if asJSON {
		for _, r := range rows {
			if err := e.object(r); err != nil {
				return err
			}
		}
		return nil
	}
	style := e.style()
	t := draw.Table{Title: style.Title, Columns: []draw.Column{
		{Title: "TARGET", Right: true}, {Title: "NAME", Style: style.Name}, {Title: "UID", Right: true}, {Title: "AGE", Right: true},
		{Title: "HOOKS", Right: true}, {Title: "ARMED", Right: true}, {Title: "PROGRAM"},
	}}
	for _, r := range rows {
		hooks, armed, program := fmt.Sprint(r.Hooks), fmt.Sprint(r.Armed), r.Main
		if r.Error != "" {
			hooks, armed, program = "-", "-", r.Error
		}
		uid := "-"
		if r.UID >= 0 {
			uid = fmt.Sprint(r.UID)
		}
		t.Row(r.Target, r.Name, uid, r.age, hooks, armed, program)
	}
	return e.lines(t.Lines(e.columns()))
}

// askProcesses asks each process for its status, several at a time.
func (e *env) askProcesses(ctx context.Context, list []client.Process) []processRow {
	rows := make([]processRow, len(list))
	room := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i, p := range list {
		r := processRow{Target: p.Target(), PID: p.PID, Copy: p.Copy, Name: p.Name, Exe: p.Exe, UID: p.UID, age: "-"}
		if !p.Start.IsZero() {
			r.Start = jsonTime(p.Start)
			r.age = draw.Age(e.now().Sub(p.Start))
		}
		if p.Hello != nil {
			r.Main, r.GKHI = p.Hello.Main, p.Hello.Version
		}
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			st, err := e.askStatus(ctx, p)
			if err != nil {
				r.Error = strings.TrimPrefix(describe(err), r.Target+": ")
			}
			r.Hooks, r.Armed = st.Hooks, st.Armed
			rows[i] = r
		})
	}
	wg.Wait()
	return rows
}

func (e *env) askStatus(ctx context.Context, p client.Process) (wire.Status, error) {
	if p.Err != nil {
		return wire.Status{}, p.Err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	s, err := e.procs.Dial(ctx, p.Target())
	if err != nil {
		return wire.Status{}, err
	}
	defer s.Close()
	return s.Status(ctx)
}

func (e *env) lsHooks(ctx context.Context, target string, globs []string, o lsOptions) error {
	s, err := e.dial(ctx, target)
	var idle *notRunning
	if errors.As(err, &idle) {
		if fileErr := e.lsFile(target, globs, o); !errors.Is(fileErr, sitetab.ErrNone) && !errors.Is(fileErr, fs.ErrNotExist) {
			return fileErr
		}
	}
	if err != nil {
		return err
	}
	defer s.Close()
	hooks, _, err := askGlobs(e, s, "ls", globs, func(globs []string) ([]wire.Hook, error) { return s.Hooks(ctx, globs...) })
	if err != nil {
		return err
	}
	switch {
	case o.asJSON:
		for _, h := range hooks {
			if err := e.object(h); err != nil {
				return err
			}
		}
		return nil
	case len(globs) == 0:
		if err := e.functionSummary(ctx, s, len(hooks)); err != nil || len(hooks) == 0 {
			return err
		}
	}
	return e.showHooks(hooks, platformOf(s.Process()), o)
}

// functionSummary says that there are functions, too many to list them unasked; or that there is nothing at all.
func (e *env) functionSummary(ctx context.Context, s session, hooks int) error {
	st, err := s.Status(ctx)
	if err != nil {
		return about(s, err)
	}
	switch {
	case st.Functions > 0:
		e.note("%s has points in %s of %s: gkhi ls %s 'main.*' lists those of package main",
			label(s.Process()), draw.Plural(st.Functions, "function"), draw.Plural(st.Packages, "package"), s.Process().Target())
	case hooks == 0:
		e.note("%s declares no hooks", label(s.Process()))
	}
	return nil
}

// showHooks prints hooks, and then functions, as tables or page by page.
func (e *env) showHooks(hooks []wire.Hook, platform string, o lsOptions) error {
	style := e.style()
	if o.verbose {
		return e.lines(hookPages(hooks, platform, style))
	}
	first := slices.IndexFunc(hooks, func(h wire.Hook) bool { return h.Kind == wire.KindFunction })
	if first < 0 {
		first = len(hooks)
	}
	if first > 0 {
		if err := e.lines(hookTable(hooks[:first], style).Lines(e.columns())); err != nil || first == len(hooks) {
			return err
		}
		if err := e.lines([]string{""}); err != nil {
			return err
		}
	}
	return e.lines(functionTable(hooks[first:], e.lsNames(hooks[first:], o.short), style).Lines(e.columns()))
}

// lsNames are by what functions are listed. On a terminal long names would take the place of all else.
func (e *env) lsNames(hooks []wire.Hook, short bool) *draw.Names {
	names := make([]string, len(hooks))
	for i, h := range hooks {
		names[i] = h.Name
		if width := e.columns(); width > 0 && draw.Width(draw.Safe(h.Name)) > width/2 {
			short = true
		}
	}
	return shortNames(short, names...)
}

// functionTable lists functions, with their points: one entry, and returns.
func functionTable(hooks []wire.Hook, names *draw.Names, style draw.Style) *draw.Table {
	t := &draw.Table{Title: style.Title, Columns: []draw.Column{
		{Title: "FUNCTION", Style: style.Name}, {Title: "STATE", Style: stateStyle(style)},
		{Title: "SITES", Right: true}, {Title: "SOURCE"}, {Title: "SIGNATURE"},
	}}
	for _, h := range hooks {
		n := 0
		for _, s := range h.Sites {
			if s.PC != 0 {
				n++
			}
		}
		t.Row(names.Of(h.Name), h.State, fmt.Sprint(n), h.Declared, signature(h))
	}
	return t
}

func hookTable(hooks []wire.Hook, style draw.Style) *draw.Table {
	t := &draw.Table{Title: style.Title, Columns: []draw.Column{
		{Title: "NAME", Style: style.Name}, {Title: "KIND"}, {Title: "STATE", Style: stateStyle(style)},
		{Title: "HANDLERS", Right: true}, {Title: "CALLS", Right: true}, {Title: "DOC"},
	}}
	for _, h := range hooks {
		handlers, calls := handlerCounts(h)
		t.Row(h.Name, h.Kind, h.State, handlers, calls, h.Doc)
	}
	return t
}

// stateStyle marks what is armed.
func stateStyle(style draw.Style) func(string) string {
	return func(cell string) string {
		if strings.TrimSpace(cell) == wire.StateArmed {
			return style.Good(cell)
		}
		return cell
	}
}

// handlerCounts returns "armed/registered" and the calls of all handlers.
func handlerCounts(h wire.Hook) (handlers, calls string) {
	if len(h.Handlers) == 0 {
		return "0", "-"
	}
	armed, n := 0, uint64(0)
	for _, hd := range h.Handlers {
		if hd.Armed {
			armed++
		}
		n += hd.Calls
	}
	return fmt.Sprintf("%d/%d", armed, len(h.Handlers)), fmt.Sprint(n)
}

// platformOf returns the process's GOOS/GOARCH, or this command's.
func platformOf(p client.Process) string {
	if p.Hello != nil && p.Hello.Platform != "" {
		return p.Hello.Platform
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}
