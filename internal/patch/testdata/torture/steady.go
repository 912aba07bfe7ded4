package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi"
)

// steady is a point whose counter stays armed while a recorder comes and goes:
// its sites change from one trampoline to another under threads that hit them, and
// no hit may be lost.
var steady gkhi.Point

func init() { gkhi.DeclarePoint(&steady, "torture.steady", "counted all the time") }

//go:noinline
func hitSteady(n int) int {
	sum := 0
	for i := range n {
		steady.Hit()
		sum += i * n
	}
	return sum
}

// startSteady counts until stop is closed, and returns what compares the counts.
func startSteady(wg *sync.WaitGroup, stop chan struct{}) (check func()) {
	var hits, events atomic.Uint64
	count, err := steady.Count("count")
	must(err)
	must(count.Arm())
	record, err := steady.Record("record", func(gkhi.PointEvent) { events.Add(1) })
	must(err)
	running := func() bool {
		select {
		case <-stop:
			return false
		default:
			return true
		}
	}
	for range 2 {
		wg.Go(func() {
			for running() {
				junk[0] += hitSteady(100)
				hits.Add(100)
				time.Sleep(20 * time.Microsecond)
			}
		})
	}
	wg.Go(func() {
		for running() {
			must(record.Arm())
			must(record.Disarm())
		}
	})
	return func() {
		if got := count.Calls(); got != hits.Load() {
			wrongf("the steady point: %d hits of %d", got, hits.Load())
		}
		noted.Add(events.Load())
		lost.Store(record.Dropped())
	}
}
