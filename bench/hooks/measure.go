package main

import (
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
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
			jobs = append(jobs, &job{g: g, i: i, n: measure.Calibrate(c.run, g.threads, p.slice)})
			// Rounded, since a loop may allocate once before it begins.
			const runs = 10_000
			g.rows[i].allocs = math.Round(testing.AllocsPerRun(3, func() { c.run(runs) })/runs*10) / 10
		}
	}
	for range p.rounds {
		for _, j := range jobs {
			took := measure.Time(j.g.cases[j.i].run, j.g.threads, j.n)
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
