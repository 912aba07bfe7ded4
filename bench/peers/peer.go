package main

import (
	"fmt"
	"slices"
)

// A peer is a pair of programs, one of which can be recorded.
type peer struct {
	name   string
	gkhi   bool
	clock  bool     // no peer: hooked reads the time stamp counter, which whoever tells the time has to do
	plain  *subject // without any means of recording
	hooked *subject // with them, and nobody looks
	modes  []*mode

	without []float64        // ns for a call of plain, in bursts
	dormant [loops][]float64 // ns for a call of hooked
}

// A mode is a way to record a peer.
type mode struct {
	name   string
	notes  string // what an event has
	events int    // of a call
	fewer  int    // calls are divided by this, when they take that much longer

	// arm begins to record. The subject is nil if it is the peer's own. end is called when so many calls were made, and returns how
	// many events of these were lost, or untold.
	arm func() (s *subject, end func(calls int) (lost int, err error), err error)

	active [loops][]float64 // ns for a call
	whole  [loops][]float64 // the same, of runs that lost nothing
	lost   [loops]int       // events, or untold
	of     [loops]int       // events that there were
}

// untold is what is lost when nobody counts it.
const untold = -1

// measure runs each loop, dormant and in each of the modes.
func (p *peer) measure(loads []load) error {
	took, err := p.plain.run(loads[inBursts])
	if err != nil {
		return err
	}
	p.without = append(p.without, took...)
	for i, l := range loads {
		if took, err = p.hooked.run(l); err != nil {
			return err
		}
		p.dormant[i] = append(p.dormant[i], took...)
		for _, m := range p.modes {
			if err := m.measure(p, i, l); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	return nil
}

func (m *mode) measure(p *peer, i int, l load) (err error) {
	s, end, err := m.arm()
	if err != nil {
		return err
	}
	if s == nil {
		s = p.hooked
	}
	l.calls /= max(1, m.fewer)
	warm := load{bursts: 1, calls: loadedOnce / max(1, m.fewer)} // so that its buffers are in memory
	_, err = s.run(warm)
	var took []float64
	if err == nil {
		s.settle()
		took, err = s.run(l)
	}
	lost, err2 := end(warm.calls + l.bursts*l.calls)
	if err != nil {
		return err
	}
	if err2 != nil {
		return err2
	}
	m.active[i] = append(m.active[i], took...)
	if lost <= 0 {
		m.whole[i] = append(m.whole[i], took...)
	}
	m.of[i] += m.events * (warm.calls + l.bursts*l.calls)
	if lost == untold || m.lost[i] == untold {
		m.lost[i] = untold
	} else {
		m.lost[i] += lost
	}
	return nil
}

// loadedOnce is how many calls come before those that count.
const loadedOnce = 8000

// cost returns what an event costs in a loop, in ns. Runs that lost events, which costs less, don't count unless all did.
func (m *mode) cost(p *peer, i int, of func([]float64) float64) float64 {
	active := m.whole[i]
	if len(active) == 0 {
		active = m.active[i]
	}
	return (of(active) - of(p.dormant[i])) / float64(m.events)
}

func least(xs []float64) float64 { return slices.Min(xs) }

func median(xs []float64) float64 {
	return slices.Sorted(slices.Values(xs))[len(xs)/2]
}
