package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	startTimeout = 20 * time.Second
	stopTimeout  = 5 * time.Second // a kvd without requests stops at once
)

// A service is a kvd that runs.
type service struct {
	name string
	url  string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended and err is set
	err  error
	last string // of its log
}

// startService starts the program bin on any port of loopback with its data at
// db, and returns when it serves.
func startService(ctx context.Context, bin, db string) (*service, error) {
	cmd := exec.Command(bin, "-addr=127.0.0.1:0", "-db="+db, "-log-json")
	s := &service{name: filepath.Base(bin), cmd: cmd, done: make(chan struct{})}
	logs, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = procAttr()
	started := make(chan error)
	addr := make(chan string, 1)
	go func() {
		defer close(s.done)
		runtime.LockOSThread() // see procAttr
		err := cmd.Start()
		started <- err
		if err == nil {
			s.last = readLogs(logs, addr)
			s.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", s.name, err)
	}
	select {
	case a := <-addr:
		s.url = "http://" + a
		return s, nil
	case <-s.done:
		return nil, fmt.Errorf("%s ended at once: %w\n%s", s.name, s.err, s.last)
	case <-time.After(startTimeout):
		err = fmt.Errorf("%s does not serve after %v", s.name, startTimeout)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, s.stop())
}

// readLogs reads a service's log to its end, gives addr the address that it
// serves on, and returns the last line.
func readLogs(r io.Reader, addr chan<- string) (last string) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		last = lines.Text()
		var line struct{ Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			select {
			case addr <- line.Addr:
			default: // once is enough
			}
		}
	}
	return strings.TrimSpace(last)
}

func (s *service) pid() int { return s.cmd.Process.Pid }

// stop asks the process to end, waits, and kills it if it doesn't.
func (s *service) stop() error {
	ask := os.Interrupt
	if runtime.GOOS == "windows" {
		ask = os.Kill // nothing else can be sent there
	}
	if err := s.cmd.Process.Signal(ask); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", s.name, err)
	}
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
		s.cmd.Process.Kill()
		<-s.done
		return fmt.Errorf("%s did not end within %v and was killed", s.name, stopTimeout)
	}
	if s.err != nil && ask != os.Kill {
		return fmt.Errorf("%s: %w\n%s", s.name, s.err, s.last)
	}
	return nil
}
