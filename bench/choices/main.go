// Command choices measures designs that lost beside the one that is in the library: the figures in
// docs/rationale.md are its output.
//
//	go -C bench run ./choices            tables in Markdown
//	go -C bench run ./choices -quick     every case once, for a short time; the figures mean little
//
// Each case is the part of firing a hook in which the designs differ, around a handler that adds
// to a local variable. Rounds run every case once, so that what else happens on the machine falls on all of
// them. The figure is the minimum over the rounds, but where goroutines contend: there the minimum is the
// round in which they happened not to run at the same time, and the median counts.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("choices", flag.ContinueOnError)
	fs.SetOutput(stderr)
	quick := fs.Bool("quick", false, "run each case once and briefly, to see that it works")
	if err := fs.Parse(args); err != nil || fs.NArg() > 0 {
		return 2
	}
	rounds, slice := 40, 5*time.Millisecond
	if *quick {
		rounds, slice = 1, 100*time.Microsecond
	}
	for _, q := range questions {
		q.measure(rounds, slice)
		q.print(stdout)
	}
	return 0
}

// A question is a table of designs to choose from.
type question struct {
	title   string
	designs []design
	threads []int // goroutines at once: a column each
	fine    bool  // figures are of thousandths of a ns
	best    [][]float64
}

// A design is one answer.
type design struct {
	name string
	run  func(n int) // fires n events
}

// measure fills in the best times, in ns for an event in each goroutine.
func (q *question) measure(rounds int, slice time.Duration) {
	type cell struct {
		n     int
		times []float64
	}
	cells := make([][]cell, len(q.designs))
	for range rounds {
		for i, d := range q.designs {
			cells[i] = slices.Grow(cells[i], len(q.threads))[:len(q.threads)]
			for j, threads := range q.threads {
				c := &cells[i][j]
				for c.n == 0 || len(c.times) == 0 && timed(d.run, threads, c.n) < slice/2 {
					c.n = max(64, 2*c.n)
				}
				c.times = append(c.times, float64(timed(d.run, threads, c.n))/float64(c.n))
			}
		}
	}
	for i := range cells {
		var best []float64
		for j, threads := range q.threads {
			times := slices.Sorted(slices.Values(cells[i][j].times))
			at := 0
			if threads > 1 {
				at = len(times) / 2
			}
			best = append(best, times[at])
		}
		q.best = append(q.best, best)
	}
}

// timed runs run(n) in so many goroutines at once.
func timed(run func(n int), threads, n int) time.Duration {
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(threads)
	for range threads {
		done.Go(func() {
			ready.Done()
			<-begin
			run(n)
		})
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	done.Wait()
	return time.Since(start)
}

func (q *question) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n|  |", q.title)
	for _, threads := range q.threads {
		if threads == 1 {
			fmt.Fprint(w, " ns, one goroutine |")
		} else {
			fmt.Fprintf(w, " ns, %d goroutines (median) |", threads)
		}
	}
	fmt.Fprint(w, "\n|---|", string(slices.Repeat([]byte("---:|"), len(q.threads))), "\n")
	for i, d := range q.designs {
		fmt.Fprintf(w, "| %s |", d.name)
		digits := 1
		if q.fine {
			digits = 3
		}
		for _, ns := range q.best[i] {
			fmt.Fprintf(w, " %.*f |", digits, ns)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}
