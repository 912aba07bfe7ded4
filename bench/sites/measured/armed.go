package main

import (
	"errors"
	"fmt"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/bench/internal/measure"
	"github.com/gkhi/gkhi/internal/record"
)

// Points with handlers, one of each sort.
var countedPoint, recordedPoint, bothPoint gkhi.Point

func loopAlone(n int) {
	for range n {
	}
}

func hitCounted(n int) {
	for range n {
		countedPoint.Hit()
	}
}

func hitRecorded(n int) {
	for range n {
		recordedPoint.Hit()
	}
}

func hitBoth(n int) {
	for range n {
		bothPoint.Hit()
	}
}

const (
	titleArmed   = "Points with handlers"
	caseRDTSC    = "RDTSC"
	caseCount    = "point that counts"
	caseRecord   = "point that records"
	burst        = 30_000 // hits that a thread's ring has room for, with some to spare
	caseBoth     = "point that counts and records"
	caseLoopOnly = "the loop alone"
)

// armedPoints measures hits with a handler. Recorded hits come in bursts that the ring has room for, since
// dropping an event is quicker than recording it.
func (p plan) armedPoints() (*scene, error) {
	s := &scene{
		Title: titleArmed,
		Note: "Time for a hit, its loop included. The recorder reads the time stamp counter once for each event, as the loop of RDTSC " +
			"does: no event with its time can cost less.",
	}
	none := func(gkhi.PointEvent) {}
	var handlers []*gkhi.Handler
	for _, r := range []func() (*gkhi.Handler, error){
		func() (*gkhi.Handler, error) { return countedPoint.Count("count") },
		func() (*gkhi.Handler, error) { return recordedPoint.Record("record", none) },
		func() (*gkhi.Handler, error) { return bothPoint.Count("count") },
		func() (*gkhi.Handler, error) { return bothPoint.Record("record", none) },
	} {
		h, err := r()
		if err == nil {
			err = h.Arm()
		}
		if err != nil {
			return nil, err
		}
		handlers = append(handlers, h)
	}
	runs := []struct {
		name string
		run  func(n int)
	}{
		{caseLoopOnly, loopAlone}, {caseRDTSC, rdtscs},
		{caseCount, hitCounted}, {caseRecord, hitRecorded}, {caseBoth, hitBoth},
	}
	samples := make([][]float64, len(runs))
	hits := make([]uint64, len(runs))
	var drained record.Batch
	for range 10 * p.rounds {
		for i, r := range runs {
			took := measure.Time(r.run, 1, burst)
			hits[i] += burst
			samples[i] = append(samples[i], float64(took.Nanoseconds())/burst)
			for drained.Partial = true; drained.Partial; { // or the ring would be full before long
				record.Drain(&drained)
			}
		}
	}
	for i, r := range runs {
		s.Cases = append(s.Cases, summary(r.name, samples[i]))
	}
	if got := handlers[0].Calls(); got != hits[2] {
		return nil, fmt.Errorf("%d hits were counted of %d", got, hits[2])
	}
	for _, h := range handlers {
		if h.Dropped() != 0 {
			return nil, errors.New("events were dropped, which is quicker than recording them")
		}
	}
	return s, gkhi.Disarm(handlers...)
}

// named returns the case of that name.
func (s *scene) named(name string) result {
	for _, r := range s.Cases {
		if r.Case == name {
			return r
		}
	}
	return result{}
}
