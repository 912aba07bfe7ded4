package measure

import (
	"sync"
	"time"
)

// Time runs run(n) in each of so many goroutines at once and returns how long it took until all were done.
func Time(run func(n int), threads, n int) time.Duration {
	if threads == 1 {
		start := time.Now()
		run(n)
		return time.Since(start)
	}
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(threads)
	for range threads {
		done.Go(func() {
			ready.Done()
			<-begin
			run(n)
		})
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	done.Wait()
	return time.Since(start)
}

// Calibrate finds the n with which Time(run, threads, n) takes about as long as slice, when nothing else disturbs it.
func Calibrate(run func(n int), threads int, slice time.Duration) int {
	for n := 64; ; n *= 2 {
		took := Time(run, threads, n)
		for range 3 { // it may have been something else that took so long
			if took >= slice/4 {
				took = min(took, Time(run, threads, n))
			}
		}
		if took >= slice/4 || n >= 1<<30 {
			return max(1, int(float64(n)*float64(slice)/float64(max(took, 1))))
		}
	}
}
