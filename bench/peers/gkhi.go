package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
)

const subjectPackage = "github.com/gkhi/gkhi/bench/peers/subject"

// sockets is where subjects that gkhi looks at have their control sockets.
func (w *workshop) sockets() string { return filepath.Join(w.dir, "sockets") }

// plainGo is the Go subject without points, once it is built.
func (w *workshop) plainGo() (string, error) {
	exe := filepath.Join(w.dir, "go-plain")
	if _, err := os.Stat(exe); err == nil {
		return exe, nil
	}
	return exe, w.goBuild("go", "-o", exe, subjectPackage)
}

// goBuild runs the go command, or gkhi in its place, in this module.
func (w *workshop) goBuild(tool string, args ...string) error {
	cmd := w.command(tool, append([]string{"build"}, args...)...)
	cmd.Dir = "" // here
	_, err := output(cmd)
	return err
}

// buildGKHI builds the command in its own module, which this one is beside.
func (w *workshop) buildGKHI(to string) error {
	dir, err := output(exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gkhi/gkhi"))
	if err != nil {
		return err
	}
	_, err = w.do("go", "-C", strings.TrimSpace(dir), "build", "-o", to, "./cmd/gkhi")
	return err
}

// gkhi is a function with points of gkhi build, and one with a gkhi.Point.
func (w *workshop) gkhi() ([]*peer, error) {
	plain, err := w.plainGo()
	if err != nil {
		return nil, err
	}
	tool, hooked := filepath.Join(w.dir, "gkhi"), filepath.Join(w.dir, "go-hooked")
	if err := w.buildGKHI(tool); err != nil {
		return nil, err
	}
	if err := w.goBuild(tool, "-hooks", subjectPackage+".work", "-hooks-min", "0", "-o", hooked, subjectPackage); err != nil {
		return nil, err
	}
	p, err := w.pair("gkhi, function of gkhi build", plain, hooked, "work")
	if err != nil {
		return nil, err
	}
	p.gkhi = true
	if _, err := p.hooked.run(load{bursts: 1, calls: 1}); err != nil { // it serves its socket by now
		return nil, err
	}
	os.Setenv("GKHI_SOCKET_DIR", w.sockets())
	c, err := client.Dial(context.Background(), strconv.Itoa(p.hooked.cmd.Process.Pid))
	if err != nil {
		return nil, err
	}
	w.atEnd(func() { c.Close() })
	file := filepath.Join(w.dir, "gkhi.rec")
	spec := func(values bool, stacks int) wire.RecordSpec {
		return wire.RecordSpec{Patterns: []string{"main.work"}, Values: values, Stacks: stacks}
	}
	p.modes = []*mode{
		{name: "gkhi record", notes: "time, goroutine, thread, CPU, depth of the stack", events: 2, arm: recorder(c, spec(false, 0), toFile(file))},
		{name: "gkhi record --args", notes: "that, and an argument or a result", events: 2, arm: recorder(c, spec(true, 0), toFile(file))},
		{name: "gkhi record --stack", notes: "that, and the callers of each call", events: 2, arm: recorder(c, spec(false, 16), toFile(file))},
		{name: "gkhi record --flight", notes: "as gkhi record, kept in memory", events: 2, arm: recorder(c, spec(false, 0), inMemory)},
		{name: "gkhi stat", notes: "counts, and histograms of times", events: 2, arm: counter(c)},
	}
	counted, err := w.pair("gkhi.Point", plain, plain, "point")
	if err != nil {
		return nil, err
	}
	counted.plain.end() // it is to have no point
	if counted.plain, err = w.startKept(plain, "nothing"); err != nil {
		return nil, err
	}
	counted.modes = []*mode{{name: "gkhi.Point, Count", notes: "counts", events: 1, arm: switched(counted, "on")}}
	return []*peer{p, counted}, nil
}

// recorder records as gkhi record does, by the same means.
func recorder(c *client.Client, spec wire.RecordSpec, open func() (io.WriteCloser, error)) func() (*subject, func(int) (int, error), error) {
	return func() (*subject, func(int) (int, error), error) {
		to, err := open()
		if err != nil {
			return nil, nil, err
		}
		ctx, cancel := context.WithCancel(context.Background())
		r, err := c.Record(ctx, spec)
		if err != nil {
			cancel()
			to.Close()
			return nil, nil, err
		}
		done := make(chan error, 1)
		go func() {
			_, err := io.CopyBuffer(to, r, make([]byte, 256<<10))
			done <- err
		}()
		return nil, func(int) (int, error) {
			cancel() // what comes before the end is still copied
			err := <-done
			if err2 := to.Close(); err == nil {
				err = err2
			}
			if err2 := r.Close(); err == nil {
				err = err2
			}
			return int(r.Dropped()), err
		}, nil
	}
}

// A recording is what gkhi record writes.
type recording struct {
	*event.Writer
	file *os.File
}

func (r recording) Close() error {
	err := r.Writer.Close()
	if err2 := r.file.Close(); err == nil {
		err = err2
	}
	return err
}

func toFile(name string) func() (io.WriteCloser, error) {
	return func() (io.WriteCloser, error) {
		f, err := os.Create(name)
		if err != nil {
			return nil, err
		}
		return recording{event.NewWriter(f), f}, nil
	}
}

// A flight is what gkhi record --flight keeps.
type flight struct{ *event.Flight }

func (flight) Close() error { return nil }

func inMemory() (io.WriteCloser, error) { return flight{event.NewFlight(64 << 20)}, nil }

// counter counts and times as gkhi stat does. How many calls are not timed, it doesn't say until its report; the number of calls is exact.
func counter(c *client.Client) func() (*subject, func(int) (int, error), error) {
	return func() (*subject, func(int) (int, error), error) {
		s, err := c.Stat(context.Background(), wire.StatSpec{Patterns: []string{"main.work"}, Interval: int64(time.Hour)})
		if err != nil {
			return nil, nil, err
		}
		return nil, func(int) (int, error) { return untold, s.Close() }, nil
	}
}

// switched arms by telling the peer's program so.
func switched(p *peer, on string) func() (*subject, func(int) (int, error), error) {
	return func() (*subject, func(int) (int, error), error) {
		if err := p.hooked.tell("%s", on); err != nil {
			return nil, nil, err
		}
		return nil, func(int) (int, error) { return 0, p.hooked.tell("off") }, nil
	}
}

// runtimeTrace is Go's own tracer.
func (w *workshop) runtimeTrace() ([]*peer, error) {
	plain, err := w.plainGo()
	if err != nil {
		return nil, err
	}
	var ps []*peer
	for _, kind := range []struct {
		arg, name, notes string
		events           int
	}{
		{"region", "runtime/trace, a region", "time, goroutine, thread, name, callers", 2},
		{"log", "runtime/trace, Log", "that, and a text", 1},
	} {
		p, err := w.pair(kind.name, plain, plain, kind.arg)
		if err != nil {
			return nil, err
		}
		p.plain.end() // it is to have neither
		if p.plain, err = w.startKept(plain, "nothing"); err != nil {
			return nil, err
		}
		on := "on " + filepath.Join(w.dir, strings.ReplaceAll(kind.arg, " ", "-")+".trace")
		p.modes = []*mode{{name: kind.name, notes: kind.notes, events: kind.events, arm: switched(p, on)}}
		ps = append(ps, p)
	}
	return ps, nil
}
