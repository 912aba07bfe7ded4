package main

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/bench/internal/measure"
	"github.com/gkhi/gkhi/internal/patch"
)

// toggledHook guards a call of fireIt, so that armed costs hardly more than dormant.
var toggledHook gkhi.Hook[uint64]

//go:noinline
func throughToggled(x uint64) uint64 {
	if toggledHook.Armed() {
		fireIt(x)
	}
	return x + 1
}

const (
	titleToggle = "While a site is toggled"
	togglesPerS = 10_000
	caseQuiet   = "nobody toggles"
	caseAwake   = "nobody toggles, but a thread wakes up as often as if it did"
	caseBeside  = "10,000 toggles a second of a site that the thread doesn't go through"
	caseThrough = "10,000 toggles a second of one of the thread's sites"
	patchedEach = ", patched at each"
	// A window is a piece of work with some 20 toggles in it. It is so short that now and then nothing else
	// disturbs it.
	window = 2 * time.Millisecond
)

// work returns 64 dormant sites in a loop, and the toggled one if through.
func work(through bool) func(n int) {
	last := batchGuarded[0]
	if through {
		last = throughToggled
	}
	sites := batchGuarded[:min(64, len(batchGuarded))]
	return func(n int) {
		sum := uint64(0)
		for range n {
			for _, f := range sites {
				sum += f(sum)
			}
			sum = last(sum)
		}
		sink = sum
	}
}

// toggled measures a thread that works while another toggles a site. Only windows count in which the
// toggles were made: on a busy machine many are not.
func (p plan) toggled() (*scene, error) {
	h, err := toggledHook.Register("none", func(uint64) gkhi.Verdict { return gkhi.Continue })
	if err != nil {
		return nil, err
	}
	s := &scene{
		Title: titleToggle,
		Note: "Microseconds of processor time for a thread's work, which goes through 65 sites all the while, when another thread " +
			"arms and disarms a site. Compare with the second row: another thread that does nothing " +
			"but wake up all the while costs something already, as CPUs that share a core do. A hook that is toggled so often goes back to its flag; the last two rows " +
			"are what it would cost if it didn't.",
	}
	cases := []struct {
		name            string
		through, toggle bool
		idle            bool
		limit           patch.Limit
		samples         []float64
	}{
		{name: caseQuiet},
		{name: caseAwake, toggle: true, idle: true},
		{name: caseBeside, toggle: true, limit: patch.DefaultLimit},
		{name: caseThrough, through: true, toggle: true, limit: patch.DefaultLimit},
		{name: caseBeside + patchedEach, toggle: true},
		{name: caseThrough + patchedEach, through: true, toggle: true},
	}
	n := measure.Calibrate(work(true), 1, window)
	missing := func() bool {
		for _, c := range cases {
			if len(c.samples) == 0 {
				return true
			}
		}
		return false
	}
	for round, start := 0, time.Now(); round < p.rounds || missing(); round++ {
		if missing() && time.Since(start) > time.Minute {
			return nil, errors.New("the machine is too busy for 10,000 toggles a second beside a running thread")
		}
		for i := range cases {
			c := &cases[i]
			if !c.toggle {
				c.samples = append(c.samples, windows(work(c.through), n, nil)...)
				continue
			}
			patch.Default.SetLimit(c.limit)
			toggled := h
			if c.idle {
				toggled = nil
			}
			made, stop := toggle(toggled)
			c.samples = append(c.samples, windows(work(c.through), n, made)...)
			if err := stop(); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range cases {
		s.Cases = append(s.Cases, summary(c.name, c.samples))
	}
	return s, nil
}

// windows measures pieces of work, in µs of the thread's own time, and returns those that ran on a processor all the
// while and in which the toggles were made. With made nil there are none to be made.
func windows(work func(n int), n int, made func() uint64) (us []float64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 10 {
		var before uint64
		if made != nil {
			before = made()
		}
		start, own := time.Now(), threadTime()
		work(n)
		used, took := threadTime()-own, time.Since(start)
		toggled := made == nil || float64(made()-before) >= 0.9*togglesPerS*took.Seconds()
		if toggled && float64(took) < 1.1*float64(used) {
			us = append(us, float64(used.Nanoseconds())/1e3)
		}
	}
	return us
}

// toggle arms and disarms h, which may be nil, from a thread of its own at the rate of togglesPerS, until stop is called; made returns
// how often it was.
func toggle(h *gkhi.Handler) (made func() uint64, stop func() error) {
	var quit atomic.Bool
	var wg sync.WaitGroup
	var n atomic.Uint64
	var failed error
	wg.Go(func() {
		runtime.LockOSThread()
		start := time.Now()
		for !quit.Load() && failed == nil {
			for due := uint64(time.Since(start).Seconds() * togglesPerS); n.Load() < due && failed == nil; n.Add(1) {
				switch {
				case h == nil:
				case n.Load()%2 == 0:
					failed = h.Arm()
				default:
					failed = h.Disarm()
				}
			}
			time.Sleep(50 * time.Microsecond)
		}
		if h == nil {
			return
		}
		if err := h.Disarm(); failed == nil {
			failed = err
		}
	})
	return n.Load, func() error {
		quit.Store(true)
		wg.Wait()
		return failed
	}
}
