package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A subject is a running program that makes calls when it is told to. See c/loop.h for what it is told.
type subject struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// A load is what a subject is to do.
type load struct {
	bursts, calls int
	pause         time.Duration // in front of each burst
	spin          int           // turns of other work after each call
}

// answerWithin is how long a subject may take for what it is told.
const answerWithin = time.Minute

// start starts a program as a subject, in the workshop's folder.
func (w *workshop) start(name string, args ...string) (*subject, error) {
	cmd := w.command(name, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = nil
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &subject{cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// startKept starts a subject that ends when the workshop is closed.
func (w *workshop) startKept(name string, args ...string) (*subject, error) {
	s, err := w.start(name, args...)
	if err != nil {
		return nil, err
	}
	w.atEnd(func() { s.end() }) // nothing depends on how it ends
	return s, nil
}

// ask tells the subject something and returns the answer.
func (s *subject) ask(format string, args ...any) (string, error) {
	command := fmt.Sprintf(format, args...)
	late := time.AfterFunc(answerWithin, func() { s.cmd.Process.Kill() }) // the read below says so
	defer late.Stop()
	if _, err := fmt.Fprintln(s.in, command); err != nil {
		return "", fmt.Errorf("%s: %q: %w", s.cmd.Path, command, err)
	}
	line, err := s.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s: no answer to %q: %w", s.cmd.Path, command, err)
	}
	return strings.TrimSpace(line), nil
}

// tell asks for something that is ok or fails.
func (s *subject) tell(format string, args ...any) error {
	answer, err := s.ask(format, args...)
	if err == nil && answer != "ok" {
		err = fmt.Errorf("%s: %s", s.cmd.Path, answer)
	}
	return err
}

// run has the subject make calls, and returns the nanoseconds for a call of each burst.
func (s *subject) run(l load) ([]float64, error) {
	answer, err := s.ask("run %d %d %d %d", l.bursts, l.calls, l.pause.Microseconds(), l.spin)
	if err != nil {
		return nil, err
	}
	took, err := parseTook(answer, l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.cmd.Path, err)
	}
	return took, nil
}

// parseTook reads the answer to run.
func parseTook(answer string, l load) ([]float64, error) {
	words := strings.Fields(answer)
	if len(words) != l.bursts {
		return nil, fmt.Errorf("%d bursts were asked for, the answer is %q", l.bursts, answer)
	}
	took := make([]float64, len(words))
	for i, word := range words {
		ns, err := strconv.ParseInt(word, 10, 64)
		if err != nil || ns <= 0 {
			return nil, fmt.Errorf("%q is no time in ns", word)
		}
		took[i] = float64(ns) / float64(l.calls)
	}
	return took, nil
}

// settle waits until whoever takes events has those that there are.
func (s *subject) settle() { time.Sleep(50 * time.Millisecond) }

// end ends the subject: it sees the end of its input.
func (s *subject) end() error {
	s.in.Close()
	late := time.AfterFunc(10*time.Second, func() { s.cmd.Process.Kill() })
	defer late.Stop()
	return s.cmd.Wait()
}

// A workshop is the folder where programs are built and run.
type workshop struct {
	dir  string
	ends []func() // called at the end, the last first

	emulated bool // XRay doesn't read the time stamp counter here
}

func newWorkshop() (*workshop, error) {
	dir, err := os.MkdirTemp("", "gkhi-peers-")
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir}
	w.atEnd(func() { os.RemoveAll(dir) })
	return w, nil
}

func (w *workshop) atEnd(f func()) { w.ends = append(w.ends, f) }

// close ends all that was started, and removes the folder.
func (w *workshop) close() {
	for len(w.ends) > 0 {
		last := len(w.ends) - 1
		w.ends[last]()
		w.ends = w.ends[:last]
	}
}

// command is a command that runs in the folder, with nothing of the user's own settings.
func (w *workshop) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "LTTNG_HOME="+w.dir, "GKHI_SOCKET_DIR="+w.sockets(), "XRAY_OPTIONS=")
	return cmd
}

// do runs a command and returns what it prints.
func (w *workshop) do(name string, args ...string) (string, error) {
	return output(w.command(name, args...))
}

func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
