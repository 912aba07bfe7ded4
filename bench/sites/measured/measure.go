package main

import (
	"slices"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// A plan is how long to measure.
type plan struct {
	rounds  int
	slice   time.Duration // for one case in one round
	batches int           // how often sites are armed in one batch
	layouts []string      // this program, linked with its functions in other places
}

// inEach returns how many rounds dormant sites are measured for in each layout.
func (p plan) inEach() int { return max(1, p.rounds/6) }

// A result is what was measured of one case, in the unit of its table.
type result struct {
	Case   string
	Min    float64
	Median float64
	kind   string
	// Of a dormant site: the least in each layout, whose mean Min is.
	layouts []float64
}

// summary sorts samples.
func summary(name string, samples []float64) result {
	slices.Sort(samples)
	return result{Case: name, Min: samples[0], Median: samples[len(samples)/2]}
}

// measure fills in the scenes' cases. Each round runs every case once.
func (p plan) measure(scenes []*scene) {
	type job struct {
		run     func(int)
		n       int
		to      *result
		samples []float64
	}
	var jobs []*job
	for _, s := range scenes {
		for i, run := range s.runs {
			jobs = append(jobs, &job{run: run, n: measure.Calibrate(run, 1, p.slice), to: &s.Cases[i]})
		}
	}
	for range p.rounds {
		for _, j := range jobs {
			took := measure.Time(j.run, 1, j.n)
			j.samples = append(j.samples, float64(took.Nanoseconds())/float64(j.n))
		}
	}
	for _, j := range jobs {
		r := summary(j.to.Case, j.samples)
		j.to.Min, j.to.Median = r.Min, r.Median
	}
}

// of returns the result of the kind.
func (s *scene) of(kind string) result {
	return s.Cases[slices.IndexFunc(s.Cases, func(r result) bool { return r.kind == kind })]
}

func (s *scene) has(kind string) bool {
	return slices.ContainsFunc(s.Cases, func(r result) bool { return r.kind == kind })
}

// over says how much more the first kind takes than the second, in the mean over the layouts, and how far to each side the truth
// may be.
func (s *scene) over(kind, than string) (ns, half float64) {
	a, b := s.of(kind).layouts, s.of(than).layouts
	diff := make([]float64, len(a))
	for i := range diff {
		diff[i] = a[i] - b[i]
	}
	return measure.Mean(diff)
}
