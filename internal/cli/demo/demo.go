package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/sockdir"
)

// Options is what Run needs. Out and Gkhi have to be set.
type Options struct {
	Out   io.Writer
	Style draw.Style

	// Gkhi runs a gkhi command with these arguments, with its output on Out.
	Gkhi func(ctx context.Context, args ...string) error

	// Command is how a user starts gkhi, as shown in front of arguments. Default: gkhi.
	Command string

	// Functions adds a second act: a program from the module proxy, built with points in its functions.
	Functions bool

	// Page is a file that the second act's report is written to, as HTML. Without it the report goes with the demo's folder.
	Page string

	// Quick makes each part as short as it can be.
	Quick bool
}

// A pace is how long the parts take and how much the load does.
type pace struct {
	rate           int           // requests a second, of the load that goes on all the time
	trace          int           // events
	stat           time.Duration // drawing the histogram
	fail           time.Duration // failing commits
	count          int           // pairs that the second act's benchmark writes
	functionRounds int
	rounds         int           // of the comparison
	round          time.Duration // one measurement in it
}

var (
	normal = pace{rate: 300, trace: 8, stat: 5 * time.Second, fail: 3 * time.Second, count: 200_000, functionRounds: 4, rounds: 25, round: 100 * time.Millisecond}
	quick  = pace{rate: 300, trace: 3, stat: time.Second, fail: time.Second, count: 50_000, functionRounds: 1, rounds: 3, round: 50 * time.Millisecond}
)

// A builder compiles examples/kvd with build tags into the program at path to,
// whose name it returns, after it has shown the command that does it.
type builder func(ctx context.Context, to, tags string) (string, error)

// Run shows the demo. When ctx ends it stops early, cleans up, and returns ctx's cause.
func Run(ctx context.Context, opts Options) error { return start(ctx, opts, nil) }

// start is Run, with another way to build.
func start(ctx context.Context, opts Options, build builder) (err error) {
	p := normal
	if opts.Quick {
		p = quick
	}
	// ctx ends at the first signal. A second one, such as timeout(1) sends, would end
	// this process at once; caught here, it can't come in the way of cleaning up. Nor can
	// SIGPIPE: that nobody reads any more is an error of the next write then.
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer signal.Stop(again)

	dir, err := os.MkdirTemp("", "gkhi-demo-")
	if err != nil {
		return err
	}
	// The sockets are in the folder too, so that their directory is not left either. The
	// variable is for the services and, where sockets aren't found through /proc, for the commands.
	defer setenv(sockdir.EnvDir, filepath.Join(dir, "sockets"))()
	d := &demo{teller: teller{w: opts.Out, style: opts.Style}, opts: opts, pace: p, dir: dir, build: build}
	defer func() {
		err = errors.Join(err, d.stopAll(), os.RemoveAll(dir))
		if err == nil {
			d.farewell()
		}
	}()
	if err := d.run(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx) // whatever failed then failed because of it
		}
		return err
	}
	return d.out.err
}

type demo struct {
	teller
	opts     Options
	pace     pace
	dir      string
	build    builder
	services []*service
	load     *load
	kvd      *service // with its hooks
	bare     *service // without
}

func (d *demo) run(ctx context.Context) error {
	d.say("GKHI puts named hooks into Go programs. They cost next to nothing while nobody")
	d.say("looks. Who looks does so in the live process: no rebuild, no restart, no root.")

	if err := d.prepare(ctx); err != nil {
		return err
	}
	d.load = newLoad(d.kvd.url)
	defer d.load.close()
	if err := d.load.fill(ctx); err != nil {
		return err
	}
	stopLoad := d.load.steady(ctx, d.pace.rate)
	defer stopLoad()

	for _, part := range []func(context.Context) error{d.list, d.trace, d.histogram, d.fail} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	stopLoad()
	if err := d.cost(ctx); err != nil || !d.opts.Functions {
		return err
	}
	return d.functions(ctx)
}

