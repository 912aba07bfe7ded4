package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// againRuns is how often a test is run by itself, each way.
const againRuns = 10

// A tally says how often a test failed in againRuns runs by itself, in the order of ways.
type tally [len(ways)]int

// luck reports whether a test's failure is a matter of luck, and not of points: by itself it doesn't fail much more often with them.
// One that wasn't run again has no excuse.
func (t *tally) luck() bool {
	return t != nil && max(t[1], t[2])-t[0] <= againRuns*3/10
}

// uneven are the tests that failed in some runs and not in all.
func uneven(runs []testRun) []string {
	failures := map[string]int{}
	for _, r := range runs {
		for _, name := range r.failed {
			failures[name]++
		}
	}
	maps.DeleteFunc(failures, func(_ string, n int) bool { return n == len(runs) })
	return slices.Sorted(maps.Keys(failures))
}

// again runs tests by themselves, by turns each way.
func (w *workshop) again(p *pair, tests []string) map[string]*tally {
	all := map[string]*tally{}
	for _, name := range tests {
		t := &tally{}
		for range againRuns {
			for i, how := range ways {
				if r := w.testOnce(p, "^"+name+"$", how); r.err != nil {
					t[i]++
				}
			}
		}
		fmt.Fprintf(w.stderr, "%s: %s failed %v of %d times by itself\n", p.module, name, *t, againRuns)
		all[name] = t
	}
	return all
}

// tallies is a cell of the table.
func tallies(all map[string]*tally) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t := all[name]
		list = append(list, fmt.Sprintf("%s %d, %d, %d", name, t[0], t[1], t[2]))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, "; ")
}
