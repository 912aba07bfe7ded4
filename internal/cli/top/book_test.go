package top

import (
	"math"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// What several stats count one after the other adds up, for as long as each was armed.
func TestBook(t *testing.T) {
	at := func(d time.Duration) time.Time { return began.Add(d) }
	b := NewBook(time.Second)
	snap := func(seq uint64, after time.Duration, calls ...uint64) client.Snapshot {
		s := client.Snapshot{Seq: seq, Time: at(after).UnixNano()}
		for i, n := range calls {
			s.Rows = append(s.Rows, wire.StatRow{Hook: string(rune('a' + i)), Function: true, Calls: n, Timed: n, Total: int64(n) * 10})
		}
		return s
	}
	if b.Add(snap(1, time.Second, 1)) {
		t.Error("a snapshot of nothing is taken")
	}
	b.Begin(at(0), []string{"a", "b"})
	if !b.Add(snap(1, time.Second, 10, 5)) || !b.Add(snap(2, 2*time.Second, 30, 5)) {
		t.Error("a whole interval is not taken as one")
	}
	// The last snapshot comes when the stat is ended.
	if b.Add(snap(3, 2100*time.Millisecond, 33, 6)) {
		t.Error("a tenth of an interval is taken for one")
	}
	if w, took := b.Interval("a"); w.Delta != 20 || w.Calls != 33 || took != time.Second {
		t.Errorf("a in the last interval: %+v in %v", w, took)
	}
	b.Begin(at(2100*time.Millisecond), []string{"a", "c"})
	if w, _ := b.Interval("b"); w.Delta != 0 || w.Calls != 6 {
		t.Errorf("b is not armed: %+v", w)
	}
	b.Add(client.Snapshot{Seq: 1, Time: at(3100 * time.Millisecond).UnixNano(), Rows: []wire.StatRow{{Hook: "a", Function: true, Calls: 7, Timed: 7, Total: 70}}})
	for name, want := range map[string]struct {
		calls, delta uint64
		took         time.Duration
	}{
		"a": {40, 7, 3100 * time.Millisecond}, "b": {6, 0, 2100 * time.Millisecond}, "c": {0, 0, time.Second},
	} {
		w, took := b.Total(name)
		i, _ := b.Interval(name)
		if w.Calls != want.calls || took != want.took || i.Delta != want.delta || w.Total != time.Duration(want.calls)*10 {
			t.Errorf("%s: %+v in %v, and %d in the last interval; want %+v", name, w, took, i.Delta, want)
		}
	}
	// Again the same: it is not counted twice.
	b.Begin(at(3100*time.Millisecond), []string{"b"})
	if w, _ := b.Total("a"); w.Calls != 40 {
		t.Errorf("a: %+v", w)
	}
	if w, _ := b.Total("b"); w.Calls != 6 {
		t.Errorf("b: %+v", w)
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 99_999: "99999", 100_000: "100k", 123_456: "123k", 999_499: "999k", 999_500: "1.00M",
		1_234_567: "1.23M", 12_345_678: "12.3M", 123_456_789: "123M", 1 << 63: "9.22E", 1<<64 - 1: "18.4E"} {
		if got := Count(n); got != want || len(got) > 6 {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.25: "0.25", 12.34: "12.3", 99_999: "99999", 123_456: "123k", 1e300: "9.22E", math.Inf(1): "-"} {
		if got := Rate(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

// The column sorted by never goes, names keep their room as long as possible, and everything fits.
func TestFit(t *testing.T) {
	for width := leastColumns; width < 200; width++ {
		for sorted := range Columns {
			columns, name := fit(width-2, sorted)
			sum, has := name, false
			for _, i := range columns {
				if Columns[i].width > 0 {
					sum += Columns[i].width + 1
				}
				has = has || i == sorted
			}
			if sum > width-2 || !has || name < 10 {
				t.Fatalf("in %d columns, sorted by %d: %v and %d for names", width, sorted, columns, name)
			}
		}
	}
}