// prepare builds and starts both services.
func (d *demo) prepare(ctx context.Context) error {
	d.part("A service")
	d.say("examples/kvd is a key-value service: HTTP in front of a bbolt file.")
	if d.build == nil {
		from, err := source(ctx)
		if err != nil {
			return err
		}
		d.build = func(ctx context.Context, to, tags string) (string, error) {
			d.command("go " + from.shown(tags))
			return from.build(ctx, to, tags)
		}
	}
	start := time.Now()
	for _, b := range []struct {
		to   **service
		name string
		tags string
	}{{&d.kvd, "kvd", ""}, {&d.bare, "kvd-nohooks", "nohooks"}} {
		bin, err := d.build(ctx, filepath.Join(d.dir, b.name), b.tags)
		if err != nil {
			return err
		}
		s, err := startService(ctx, bin, filepath.Join(d.dir, b.name+".db"))
		if err != nil {
			return err
		}
		d.services = append(d.services, s)
		*b.to = s
	}
	d.say("Built and started in %.1fs: process %d serves %s, and a twin", time.Since(start).Seconds(), d.kvd.pid(), d.kvd.url)
	d.say("without hooks waits for later. %d clients send %d requests a second.", clients, d.pace.rate)
	d.say("Commits wait for the disk under %s.", d.dir)
	return nil
}

func (d *demo) list(ctx context.Context) error {
	d.part("What can be hooked")
	return d.gkhi(ctx, "ls", d.target())
}

func (d *demo) trace(ctx context.Context) error {
	d.part("Watch events")
	return d.gkhi(ctx, "trace", d.target(), "kvd.commit", "kvd.response", "-n", strconv.Itoa(d.pace.trace))
}

func (d *demo) histogram(ctx context.Context) error {
	d.part("How long do commits take?")
	return d.gkhi(ctx, "stat", d.target(), "kvd.commit", "--hist", "-d", d.pace.stat.String())
}

func (d *demo) fail(ctx context.Context) error {
	d.part("Break it: one commit in ten fails")
	const decision = "kvd.commit-error"
	if err := d.gkhi(ctx, "fail", d.target(), decision, `10%return("disk full")`); err != nil {
		return err
	}
	d.load.tally.reset()
	if err := sleep(ctx, d.pace.fail); err != nil {
		return err
	}
	d.clients(d.load.tally.reset())
	if err := d.gkhi(ctx, "fail", d.target(), decision, "off"); err != nil {
		return err
	}
	// A request that was answered late may still tell of the time before.
	if err := sleep(ctx, d.pace.fail/10); err != nil {
		return err
	}
	d.load.tally.reset()
	if err := sleep(ctx, d.pace.fail/2); err != nil {
		return err
	}
	d.clients(d.load.tally.reset())
	return nil
}

// clients tells what clients saw.
func (d *demo) clients(seen counts) {
	d.say("What clients see meanwhile:")
	t := draw.Table{Title: d.style.Title, Columns: []draw.Column{{Title: "REQUESTS"}, {Title: "COUNT", Right: true}, {Title: "ANSWER"}}}
	for _, r := range seen.rows() {
		t.Row(r.what, fmt.Sprint(r.n), r.text)
	}
	d.lines(t.Lines(0))
}

// target is how the service is named to gkhi. By its pid, since another kvd may run.
func (d *demo) target() string { return strconv.Itoa(d.kvd.pid()) }

// gkhi shows a command and runs it.
func (d *demo) gkhi(ctx context.Context, args ...string) error {
	name := d.opts.Command
	if name == "" {
		name = "gkhi"
	}
	d.command(shellLine(append([]string{name}, args...)))
	if d.out.err != nil {
		return d.out.err
	}
	if err := d.opts.Gkhi(ctx, args...); err != nil {
		return fmt.Errorf("gkhi %s: %w", args[0], err)
	}
	return ctx.Err()
}

// stopAll stops the services, all at once.
func (d *demo) stopAll() error {
	errs := make(chan error, len(d.services))
	for _, s := range d.services {
		go func() { errs <- s.stop() }()
	}
	var all error
	for range d.services {
		all = errors.Join(all, <-errs)
	}
	return all
}

func (d *demo) farewell() {
	d.part("That was it")
	d.say("Both services are stopped and their folder is removed.")
	d.say("examples/kvd/hooks.go declares the hooks you saw; README.md goes on from here,")
	d.say("and docs/build.md from the second act.")
}

// setenv sets an environment variable until restore is called.
func setenv(name, value string) (restore func()) {
	old, was := os.LookupEnv(name)
	os.Setenv(name, value)
	return func() {
		if was {
			os.Setenv(name, old)
		} else {
			os.Unsetenv(name)
		}
	}
}

// sleep waits for so long, or until ctx ends, which is then the error.
func sleep(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
