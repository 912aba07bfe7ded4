package hist

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestSmall compares with a Histogram.
func TestSmall(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		var small Small
		var large Histogram
		narrow := rnd.IntN(2) == 0
		for range n {
			v := rnd.Int64() >> rnd.IntN(64)
			switch {
			case narrow:
				v = 1000 + rnd.Int64N(500)
			case rnd.IntN(20) == 0:
				v = -v
			case rnd.IntN(20) == 0:
				v = math.MaxInt64
			}
			small.Record(v)
			large.Record(v)
		}
		if got, want := small.Snapshot(), large.Snapshot(); !reflect.DeepEqual(got, want) {
			t.Fatalf("%d values: %+v, want %+v", n, got, want)
		}
		if narrow && len(small.counts) > 2*sub {
			t.Errorf("%d buckets for values of 1000 to 1500", len(small.counts))
		}
	}
}
