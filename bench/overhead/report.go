package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// Targets of the project: ratios of what has points to what has none.
const (
	targetAll    = 1.01 // geometric mean over modules
	targetModule = 1.03
	targetSize   = 1.08
)

// A row is what the table says of one module.
type row struct {
	what       string // module, version and package
	runs       string // layouts × rounds × runs
	benchmarks int
	time       ratio
	worst      string // the benchmark with the highest ratio
	worstTime  ratio
	moves      float64 // how far layout alone moves a benchmark: the deviation in percent, median over benchmarks
	size       float64
}

// title begins a module's row.
func (s subject) title() string { return s.module + " " + short(s.version) + ", " + s.pkg }

// logs are the logarithms of a benchmark's times, one for each layout.
func (p *pair) logs(way int, bench string) []float64 {
	var v []float64
	for _, l := range p.built[way].layouts {
		v = append(v, math.Log(l.least[bench]))
	}
	return v
}

// row compares the two ways. A layout counts as a whole for the module's ratio, since its benchmarks share code.
func (p *pair) row(o options) row {
	r := row{
		what: p.title(), runs: fmt.Sprintf("%d × %d × %d", o.layouts, o.rounds, o.count), benchmarks: len(p.order),
		size: float64(p.built[hooked].size) / float64(p.built[plain].size),
	}
	if p.count > 0 {
		r.runs = fmt.Sprintf("%d × %d × %d", o.layouts, o.rounds, min(p.count, o.count))
	}
	var means [2][]float64
	for way := range means {
		means[way] = make([]float64, o.layouts)
	}
	var moves []float64
	for _, name := range p.order {
		for way := range means {
			for i, x := range p.logs(way, name) {
				means[way][i] += x / float64(len(p.order))
			}
		}
		t := compare(p.logs(plain, name), p.logs(hooked, name))
		if t.mid > r.worstTime.mid {
			r.worst, r.worstTime = name, t
		}
		_, variance := measure.Moments(p.logs(plain, name))
		moves = append(moves, math.Sqrt(variance)*100)
	}
	r.time = compare(means[plain], means[hooked])
	r.moves = median(moves)
	return r
}

// list prints what each benchmark took, in the mean over the layouts.
func (p *pair) list(to io.Writer) {
	for _, name := range p.order {
		a, va := measure.Moments(p.logs(plain, name))
		b, vb := measure.Moments(p.logs(hooked, name))
		t := compare(p.logs(plain, name), p.logs(hooked, name))
		fmt.Fprintf(to, "  %-50s %10.4g ±%4.1f%% %10.4g ±%4.1f%%  %.3f  %s\n", name,
			math.Exp(a), 100*math.Sqrt(va), math.Exp(b), 100*math.Sqrt(vb), t.mid, t.interval())
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

const tableHead = "| module | layouts × rounds × runs | benchmarks | time | 95 % | worst benchmark | | 95 % | layout moves, % | size |\n" +
	"|---|---|---:|---:|---|---|---:|---|---:|---:|\n"

func (r row) String() string {
	return fmt.Sprintf("| %s | %s | %d | %.3f | %s | %s | %.3f | %s | %.1f | %.3f |",
		r.what, r.runs, r.benchmarks, r.time.mid, r.time.interval(), r.worst, r.worstTime.mid, r.worstTime.interval(), r.moves, r.size)
}

// parseRow reads what String wrote.
func parseRow(line string) (row, error) {
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	if len(cells) != 10 {
		return row{}, fmt.Errorf("a row of %d cells, not 10: %q", len(cells), line)
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	var bad error
	number := func(s string) float64 {
		x, err := strconv.ParseFloat(s, 64)
		if bad == nil && err != nil {
			bad = fmt.Errorf("%q in the row %q is no number", s, line)
		}
		return x
	}
	between := func(mid, interval string) ratio {
		low, high, _ := strings.Cut(interval, "–")
		return ratio{number(mid), number(low), number(high)}
	}
	return row{
		what: cells[0], runs: cells[1], benchmarks: int(number(cells[2])), time: between(cells[3], cells[4]),
		worst: cells[5], worstTime: between(cells[6], cells[7]), moves: number(cells[8]), size: number(cells[9]),
	}, bad
}

// report is the document's part.
func report(rows []row, m measure.Machine) string {
	var b strings.Builder
	b.WriteString("`go -C bench run ./overhead -write ../docs/costs.md`: each program in several layouts, all of them in several rounds of several runs of a few milliseconds, on one CPU. Of each layout the quickest run counts, and the means over the layouts are compared.\n\n")
	fmt.Fprintf(&b, "%s%s.\n\n", machineMark, m)
	b.WriteString("Time and size with dormant points in all of the module's functions that `gkhi build` chooses, as multiples of those without.\n\n")
	b.WriteString(tableHead)
	var all []ratio
	size, worst, largest := 0.0, row{}, row{}
	for _, r := range rows {
		all = append(all, r.time)
		size += math.Log(r.size) / float64(len(rows))
		if r.time.mid > worst.time.mid {
			worst = r
		}
		if r.size > largest.size {
			largest = r
		}
		fmt.Fprintln(&b, r)
	}
	mean := geomean(all)
	fmt.Fprintf(&b, "%s | | %.3f | %s | | | | | %.3f |\n\n", meanMark, mean.mid, mean.interval(), math.Exp(size))
	b.WriteString("| target | | measured | 95 % | |\n|---|---:|---:|---|---|\n")
	for _, t := range []struct {
		what     string
		limit    float64
		figure   float64
		interval string
	}{
		{"time, geometric mean of the modules", targetAll, mean.mid, mean.interval()},
		{"time, of the module with the most", targetModule, worst.time.mid, worst.time.interval()},
		{"size, of the module with the most", targetSize, largest.size, ""},
	} {
		verdict := "met"
		if t.figure > t.limit {
			verdict = "missed"
		}
		fmt.Fprintf(&b, "| %s | ≤ %.2f | %.3f | %s | %s |\n", t.what, t.limit, t.figure, t.interval, verdict)
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
