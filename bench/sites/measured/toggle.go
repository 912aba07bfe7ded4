package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi"
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
	titleToggle  = "While a site is toggled"
	togglesPerS  = 10_000
	caseQuiet    = "nobody toggles"
	caseToggles  = "10,000 toggles a second"
	windowOfWork = 50_000 // passes through the work, so that each has many toggles
)

// work is 64 dormant sites and the toggled one.
func work(n int) {
	sum := uint64(0)
	for range n {
		for _, f := range batchGuarded[:min(64, len(batchGuarded))] {
			sum += f(sum)
		}
		sum = throughToggled(sum)
	}
	sink = sum
}

// toggled measures a thread that works while another toggles one of its sites. It returns the toggles made in a second,
// too.
func (p plan) toggled() (*scene, float64, error) {
	h, err := toggledHook.Register("none", func(uint64) gkhi.Verdict { return gkhi.Continue })
	if err != nil {
		return nil, 0, err
	}
	var quiet, busy []float64
	var toggles uint64
	var during time.Duration
	for range max(2, p.rounds/2) {
		quiet = append(quiet, windows()...)
		stop := toggle(h)
		start := time.Now()
		busy = append(busy, windows()...)
		during += time.Since(start)
		n, err := stop()
		if err != nil {
			return nil, 0, err
		}
		toggles += n
	}
	s := &scene{
		Title: titleToggle,
		Note: "Microseconds for a thread's work, which goes through 65 sites, while another thread arms and disarms " +
			"one of them.",
		Cases: []result{summary(caseQuiet, quiet), summary(caseToggles, busy)},
	}
	return s, float64(toggles) / during.Seconds(), nil
}

// windows measures pieces of work, each long enough for many toggles.
func windows() (us []float64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 8 {
		start := time.Now()
		work(windowOfWork)
		us = append(us, float64(time.Since(start).Nanoseconds())/1e3)
	}
	return us
}

// toggle arms and disarms h from a thread of its own at the rate of togglesPerS, until stop is called.
func toggle(h *gkhi.Handler) (stop func() (toggles uint64, err error)) {
	var quit atomic.Bool
	var wg sync.WaitGroup
	var n uint64
	var failed error
	wg.Go(func() {
		runtime.LockOSThread()
		start := time.Now()
		for !quit.Load() && failed == nil {
			for due := uint64(time.Since(start).Seconds() * togglesPerS); n < due && failed == nil; n++ {
				if n%2 == 0 {
					failed = h.Arm()
				} else {
					failed = h.Disarm()
				}
			}
			time.Sleep(50 * time.Microsecond)
		}
		if err := h.Disarm(); failed == nil {
			failed = err
		}
	})
	return func() (uint64, error) {
		quit.Store(true)
		wg.Wait()
		return n, failed
	}
}
