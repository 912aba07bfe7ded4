package top

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/event"
)

func TestGraph(t *testing.T) {
	g := newGrapher()
	if err := readCalls(bytes.NewReader(recording(4)), g.add, g.mark); err != nil {
		t.Fatal(err)
	}
	put := g.of("main.(*store).Put")
	// Four of eight calls have a call of 1 µs in them, and take 3 µs; the others take 1 µs.
	if put.Calls != 8 || put.Took != 16*time.Microsecond || put.Self != 12*time.Microsecond || put.Lost != 5 || put.Seen <= 0 {
		t.Errorf("%+v", put)
	}
	if len(put.Callers) != 1 || put.Callers[0] != (Edge{"main.main", 8, 16 * time.Microsecond}) {
		t.Errorf("callers %+v", put.Callers)
	}
	if len(put.Callees) != 1 || put.Callees[0] != (Edge{"go.etcd.io/bbolt.(*DB).Update", 4, 4 * time.Microsecond}) {
		t.Errorf("callees %+v", put.Callees)
	}
	if main := g.of("main.main"); main.Calls != 4 || len(main.Callers) != 1 || main.Callers[0].Name != "" {
		t.Errorf("%+v", main)
	}
	if none := g.of("main.other"); none.Calls != 0 || none.Callers != nil {
		t.Errorf("%+v", none)
	}
}

// Recursive calls are counted each, their time once.
func TestGraphRecursion(t *testing.T) {
	g := newGrapher()
	g.add(call{fn: "f", caller: "f", took: 5, self: 5, recursive: true})
	g.add(call{fn: "f", caller: "g", took: 20, self: 15})
	f := g.of("f")
	if f.Calls != 2 || f.Took != 20 || f.Self != 20 || len(f.Callers) != 2 || len(f.Callees) != 1 {
		t.Errorf("%+v", f)
	}
}

func TestReadCallsErrors(t *testing.T) {
	nothing, mark := func(call) {}, func(uint64, time.Duration) {}
	if err := readCalls(bytes.NewReader([]byte("no recording")), nothing, mark); !errors.Is(err, event.ErrFormat) {
		t.Errorf("what is no recording: %v", err)
	}
	whole := recording(3)
	for n := range len(whole) { // as when the process was killed
		if err := readCalls(bytes.NewReader(whole[:n]), nothing, mark); err != nil && !errors.Is(err, event.ErrFormat) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut off after %d bytes: %v", n, err)
		}
	}
}
