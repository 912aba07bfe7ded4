package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/gobuild"
)

const buildLong = `%s is "go %[2]s" with hook points: at the entry and at each return of the
program's functions there is an instruction that does nothing until somebody arms the point.
No source is changed, and neither is go.mod. Then, on the running program:

  gkhi ls TARGET 'pkg.*'       the functions that have points
  gkhi stat TARGET 'pkg.*'     calls, rates, times
  gkhi trace TARGET 'pkg.*'    who calls whom, for each goroutine

The program serves its control socket by itself, unless GKHI_SERVE=off is in its environment.
All arguments of "go %[2]s" work, and come after or among these:

  -hooks PATTERN,…    which functions: import paths (net/http, ./..., example.com/x/..., std, all)
                      or names (example.com/x.(*T).M, 'main.New*'); -PATTERN leaves out. The last
                      one that matches decides. Default: all packages of the main module.
  -hooks-min N        the least size, in the inliner's units; default 81: what the compiler
                      inlines, and small leaves, are left alone. 0 takes every function.
  -hooks-serve=false  serve no control socket; calling gkhi.Serve or mounting gkhihttp still does.
%[3]s
It works for linux/amd64 and linux/arm64, from wherever. The runtime and what it stands on
never get points, nor does crypto/internal/fips140.`

const traceFlagHelp = `  -trace PATTERN,…    show these functions' calls from the first instruction on, as gkhi trace.
`

// A goVerb is a command that is the go command's with points.
type goVerb struct {
	verb, short, use, example string
	trace                     bool
}

var goVerbs = []goVerb{
	{"build", "build a Go program with points in its functions", "build [-hooks PATTERN]... [go build's flags] [PACKAGE...]",
		"  gkhi build ./cmd/server\n  gkhi build -hooks ./...,net/http -o server ./cmd/server", false},
	{"run", "build a Go program with points and run it", "run [-hooks PATTERN]... [-trace PATTERN]... [go run's flags] PACKAGE [ARGUMENT...]",
		"  gkhi run ./cmd/server -listen :8080\n  gkhi run -trace 'main.*' ./cmd/tool", true},
	{"test", "run tests with points in the functions", "test [-hooks PATTERN]... [-trace PATTERN]... [go test's flags] [PACKAGE...]",
		"  gkhi test ./...\n  gkhi test -trace 'example.com/x.*' -run TestX ./x", true},
	{"install", "install a Go program with points", "install [-hooks PATTERN]... [go install's flags] [PACKAGE...]",
		"  gkhi install ./cmd/server\n  gkhi install example.com/cmd/server@latest", false},
}

func newGoVerb(v goVerb) func(*env) *cobra.Command {
	title := map[string]string{"build": "Build", "run": "Run", "test": "Test", "install": "Install"}[v.verb]
	more := ""
	if v.trace {
		more = traceFlagHelp
	}
	return func(e *env) *cobra.Command {
		return &cobra.Command{
			Use:                v.use,
			Short:              v.short,
			Long:               fmt.Sprintf(buildLong, title, v.verb, more),
			Example:            v.example,
			GroupID:            groupBuild,
			DisableFlagParsing: true, // the go command's are not pflag's
			ValidArgsFunction:  goFiles,
			RunE: func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help"}, args[0]) {
					return cmd.Help()
				}
				return e.goBuild(cmd.Context(), v.verb, args)
			},
		}
	}
}

// goFiles completes packages, which are folders, and files.
func goFiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func (e *env) goBuild(ctx context.Context, verb string, words []string) error {
	args, err := gobuild.ParseArgs(verb, words)
	if err != nil {
		return &usageError{err}
	}
	opt, err := e.buildOptions()
	if err != nil {
		return err
	}
	b, err := gobuild.Prepare(args, opt)
	if err != nil {
		return goError(err)
	}
	defer b.Close() //nolint:errcheck // a folder for temporary files
	if len(args.Trace) == 0 {
		return goError(runUntil(ctx, b.Cmd))
	}
	return e.traceFromStart(ctx, args.Trace, func(env string) error {
		b.Cmd.Env = append(b.Cmd.Env, env)
		return goError(runUntil(ctx, b.Cmd))
	})
}

// buildOptions are the options of a build by this gkhi.
func (e *env) buildOptions() (gobuild.Options, error) {
	tool, err := os.Executable()
	if err != nil {
		return gobuild.Options{}, fmt.Errorf("where this gkhi is: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil { // no home: the go command needs this then
		if cache = os.Getenv("GOCACHE"); !filepath.IsAbs(cache) {
			return gobuild.Options{}, fmt.Errorf("a folder for what is kept between builds: %w", err)
		}
	}
	version := self.BuildID()
	if version == "" {
		if version, err = gobuild.FileVersion(tool); err != nil {
			return gobuild.Options{}, err
		}
	}
	return gobuild.Options{
		Tool: tool, Version: version, Source: gkhi.Source(), Cache: filepath.Join(cache, "gkhi"),
		Stdin: e.in, Stdout: e.out.w, Stderr: e.err,
	}, nil
}

// goError turns the failure of a go command, which has told its reason, into our exit code.
func goError(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &exitCode{max(exit.ExitCode(), exitFailure)}
	}
	return err
}

// runUntil runs a command, and passes on the signal that ends ctx. At a terminal Ctrl-C
// reaches the command by itself, and it decides when to end.
func runUntil(ctx context.Context, cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-ctx.Done():
			var sig signalError
			if errors.As(context.Cause(ctx), &sig) && sig.number != syscall.SIGINT {
				cmd.Process.Signal(sig.number) //nolint:errcheck // it may have ended
			}
		case <-done:
		}
	}()
	return cmd.Wait()
}

// An exitCode ends the command with another command's code, which has said why.
type exitCode struct{ code int }

func (e *exitCode) Error() string { return fmt.Sprintf("exit status %d", e.code) }
