package gkhi

import (
	"sync"
	"testing"
)

var (
	patchHook  Hook[int]
	patchPoint Point
)

func init() {
	Declare(&patchHook, "test.patch.hook", "for tests of patching")
	DeclarePoint(&patchPoint, "test.patch.point", "for tests of patching")
}

//go:noinline
func firePatchHook(n int) int {
	sum := 0
	for i := range n {
		if patchHook.Armed() {
			patchHook.Fire(i)
		}
		sum += i
	}
	return sum
}

//go:noinline
func hitPatchPoint(x int) int {
	patchPoint.Hit()
	return x*3 + 1
}

func TestPatched(t *testing.T) {
	if err := Prepare(); err != nil {
		t.Log(err)
	}
	t.Logf("%+v", Status())
	calls := 0
	h, err := patchHook.Register("h", func(int) Verdict { calls++; return Continue })
	if err != nil {
		t.Fatal(err)
	}
	defer h.Deregister(t.Context())
	firePatchHook(10)
	if calls != 0 {
		t.Fatal("called before arming")
	}
	for i := range 100 {
		if err := h.Arm(); err != nil {
			t.Fatal(err)
		}
		firePatchHook(10)
		if err := h.Disarm(); err != nil {
			t.Fatal(err)
		}
		firePatchHook(10)
		if calls != 10*(i+1) {
			t.Fatal(calls)
		}
	}
	p, err := patchPoint.Count("count")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Deregister(t.Context())
	if err := p.Arm(); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if hitPatchPoint(i) != 3*i+1 {
			t.Fatal("wrong result")
		}
	}
	if p.Calls() != 1000 {
		t.Error(p.Calls())
	}
	var mu sync.Mutex
	var evs []PointEvent
	r, err := patchPoint.Record("rec", func(e PointEvent) { mu.Lock(); evs = append(evs, e); mu.Unlock() })
	if err != nil {
		t.Fatal(err)
	}
	defer r.Deregister(t.Context())
	if err := r.Arm(); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		hitPatchPoint(i)
	}
	r.Disarm()
	hitPatchPoint(1)
	mu.Lock()
	t.Log(len(evs), evs[0], evs[len(evs)-1], r.Dropped(), p.Calls())
	mu.Unlock()
	t.Logf("%+v", Status())
}
