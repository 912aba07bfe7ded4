package main

import (
	"fmt"
	"strings"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// A report is what is printed.
type report struct {
	machine  measure.Machine
	rounds   int
	loads    []load
	peers    []*peer
	versions string
	emulated bool // XRay has no use for the time stamp counter here
	left     []string
}

// String is the report as Markdown.
func (r report) String() string {
	var b strings.Builder
	bursts, flat := r.loads[inBursts], r.loads[flatOut]
	fmt.Fprintf(&b, "`go -C bench run ./peers -write ../docs/costs.md`, %d rounds of %d bursts of %d calls, %v between them, and of as many more in the other loops.\n\n",
		r.rounds, bursts.bursts, bursts.calls, bursts.pause)
	fmt.Fprintf(&b, "Machine: %s.\n\n", r.machine)
	if r.versions != "" {
		fmt.Fprintf(&b, "Peers: %s.\n\n", r.versions)
	}
	for _, why := range r.left {
		fmt.Fprintf(&b, "Not measured: %s.\n\n", why)
	}
	r.nobody(&b)
	r.inBursts(&b)
	fmt.Fprintf(&b, "### Without a pause\n\nThe same at a million calls a second, with other work between them, and as fast as the loop goes: %d calls with no pause. Runs in which events were lost are left out of the times, unless that were all: then it is the cost of losing most of them.\n\n", flat.bursts*flat.calls)
	b.WriteString("|  | a million a second: ns for an event, min | lost | flat out: ns for an event, min | lost |\n|---|---:|---:|---:|---:|\n")
	r.each(func(p *peer, m *mode) {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", m.name, measure.Figure(m.cost(p, steady, least)), m.share(steady),
			measure.Figure(m.cost(p, flatOut, least)), m.share(flatOut))
	})
	return b.String()
}

// nobody is the table of what it costs when nothing is recorded.
func (r report) nobody(b *strings.Builder) {
	b.WriteString("### Nobody looks\n\nns for a call of a function that adds one.\n\n")
	b.WriteString("|  | without, min | with, dormant, min | difference |\n|---|---:|---:|---:|\n")
	for _, p := range r.peers {
		if p.clock {
			continue
		}
		without, with := least(p.without), least(p.dormant[inBursts])
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", p.name, measure.Figure(without), measure.Figure(with), measure.Figure(with-without))
	}
	b.WriteByte('\n')
}

// inBursts is the table that tells most.
func (r report) inBursts(b *strings.Builder) {
	b.WriteString("### Recorded, in bursts\n\n")
	for _, p := range r.peers {
		if p.clock {
			fmt.Fprintf(b, "Of each event's cost, reading the time stamp counter is %s ns on this machine.", measure.Figure(least(p.dormant[inBursts])-least(p.without)))
		}
	}
	if r.emulated {
		b.WriteString(" XRay calls clock_gettime instead: the machine does not tell how fast the counter is, which XRay's logs want to know.")
	}
	b.WriteString(" A dash stands where nothing is told about what was lost.\n\n")
	b.WriteString("|  | an event has | events of a call | ns for an event, min | median | × gkhi record | lost |\n|---|---|---:|---:|---:|---:|---:|\n")
	ours := r.peers[0].modes[0].cost(r.peers[0], inBursts, least)
	r.each(func(p *peer, m *mode) {
		cost := m.cost(p, inBursts, least)
		fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %s | %s |\n", m.name, m.notes, m.events,
			measure.Figure(cost), measure.Figure(m.cost(p, inBursts, median)), measure.Figure(cost/ours), m.share(inBursts))
	})
	b.WriteByte('\n')
}

func (r report) each(f func(*peer, *mode)) {
	for _, p := range r.peers {
		for _, m := range p.modes {
			f(p, m)
		}
	}
}

// share is how much of a loop's events was lost.
func (m *mode) share(i int) string {
	switch lost := m.lost[i]; {
	case lost == untold:
		return "–"
	case lost == 0:
		return "none"
	default:
		return measure.Figure(100*float64(lost)/float64(m.of[i])) + " %"
	}
}
