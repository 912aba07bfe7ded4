package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
)

// The exit codes. A signal adds its number to exitSignal.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitSignal  = 128
)

// Run runs the command with the arguments that follow its name and returns the exit code.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newEnv(stdin, stdout, stderr).run(args)
}

func (e *env) run(args []string) int {
	ctx, stop := e.interrupts(context.Background())
	defer stop()
	root := newRoot(e)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = e.out.err
	}
	return e.exit(ctx, cmd, err)
}

// exit reports err on standard error and returns the code for it.
func (e *env) exit(ctx context.Context, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	var other *exitCode
	if errors.As(err, &other) {
		return other.code
	}
	prefix := "gkhi: "
	if _, name, ok := strings.Cut(cmd.CommandPath(), " "); ok {
		prefix += name + ": "
	}
	var sig signalError
	if errors.As(context.Cause(ctx), &sig) {
		fmt.Fprintln(e.err, prefix+sig.Error())
		return exitSignal + int(sig.number)
	}
	fmt.Fprintln(e.err, prefix+draw.Safe(describe(err)))
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(e.err, "Run '%s --help' for usage.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitFailure
}

// A usageError is a command line that is wrong.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// A signalError is the cause of a context that a signal ended.
type signalError struct{ number syscall.Signal }

func (s signalError) Error() string {
	if s.number == syscall.SIGINT {
		return "interrupted"
	}
	return "ended by a signal: " + s.number.String()
}

// notifySignals ends its context at the first Ctrl-C, SIGTERM or SIGHUP. The next one ends the process at once, as
// it does a process that has not asked for signals; the target then notices the closed connection.
func notifySignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // nohup, or a shell's background job
			signal.Notify(ch, s)
		}
	}
	go func() {
		select {
		case s := <-ch:
			signal.Stop(ch)
			number, _ := s.(syscall.Signal)
			cancel(signalError{number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		cancel(nil)
	}
}
