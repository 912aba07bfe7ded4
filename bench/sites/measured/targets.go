package main

import (
	"github.com/gkhi/gkhi/bench/internal/measure"
)

// A target is what the project has promised, and what is.
type target struct {
	What     string
	Limit    string
	Measured string
	Met      bool
}

// noise is how far apart two figures may be and still count as equal, in ns: a tenth of a cycle or less.
const noise = 0.03

// judge compares minimums with the targets.
func (r *report) judge() {
	most := func(what, unit string, limit, got float64) {
		r.targets = append(r.targets, target{
			what, "≤ " + measure.Figure(limit) + unit, measure.Figure(got) + unit, got <= limit,
		})
	}
	for _, s := range r.dormant {
		where := ": " + s.Title
		over := func(what, kind, note string) {
			d, _ := s.over(kind, noSite)
			r.targets = append(r.targets, target{what + where, "≤ 0.10 ns", s.difference(kind, noSite) + " ns" + note, d <= 0.1})
		}
		least := ""
		if s.has(jump) {
			least = "; nothing but a jump: " + s.difference(jump, noSite) + " ns"
		}
		over("dormant guarded site", guarded, least)
		d, half := s.over(guarded, plainBool)
		r.targets = append(r.targets, target{
			"dormant guarded site, beside a plain bool" + where, "never slower", s.difference(guarded, plainBool) + " ns", d-half <= noise,
		})
		if s.Title == titleLeaf || s.Title == titleInlined {
			over("dormant point", point, "")
		}
	}
	for _, name := range []string{caseBeside, caseThrough} {
		most("what a thread loses to "+name, " %", 2, (r.toggled.named(name).Min/r.toggled.named(caseAwake).Min-1)*100)
	}
	if r.armed == nil {
		return // nothing else was measured
	}
	loop, rdtsc := r.armed.named(caseLoopOnly).Min, r.armed.named(caseRDTSC).Min
	most(caseCount+": over its loop", " ns", 3, r.armed.named(caseCount).Min-loop)
	most(caseRecord+": beside its RDTSC", " ×", 1.8, r.armed.named(caseRecord).Min/rdtsc)
	for _, what := range []string{batchHooksName, batchPointsName} {
		most(batchCase("arm", what, 0), " ms", 25, r.batch.named(batchCase("arm", what, 0)).Min)
		most(batchCase("arm", what, 2), " ms", 60, r.batch.named(batchCase("arm", what, 2)).Min)
	}
	most("finding sites of 100 hooks, in a fresh process", " ms/MiB", 2, r.scan.named(caseScanCold).Min)
	most("finding sites of one more hook", " ms/MiB", 2, r.scan.named(caseScanOne).Min)
}
