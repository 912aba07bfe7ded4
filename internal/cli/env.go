package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/term"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/sockdir"
	"github.com/gkhi/gkhi/internal/feature"
)

// An env is all that commands may touch of the world around them.
type env struct {
	in     io.Reader
	out    *stickyWriter
	err    io.Writer
	getenv func(string) string
	now    func() time.Time
	zone   *time.Location // in which times are shown

	// terminal returns the size of the terminal that out is; ok is false when it is none, or one
	// that knows no escape sequences.
	terminal func() (columns, rows int, ok bool)

	// errTerminal says the same of err.
	errTerminal func() (columns, rows int, ok bool)

	// interrupts returns a context that ends, with a signalError as its cause, when the user wants the command to end.
	interrupts func(context.Context) (context.Context, context.CancelFunc)

	// open opens a file to read, and says how long it is; -1 when that is not known.
	open func(name string) (io.ReadCloser, int64, error)

	build   versionInfo
	procs   processes
	machine func() []feature.Finding
	process func(pid int) []feature.Finding
}

// newEnv returns the real world.
func newEnv(stdin io.Reader, stdout, stderr io.Writer) *env {
	return &env{
		in:          stdin,
		out:         &stickyWriter{w: stdout},
		err:         stderr,
		getenv:      os.Getenv,
		now:         time.Now,
		zone:        time.Local,
		terminal:    func() (int, int, bool) { return terminalSize(stdout) },
		errTerminal: func() (int, int, bool) { return terminalSize(stderr) },
		interrupts:  notifySignals,
		open:        openFile,
		build:       buildVersion(),
		procs:       liveProcesses{},
		machine:     func() []feature.Finding { return append(feature.Machine(), sockets(sockdir.Candidates())...) },
		process:     feature.Process,
	}
}

func openFile(name string) (io.ReadCloser, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	size := int64(-1)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return f, size, nil
}

func terminalSize(w io.Writer) (columns, rows int, ok bool) {
	f, isFile := w.(*os.File)
	// Windows' console has to be told to understand escape sequences; there, lines do.
	if !isFile || os.Getenv("TERM") == "dumb" || runtime.GOOS == "windows" || !term.IsTerminal(int(f.Fd())) {
		return 0, 0, false
	}
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 || rows <= 0 {
		columns, rows = 80, 24 // a terminal over a serial line does not know
	}
	return columns, rows, true
}

// style returns colours on a terminal, unless the user has set NO_COLOR (no-color.org).
func (e *env) style() draw.Style {
	_, _, ok := e.terminal()
	return draw.NewStyle(ok && e.getenv("NO_COLOR") == "")
}

// columns returns the terminal's width; 0, which is no limit, where out is none.
func (e *env) columns() int {
	c, _, ok := e.terminal()
	if !ok {
		return 0
	}
	return c
}

// lines prints lines on standard output, which are safe already.
func (e *env) lines(lines []string) error {
	var b bytes.Buffer
	for _, l := range lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	_, err := e.out.Write(b.Bytes())
	return err
}

// line prints a line on standard output.
func (e *env) line(format string, args ...any) error {
	return e.lines([]string{draw.Safe(fmt.Sprintf(format, args...))})
}

// note says on standard error what is going on.
func (e *env) note(format string, args ...any) {
	fmt.Fprintf(e.err, "gkhi: %s\n", draw.Safe(fmt.Sprintf(format, args...)))
}

// object prints v on standard output as a line of JSON.
func (e *env) object(v any) error {
	line, err := jsonLine(v)
	if err != nil {
		return err
	}
	_, err = e.out.Write(line)
	return err
}

// jsonLine returns v as a line of JSON that is safe to show on a terminal.
func jsonLine(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // <- and & are common in Go's names, and this is not HTML
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	line := draw.SafeJSON(bytes.TrimRight(b.Bytes(), "\n"))
	return append(line, '\n'), nil
}

// jsonTime writes a time for --json, in UTC.
func jsonTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// A stickyWriter remembers the first error, so that a full disk is not taken for success.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	if err != nil {
		s.err = fmt.Errorf("writing the output: %w", err)
	}
	return n, s.err
}
