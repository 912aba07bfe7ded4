package main

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// A benchCase is one line of a program, in a loop.
type benchCase struct {
	name  string
	event string      // what is built for each run of the line
	run   func(n int) // runs the line n times
	base  string      // the case of the group that only builds the event; "" for the group's first case
	calls int         // handlers that one run of the line calls; what the test checks
}

// A group is a table of cases to compare with each other.
type group struct {
	title   string
	note    string // what the reader should know
	threads int    // goroutines that run the line at once, each in its own loop
	pointer string // the case that the others are compared with: an atomic.Pointer to a function
	// other is the title of the group whose rows of the same name are compared with, and what they are
	// called; "" for none.
	other, otherName string
	cases            []benchCase
	rows             []row // beside cases, once measured
}

// A row is what was measured of one case.
type row struct {
	min, median float64 // ns for one run of the line, in each goroutine
	allocs      float64
}

// figure is what rows of g are compared by: the minimum, which what else happens on the machine touches least.
// Not so where goroutines contend: the minimum of those is the round in which the machine
// didn't let them run at the same time.
func (g *group) figure(r row) float64 {
	if g.threads > 1 {
		return r.median
	}
	return r.min
}

// A plan is how long to measure.
type plan struct {
	rounds int
	slice  time.Duration // for one case in one round
}

// measure fills in the groups' rows.
func (p plan) measure(groups []*group) {
	type job struct {
		g     *group
		i, n  int
		times []float64
	}
	var jobs []*job
	for _, g := range groups {
		g.rows = make([]row, len(g.cases))
		for i, c := range g.cases {
			jobs = append(jobs, &job{g: g, i: i, n: p.calibrate(c, g.threads)})
			// Rounded, since a loop may allocate once before it begins.
			const runs = 10_000
			g.rows[i].allocs = math.Round(testing.AllocsPerRun(3, func() { c.run(runs) })/runs*10) / 10
		}
	}
	for range p.rounds {
		for _, j := range jobs {
			took := timed(j.g.cases[j.i], j.g.threads, j.n)
			j.times = append(j.times, float64(took.Nanoseconds())/float64(j.n))
			if j.g.rows[j.i].allocs > 0 {
				runtime.GC() // so that the next case doesn't pay for this one's garbage
			}
		}
	}
	for _, j := range jobs {
		slices.Sort(j.times)
		j.g.rows[j.i].min, j.g.rows[j.i].median = j.times[0], j.times[len(j.times)/2]
	}
}

// calibrate finds how often c runs in the time for one round.
func (p plan) calibrate(c benchCase, threads int) int {
	for n := 64; ; n *= 2 {
		took := timed(c, threads, n)
		if took >= p.slice/4 || n >= 1<<30 {
			return max(1, int(float64(n)*float64(p.slice)/float64(max(took, 1))))
		}
	}
}

// timed runs c n times in each of so many goroutines and returns how long it took until all were done.
func timed(c benchCase, threads, n int) time.Duration {
	if threads == 1 {
		start := time.Now()
		c.run(n)
		return time.Since(start)
	}
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(threads)
	for range threads {
		done.Go(func() {
			ready.Done()
			<-begin
			c.run(n)
		})
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	done.Wait()
	return time.Since(start)
}

// find returns the row of the case of that name, or nil.
func (g *group) find(name string) *row {
	for i := range g.cases {
		if g.cases[i].name == name {
			return &g.rows[i]
		}
	}
	return nil
}

// baseOf returns the row of the case that only builds what case i builds.
func (g *group) baseOf(i int) *row {
	if name := g.cases[i].base; name != "" {
		return g.find(name)
	}
	return &g.rows[0]
}
