package main

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

// noWorker is an id that no worker has.
const noWorker = 1 << 20

// extra are further sources of trouble, which build tags add.
var extra []func()

// startChaos keeps the runtime and the kernel busy until stop is closed.
func startChaos(wg *sync.WaitGroup, stop chan struct{}) {
	loop := func(f func()) {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f()
				}
			}
		})
	}
	pause := func(d time.Duration) { time.Sleep(d) }

	// The garbage collector, which scans and shrinks stacks.
	loop(func() { runtime.GC(); pause(3 * time.Millisecond) })

	// The profiler, at 1 kHz (and its words about that, which go to stderr).
	loop(func() {
		runtime.SetCPUProfileRate(1000)
		if err := pprof.StartCPUProfile(io.Discard); err == nil {
			pause(200 * time.Millisecond)
			pprof.StopCPUProfile()
		}
	})

	// Goroutines that come and go, some with their threads.
	loop(func() {
		var one sync.WaitGroup
		for i := range 8 {
			one.Go(func() {
				if i == 0 {
					runtime.LockOSThread() // and never unlock: the thread ends
				}
				for _, h := range hooks {
					h.calls[i%len(h.calls)](noWorker, 3)
				}
			})
		}
		one.Wait()
		pause(time.Millisecond)
	})

	// Stacks that grow from small to large.
	loop(func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, h := range hooks[:4] {
				h.calls[6](noWorker, 2000)
			}
		}()
		<-done
		pause(2 * time.Millisecond)
	})

	// Signals, with os/signal listening to all of them.
	got := make(chan os.Signal, 16)
	signal.Notify(got)
	wg.Go(func() {
		for {
			select {
			case <-stop:
				signal.Stop(got)
				return
			case <-got:
			}
		}
	})
	loop(func() {
		for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGURG} {
			_ = syscall.Kill(os.Getpid(), s)
		}
		pause(300 * time.Microsecond)
	})

	// Children.
	loop(func() {
		must(exec.Command("true").Run())
		pause(20 * time.Millisecond)
	})

	for _, f := range extra {
		loop(f)
	}
}
