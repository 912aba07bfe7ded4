package gkhi

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var selfDisarm Point

func init() { DeclarePoint(&selfDisarm, "test.native.self", "disarmed by its own sink") }

//go:noinline
func hitSelfDisarm() { selfDisarm.Hit() }

// A sink may call everything, its own handler's Disarm and Deregister included,
// and no event is lost on the way.
func TestSinkDisarmsItself(t *testing.T) {
	var h *Handler
	var seen atomic.Int64
	var once sync.Once
	done := make(chan struct{})
	h, err := selfDisarm.Record("self", func(e PointEvent) {
		seen.Add(1)
		once.Do(func() {
			_ = h.Calls()
			for range 10 {
				hitSelfDisarm() // noted in the midst of a drain
			}
			if err := h.Disarm(); err != nil {
				t.Error(err)
			}
			hitSelfDisarm() // not noted any more
			close(done)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Deregister(t.Context())
	if err := h.Arm(); err != nil {
		t.Fatal(err)
	}
	hitSelfDisarm()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("the sink hangs")
	}
	for deadline := time.Now().Add(30 * time.Second); seen.Load() < 11 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n := seen.Load(); n != 11 {
		t.Errorf("%d events, want 11", n)
	}
}
