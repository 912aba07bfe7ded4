// Command measured is the program that bench/sites generates, compiles and runs: that is where it is described.
// By itself it has few sites.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/bench/internal/measure"
	"github.com/gkhi/gkhi/internal/patch"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("sites", flag.ContinueOnError)
	fs.SetOutput(stderr)
	var (
		plan     plan
		quick    = fs.Bool("quick", false, "few sites, and each case once and briefly, to see that it works")
		asJSON   = fs.Bool("json", false, "print one JSON object a line")
		markdown = fs.Bool("markdown", false, "print the tables in Markdown")
		toggles  = fs.Bool("toggles", false, "measure only what toggling a site costs")
		layouts  = fs.String("layouts", "", "`files` with a comma between them: this program, linked otherwise, to measure dormant sites in")
		dormant  = fs.Bool("dormant", false, "only measure dormant sites, in this program alone, and print JSON")
		cold     = fs.Bool("cold", false, "only look for the sites of a few hooks, and print milliseconds for each MiB")
		write    = fs.String("write", "", "put the Markdown into this `file`, between its marks")
	)
	fs.IntVar(&plan.rounds, "count", 60, "number of rounds")
	fs.DurationVar(&plan.slice, "time", 4*time.Millisecond, "time for one case in one round")
	fs.IntVar(&plan.batches, "batches", 15, "how often all sites are armed in one batch")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case fs.NArg() > 0 || plan.rounds < 1 || plan.slice <= 0 || plan.batches < 1:
		fmt.Fprintln(stderr, "sites: there are no arguments, and -count, -time and -batches are positive; see -help")
		return 2
	}
	if *quick {
		plan.rounds, plan.slice, plan.batches = 1, 100*time.Microsecond, 1
	}
	if *layouts != "" {
		plan.layouts = strings.Split(*layouts, ",")
	}
	if *dormant {
		if err := plan.oneLayout(stdout); err != nil {
			fmt.Fprintln(stderr, "sites:", err)
			return 1
		}
		return 0
	}
	if *cold {
		ms, err := coldScan()
		if err != nil {
			fmt.Fprintln(stderr, "sites:", err)
			return 1
		}
		fmt.Fprintln(stdout, ms)
		return 0
	}
	// More than there are CPUs: what arms sites isn't to wait for a hot goroutine's turn to end.
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	measureThem := plan.all
	if *toggles {
		measureThem = plan.onlyToggles
	}
	rep, err := measureThem()
	if err != nil {
		fmt.Fprintln(stderr, "sites:", err)
		return 1
	}
	switch {
	case *write != "":
		err = measure.WriteInto(*write, "bench/sites", rep.markdown())
	case *markdown:
		_, err = io.WriteString(stdout, rep.markdown())
	case *asJSON:
		err = rep.json(stdout)
	default:
		err = rep.text(stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "sites:", err)
		return 1
	}
	return 0
}

// onlyToggles measures what toggling a site costs.
func (p plan) onlyToggles() (*report, error) {
	declareBatch()
	if err := gkhi.Prepare(); err != nil {
		return nil, fmt.Errorf("sites can't be patched here: %w", err)
	}
	toggled, err := p.toggled()
	if err != nil {
		return nil, err
	}
	rep := &report{machine: measure.ThisMachine(), plan: p, toggled: toggled}
	rep.judge()
	return rep, nil
}

// all measures everything.
func (p plan) all() (*report, error) {
	scan, err := p.prepare()
	if err != nil {
		return nil, fmt.Errorf("sites can't be patched here: %w", err)
	}
	dormant, err := p.dormant(p.layouts)
	if err != nil {
		return nil, err
	}
	armed, err := p.armedPoints()
	if err != nil {
		return nil, err
	}
	toggled, err := p.toggled()
	if err != nil {
		return nil, err
	}
	patch.Default.SetLimit(patch.Limit{}) // batches are to be patched, each of them
	batch, err := p.batch()
	if err != nil {
		return nil, err
	}
	rep := &report{machine: measure.ThisMachine(), plan: p, dormant: dormant, armed: armed, toggled: toggled, batch: batch, scan: scan}
	rep.judge()
	return rep, nil
}
