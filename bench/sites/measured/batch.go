package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi"
)

const (
	titleBatch      = "Sites armed in one batch"
	batchHooksName  = "guarded sites"
	batchPointsName = "points"
)

func declareBatch() {
	for i := range batchHooks {
		gkhi.Declare(&batchHooks[i], fmt.Sprint("batch.hook.", i), "armed with all others")
		gkhi.DeclarePoint(&batchPoints[i], fmt.Sprint("batch.point.", i), "armed with all others")
	}
	gkhi.DeclarePoint(&countedPoint, "armed.counted", "has a handler that counts")
	gkhi.DeclarePoint(&recordedPoint, "armed.recorded", "has a handler that records")
	gkhi.DeclarePoint(&bothPoint, "armed.both", "has both handlers")
	gkhi.Declare(&toggledHook, "toggled", "armed and disarmed all the while")
}

// registerBatch returns a handler for each of the hooks, and for each of the points.
func registerBatch() (hooks, points []*gkhi.Handler, err error) {
	for i := range batchHooks {
		h, err := batchHooks[i].Register("none", func(uint64) gkhi.Verdict { return gkhi.Continue })
		if err != nil {
			return nil, nil, err
		}
		p, err := batchPoints[i].Count("count")
		if err != nil {
			return nil, nil, err
		}
		hooks, points = append(hooks, h), append(points, p)
	}
	return hooks, points, nil
}

// batch arms and disarms all sites, first with nothing else running and then with two threads that run through them.
func (p plan) batch() (*scene, error) {
	hooks, points, err := registerBatch()
	if err != nil {
		return nil, err
	}
	s := &scene{
		Title: titleBatch,
		Note: fmt.Sprintf("Milliseconds for %d sites of %d hooks, or points, in one call of Arm or Disarm.",
			len(batchGuarded), len(batchHooks)),
	}
	for _, hot := range []int{0, 2} {
		stop := heat(hot)
		for _, b := range []struct {
			name     string
			handlers []*gkhi.Handler
		}{{batchHooksName, hooks}, {batchPointsName, points}} {
			arm, disarm, err := p.toggleAll(b.handlers)
			if err != nil {
				stop()
				return nil, err
			}
			s.Cases = append(s.Cases, summary(batchCase("arm", b.name, hot), arm), summary(batchCase("disarm", b.name, hot), disarm))
		}
		stop()
	}
	return s, nil
}

func batchCase(verb, what string, hot int) string {
	if hot == 0 {
		return verb + " " + what + ", idle"
	}
	return fmt.Sprintf("%s %s, %d threads running through them", verb, what, hot)
}

// toggleAll returns milliseconds.
func (p plan) toggleAll(hs []*gkhi.Handler) (arm, disarm []float64, err error) {
	for range p.batches {
		start := time.Now()
		if err := gkhi.Arm(hs...); err != nil {
			return nil, nil, err
		}
		armed := time.Now()
		if err := gkhi.Disarm(hs...); err != nil {
			return nil, nil, err
		}
		arm = append(arm, armed.Sub(start).Seconds()*1e3)
		disarm = append(disarm, time.Since(armed).Seconds()*1e3)
		runtime.GC() // so that the next batch doesn't pay for this one's garbage
	}
	return arm, disarm, nil
}

// heat runs threads through all sites until stop is called.
func heat(threads int) (stop func()) {
	var quit atomic.Bool
	var wg sync.WaitGroup
	for range threads {
		wg.Go(func() {
			runtime.LockOSThread()
			for i := uint64(0); !quit.Load(); i++ {
				for j := range batchGuarded {
					batchGuarded[j](i)
					batchPoint[j](i)
				}
			}
		})
	}
	return func() {
		quit.Store(true)
		wg.Wait()
	}
}
