package demo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// The variants, in the order in which a round measures them. The first is
// measured twice, and what the two differ by is what this machine can't tell apart.
const (
	without = iota
	dormant
	armed
	dormantAgain
	withoutAgain
	variants
)

var variantNames = [variants]string{
	without: "built without hooks", dormant: "dormant", armed: "every hook armed",
	dormantAgain: "dormant again", withoutAgain: "without hooks, again",
}

// A sample is one measurement in a round.
type sample struct {
	rate float64 // reads a second
	cpu  float64 // the service's processor time for one read, in ns; 0 where it is not known
}

// cost measures the throughput of reads with and without hooks.
func (d *demo) cost(ctx context.Context) error {
	d.part("What does it cost?")
	c, err := client.Dial(ctx, d.target())
	if err != nil {
		return err
	}
	defer c.Close()
	st, err := c.Status(ctx)
	if err != nil {
		return err
	}
	d.say("%d of its %d sites are no-ops in the machine code while nobody looks.", st.Patched, st.Sites)
	for _, why := range st.Why {
		d.say("Not patched, a site tests a flag: %s.", draw.Safe(why))
	}
	d.say("Reads, as fast as %d clients get them: %d rounds, %v for each line in turn.",
		clients, d.pace.rounds, d.pace.round)
	bare := newLoad(d.bare.url)
	defer bare.close()
	if err := bare.fill(ctx); err != nil {
		return err
	}

	var samples [variants][]sample
	for i := range d.pace.rounds + 1 {
		for v := range variants {
			l, s, arm := d.load, d.kvd, v == armed
			if v == without || v == withoutAgain {
				l, s = bare, d.bare
			}
			m, err := measure(ctx, l, s, d.pace.round, c, arm)
			if err != nil {
				return err
			}
			if i > 0 { // the first round warms up
				samples[v] = append(samples[v], m)
			}
		}
	}
	d.lines(costTable(samples, d.style))
	d.say("Medians. A change is against the first line in the same round, with its 95 %%")
	d.say("interval. The last line is the same program as the first: it shows what this")
	d.say("machine, as busy as it is now, can tell apart.")
	return nil
}

// measure lets l read from s for a while, with every hook armed through c if arm is set.
func measure(ctx context.Context, l *load, s *service, long time.Duration, c *client.Client, arm bool) (m sample, err error) {
	if arm {
		disarm, err1 := countAll(ctx, c)
		if err1 != nil {
			return m, err1
		}
		defer func() { err = errors.Join(err, disarm()) }()
	}
	// After the one before, its caches are full of something else.
	if _, _, err := l.reads(ctx, long/4); err != nil {
		return m, err
	}
	before, ok1 := cpuTime(s.pid())
	n, took, err := l.reads(ctx, long)
	after, ok2 := cpuTime(s.pid())
	if err != nil {
		return m, err
	}
	m.rate = float64(n) / took.Seconds()
	if ok1 && ok2 {
		m.cpu = float64(after-before) / float64(n)
	}
	return m, nil
}

// countAll arms a handler that counts and times on every hook of the service.
func countAll(ctx context.Context, c *client.Client) (disarm func() error, err error) {
	s, err := c.Stat(ctx, wire.StatSpec{Patterns: []string{"kvd.*"}})
	if err != nil {
		return nil, fmt.Errorf("arming every hook of process %s: %w", strconv.Itoa(c.Process().PID), err)
	}
	return s.Close, nil
}

func costTable(samples [variants][]sample, style draw.Style) []string {
	t := draw.Table{Title: style.Title, Columns: []draw.Column{{}, {Title: "READS", Right: true}, {Title: "CHANGE", Right: true}}}
	cpu := knowsCPU(samples[without])
	if cpu {
		t.Columns = append(t.Columns, draw.Column{Title: "CPU A READ", Right: true}, draw.Column{Title: "CHANGE", Right: true})
	}
	for v, list := range samples {
		base := samples[without]
		row := []string{variantNames[v], draw.Rate(median(rates(list))) + "/s", "", "", ""}
		if v != without {
			row[2] = change(rates(list), rates(base))
		}
		if cpu {
			row[3] = draw.Duration(int64(median(cpus(list))))
			if v != without {
				row[4] = change(cpus(list), cpus(base))
			}
		}
		t.Row(row...)
	}
	return t.Lines(0)
}

func rates(list []sample) (r []float64) {
	for _, s := range list {
		r = append(r, s.rate)
	}
	return r
}

func cpus(list []sample) (r []float64) {
	for _, s := range list {
		r = append(r, s.cpu)
	}
	return r
}

func knowsCPU(list []sample) bool { return slices.Min(cpus(list)) > 0 }

// change writes the median over rounds of a relative to base, less one, and how
// sure it is. Rounds are compared one by one, so what slows a whole round down is no change.
func change(a, base []float64) string {
	m, sure := medianSure(ratios(a, base))
	return fmt.Sprintf("%+.1f ± %.1f %%", 100*m, 100*sure)
}

// ratios returns a's values relative to those of base, less one.
func ratios(a, base []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i]/base[i] - 1
	}
	return r
}

func median(list []float64) float64 {
	m, _ := medianSure(list)
	return m
}

// medianSure returns the median of list, which must not be empty, and half the width of its 95 %
// confidence interval, which is between two of the values (the sign test's,
// which supposes nothing about their distribution). Fewer than 6 values are too few
// for that; then it is between the lowest and the highest.
func medianSure(list []float64) (m, sure float64) {
	s := slices.Sorted(slices.Values(list))
	n := len(s)
	low := 0
	for p, sum := math.Pow(0.5, float64(n)), 0.0; low < (n-1)/2; low++ {
		// p is the chance that exactly low values lie below the true median.
		if sum += p; sum > 0.025 {
			break
		}
		p *= float64(n-low) / float64(low+1)
	}
	low = max(low-1, 0)
	return (s[(n-1)/2] + s[n/2]) / 2, (s[n-1-low] - s[low]) / 2
}
