package control

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// offer puts n events of a size, as a handler does, and returns how many were wanted.
func offer(b *Buffer, n, size int) (wanted int) {
	for i := range n {
		if b.Want() {
			wanted++
			b.Put(wire.Event{Time: int64(i), Fields: wire.Raw(strings.Repeat("1", size))})
		}
	}
	return wanted
}

func TestBuffer(t *testing.T) {
	for name, tt := range map[string]struct {
		spec                         wire.TraceSpec
		maxEvents, maxBytes          int
		offered, size                int
		wantWanted, wantTaken, wantD int
	}{
		"all":             {wire.TraceSpec{}, 10, 1 << 20, 10, 1, 10, 10, 0},
		"full of events":  {wire.TraceSpec{}, 4, 1 << 20, 10, 1, 4, 4, 6},
		"full of bytes":   {wire.TraceSpec{}, 100, 3 * (eventOverhead + 50), 10, 50, 10, 3, 7},
		"limit":           {wire.TraceSpec{Max: 3}, 10, 1 << 20, 10, 1, 3, 3, 0},
		"limit and full":  {wire.TraceSpec{Max: 3}, 2, 1 << 20, 10, 1, 2, 2, 8},
		"sample":          {wire.TraceSpec{Sample: 4}, 10, 1 << 20, 10, 1, 3, 3, 0},
		"sample of one":   {wire.TraceSpec{Sample: 1}, 10, 1 << 20, 10, 1, 10, 10, 0},
		"sample and full": {wire.TraceSpec{Sample: 2}, 3, 1 << 20, 10, 1, 3, 3, 2},
	} {
		b := NewBuffer(tt.spec, tt.maxEvents, tt.maxBytes)
		wanted := offer(b, tt.offered, tt.size)
		events, dropped := b.Take(nil)
		if wanted != tt.wantWanted || len(events) != tt.wantTaken || dropped != uint64(tt.wantD) {
			t.Errorf("%s: wanted %d, taken %d, dropped %d; want %d, %d, %d", name, wanted, len(events), dropped, tt.wantWanted, tt.wantTaken, tt.wantD)
		}
	}
}

// A dropped event does not count for the limit, or a trace of n events could wait for ever for the last.
func TestBufferLimitAfterDrop(t *testing.T) {
	b := NewBuffer(wire.TraceSpec{Max: 3}, 2, 1<<20)
	offer(b, 5, 1)
	b.Take(nil)
	if n := offer(b, 5, 1); n != 1 {
		t.Errorf("%d events wanted after two of three were taken", n)
	}
	b.Drop() // one could not be sent
	b.Take(nil)
	if n := offer(b, 5, 1); n != 1 {
		t.Errorf("%d events wanted after one could not be sent", n)
	}
}

func TestBufferOver(t *testing.T) {
	b := NewBuffer(wire.TraceSpec{}, 10, 1<<20)
	if !b.Want() {
		t.Fatal("an empty buffer wants nothing")
	}
	b.Over()
	b.Put(wire.Event{}) // wanted before, late
	if b.Want() {
		t.Error("wants more when it is over")
	}
	select {
	case <-b.Wake():
	default:
		t.Error("the writer is not woken at the end")
	}
	if events, dropped := b.Take(nil); len(events) != 0 || dropped != 0 {
		t.Errorf("took %d events, dropped %d, after the end", len(events), dropped)
	}
}

// Every event that is offered is taken or counted as dropped, whoever puts and however slow the taker is.
func TestBufferLosesNothingSilently(t *testing.T) {
	const writers, each = 8, 5000
	b := NewBuffer(wire.TraceSpec{}, 64, 1<<20)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() { offer(b, each, 10) })
	}
	var done atomic.Bool
	go func() { wg.Wait(); done.Store(true) }()
	taken, dropped := 0, uint64(0)
	var batch []wire.Event
	for last := false; !last; runtime.Gosched() {
		last = done.Load()
		batch, dropped = b.Take(batch)
		taken += len(batch)
	}
	if got := taken + int(dropped); got != writers*each {
		t.Errorf("%d taken + %d dropped = %d, want %d", taken, dropped, got, writers*each)
	}
}

func TestMarshalHookFits(t *testing.T) {
	h := wire.Hook{Name: "app.inlined", Kind: wire.KindPoint}
	for i := range 30000 {
		h.Sites = append(h.Sites, wire.Site{Func: strings.Repeat("f", 80), Line: i, PC: uint64(i)})
	}
	raw, err := marshalHook(h)
	if err != nil {
		t.Fatal(err)
	}
	var back wire.Hook
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if len(raw) > wire.MaxLine || len(back.Sites) == 0 || back.Cut+len(back.Sites) != 30000 {
		t.Errorf("%d bytes, %d sites, %d cut", len(raw), len(back.Sites), back.Cut)
	}
	small, err := marshalHook(wire.Hook{Name: "x"})
	if err != nil || !json.Valid(small) || strings.Contains(string(small), "cut") {
		t.Errorf("%s, %v", small, err)
	}
}

func BenchmarkBuffer(b *testing.B) {
	for _, full := range []bool{false, true} {
		b.Run(fmt.Sprintf("full=%v", full), func(b *testing.B) {
			buf := NewBuffer(wire.TraceSpec{}, 1024, 1<<20)
			offer(buf, 1024, 1)
			var batch []wire.Event
			for i := 0; b.Loop(); i++ {
				if !full && i%512 == 0 {
					batch, _ = buf.Take(batch)
				}
				if buf.Want() {
					buf.Put(wire.Event{Hook: "x"})
				}
			}
		})
	}
}
