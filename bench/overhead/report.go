package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// Targets of the project: ratios of what has points to what has none.
const (
	targetAll    = 1.01 // geometric mean over modules
	targetModule = 1.03
	targetSize   = 1.08
)

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// ratio compares the minimums of many short runs, which other work on the machine hardly moves, and says how
// far the median is above the minimum without points, in percent of it.
func (b *benchmark) ratio() (r, spread float64) {
	least := slices.Min(b.ns[plain])
	return slices.Min(b.ns[hooked]) / least, (median(b.ns[plain]) - least) / least * 100
}

func geomean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(v)))
}

func report(built []*pair, o options, m measure.Machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "`go -C bench run ./overhead -write ../docs/costs.md`, %d rounds of %d runs of %v for each benchmark (fewer where a run takes long to prepare), with points and without by turns, on one CPU. Minimums are compared.\n\n", o.rounds, o.count, o.benchtime)
	m.Sites = "" // those measured are in other processes
	fmt.Fprintf(&b, "Machine: %s.\n\n", m)
	b.WriteString("Time and size with dormant points in all of the module's functions that `gkhi build` chooses, as multiples of those without.\n\n")
	b.WriteString("| module | benchmarks | time | worst benchmark | | median over minimum, % | size |\n|---|---:|---:|---|---:|---:|---:|\n")
	var all, sizes []float64
	worstModule, worstSize := 0.0, 0.0
	for _, p := range built {
		var ratios, spreads []float64
		worst, worstName := 0.0, ""
		for _, name := range p.order {
			r, spread := p.bench[name].ratio()
			ratios, spreads = append(ratios, r), append(spreads, spread)
			if r > worst {
				worst, worstName = r, name
			}
		}
		g, size := geomean(ratios), float64(p.size[hooked])/float64(p.size[plain])
		all, sizes = append(all, g), append(sizes, size)
		worstModule, worstSize = max(worstModule, g), max(worstSize, size)
		fmt.Fprintf(&b, "| %s %s, %s | %d | %.3f | %s | %.3f | %.1f | %.3f |\n",
			p.module, short(p.version), p.pkg, len(ratios), g, worstName, worst, median(spreads), size)
	}
	fmt.Fprintf(&b, "| geometric mean | | %.3f | | | | %.3f |\n\n", geomean(all), geomean(sizes))
	b.WriteString("| target | | measured | |\n|---|---:|---:|---|\n")
	for _, t := range []struct {
		what          string
		limit, figure float64
	}{
		{"time, geometric mean of the modules", targetAll, geomean(all)},
		{"time, of the module with the most", targetModule, worstModule},
		{"size, of the module with the most", targetSize, worstSize},
	} {
		verdict := "met"
		if t.figure > t.limit {
			verdict = "missed"
		}
		fmt.Fprintf(&b, "| %s | ≤ %.2f | %.3f | %s |\n", t.what, t.limit, t.figure, verdict)
	}
	return b.String()
}

// short cuts a pseudo-version.
func short(v string) string {
	if len(v) > 16 {
		return "of " + v[7:15]
	}
	return v
}
