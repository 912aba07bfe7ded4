// Command watch measures what an event costs the process that fires it while gkhi stat or gkhi trace looks at
// the hook, through the socket, as the commands do.
//
//	go -C bench run ./watch            a table in Markdown
//	go -C bench run ./watch -quick     briefly, to see that it works
//
// The event has five fields, one of them a duration. It is fired as fast as one goroutine can, which is faster than trace
// can send: most events are dropped then, at less than a sent one costs, and the table says how many were sent. The
// row at a bounded rate sends all of them. The client is in the same process and takes a processor of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// An Event is what is fired.
type Event struct {
	Tx, Puts, Deletes int
	Err               string
	Took              time.Duration
}

var hook gkhi.Hook[Event]

func init() { gkhi.Declare(&hook, "bench.event", "fired in a loop") }

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "watch:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("watch", flag.ContinueOnError)
	quick := fs.Bool("quick", false, "run briefly, to see that it works")
	if err := fs.Parse(args); err != nil {
		return err
	}
	rounds, slice := 15, 100*time.Millisecond
	if *quick {
		rounds, slice = 1, 5*time.Millisecond
	}
	dir, err := os.MkdirTemp("", "gkhi-watch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	os.Setenv("GKHI_SOCKET_DIR", dir)
	stop, err := gkhi.Serve()
	if err != nil {
		return err
	}
	defer stop()
	c, err := client.Dial(context.Background(), strconv.Itoa(os.Getpid()))
	if err != nil {
		return err
	}
	defer c.Close()

	results := make([]result, len(cases))
	for range rounds {
		for i, cs := range cases {
			if err := results[i].measure(cs, c, slice); err != nil {
				return fmt.Errorf("%s: %w", cs.name, err)
			}
		}
	}
	fmt.Fprint(stdout, "|  | ns for an event, min | median | sent |\n|---|---:|---:|---:|\n")
	for i, cs := range cases {
		r := results[i]
		slices.Sort(r.ns)
		sent := ""
		if r.traced {
			sent = fmt.Sprintf("%.0f %%", 100*float64(r.sent)/float64(r.fired))
		}
		fmt.Fprintf(stdout, "| %s | %.1f | %.1f | %s |\n", cs.name, r.ns[0], r.ns[len(r.ns)/2], sent)
	}
	return nil
}

// A look is something that looks at the hook, until it is closed.
type look func(*client.Client) (end func() (sent uint64, traced bool, err error), err error)

// A watching is a case.
type watching struct {
	name  string
	look  look
	pause time.Duration // between bursts of 100 events; not counted
}

var cases = []watching{
	{name: "nobody looks", look: nobody},
	{name: "stat", look: stat},
	{name: "trace, as fast as it goes", look: trace},
	{name: "trace, 100 events every 2 ms", look: trace, pause: 2 * time.Millisecond},
}

type result struct {
	ns     []float64
	fired  uint64
	sent   uint64
	traced bool
}

// measure runs a case for a while.
func (r *result) measure(cs watching, c *client.Client, long time.Duration) error {
	end, err := cs.look(c)
	if err != nil {
		return err
	}
	var busy time.Duration
	n := uint64(0)
	for start := time.Now(); time.Since(start) < long; time.Sleep(cs.pause) {
		from := time.Now()
		fire(100)
		busy += time.Since(from)
		n += 100
	}
	sent, traced, err := end()
	if err != nil {
		return err
	}
	r.ns = append(r.ns, float64(busy.Nanoseconds())/float64(n))
	r.fired += n
	r.sent += sent
	r.traced = traced
	return nil
}

//go:noinline
func fire(n int) {
	for i := range n {
		if hook.Armed() {
			hook.Fire(Event{Tx: i, Puts: 1, Took: time.Duration(i) * time.Microsecond})
		}
	}
}

func nobody(*client.Client) (func() (uint64, bool, error), error) {
	return func() (uint64, bool, error) { return 0, false, nil }, nil
}

func stat(c *client.Client) (func() (uint64, bool, error), error) {
	s, err := c.Stat(context.Background(), wire.StatSpec{Patterns: []string{"bench.event"}})
	if err != nil {
		return nil, err
	}
	return func() (uint64, bool, error) { return 0, false, s.Close() }, nil
}

func trace(c *client.Client) (func() (uint64, bool, error), error) {
	ctx, cancel := context.WithCancel(context.Background())
	tr, err := c.Trace(ctx, wire.TraceSpec{Patterns: []string{"bench.event"}})
	if err != nil {
		cancel()
		return nil, err
	}
	var taken uint64
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, err := range tr.Events() {
			if err != nil {
				failed = err
				return
			}
			taken++
		}
	})
	return func() (uint64, bool, error) {
		cancel() // what was sent is still taken
		wg.Wait()
		return taken, true, failed
	}, nil
}
