package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const lttngSession = "gkhi-peers"

// lttng is a tracepoint of LTTng-UST, in a session with a channel as it is by default.
func (w *workshop) lttng() ([]*peer, error) {
	plain, err := w.compile("lttng-plain", "gcc", "lttng.c", "-Ic", "-llttng-ust", "-ldl")
	if err != nil {
		return nil, err
	}
	hooked, err := w.compile("lttng-hooked", "gcc", "lttng.c", "-DHIT", "-Ic", "-llttng-ust", "-ldl")
	if err != nil {
		return nil, err
	}
	if err := w.lttngDaemon(); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"create", lttngSession, "--output=" + filepath.Join(w.dir, "lttng-trace")},
		{"enable-channel", "--userspace", "--session=" + lttngSession, "channel"},
		{"enable-event", "--userspace", "--session=" + lttngSession, "--channel=channel", "gkhi_peers:hit"},
	} {
		if _, err := w.lttngDo(args...); err != nil {
			return nil, err
		}
	}
	w.atEnd(func() { w.lttngDo("destroy", lttngSession) }) // the daemon ends next, and all sessions with it
	p, err := w.pair("LTTng-UST", plain, hooked)
	if err != nil {
		return nil, err
	}
	before := 0
	p.modes = []*mode{{
		name: "LTTng-UST, a tracepoint", notes: "time, CPU, an integer; to a file", events: 1,
		arm: func() (*subject, func(int) (int, error), error) {
			if _, err := w.lttngDo("start", lttngSession); err != nil {
				return nil, nil, err
			}
			return nil, func(int) (int, error) {
				if _, err := w.lttngDo("stop", lttngSession); err != nil {
					return 0, err
				}
				out, err := w.lttngDo("list", lttngSession, "--channel=channel")
				if err != nil {
					return 0, err
				}
				all, err := parseDiscarded(out)
				lost := all - before
				before = all
				if _, err := w.lttngDo("clear", lttngSession); err != nil { // of what is in files
					return 0, err
				}
				return lost, err
			}, nil
		},
	}}
	return []*peer{p}, nil
}

var discarded = regexp.MustCompile(`Discarded events: (\d+)`)

// parseDiscarded finds how many events a channel has lost, in what lttng list prints.
func parseDiscarded(list string) (int, error) {
	m := discarded.FindStringSubmatch(list)
	if m == nil {
		return 0, fmt.Errorf("lttng list does not tell of discarded events: %s", list)
	}
	return strconv.Atoi(m[1])
}

func (w *workshop) lttngDo(args ...string) (string, error) {
	return w.do("lttng", append([]string{"--no-sessiond"}, args...)...)
}

// lttngDaemon starts a session daemon, unless one runs that may be somebody else's: root's sockets have a place of their own, which can't
// be chosen.
func (w *workshop) lttngDaemon() error {
	if pid, err := os.ReadFile("/var/run/lttng/lttng-sessiond.pid"); err == nil {
		if _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); err == nil {
			return errors.New("a session daemon runs already, which is left alone")
		}
	}
	daemon := w.command("lttng-sessiond", "--no-kernel", "--quiet")
	if err := daemon.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- daemon.Wait() }()
	w.atEnd(func() {
		daemon.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			daemon.Process.Kill()
			<-ended
		}
	})
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		if _, err := w.lttngDo("list"); err == nil {
			return nil
		}
	}
	return errors.New("the session daemon does not answer")
}
