package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCompare holds the interval against samples whose ratio is known: it must miss the truth in about one of
// twenty, whether spreads are the same or not.
func TestCompare(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, row := range []struct {
		n                  int
		spreadA, spreadB   float64
		ratio, tooFar      float64 // the distance of the estimate, in the mean
		missesLo, missesHi int     // of 2000
	}{
		{16, 0.04, 0.04, 1.02, 0.015, 60, 140},
		{16, 0.01, 0.08, 0.97, 0.025, 60, 140},
		{4, 0.03, 0.05, 1, 0.03, 40, 140},
	} {
		misses, far := 0, 0.0
		for range 2000 {
			var a, b []float64
			for range row.n {
				a = append(a, 3+row.spreadA*r.NormFloat64())
				b = append(b, 3+math.Log(row.ratio)+row.spreadB*r.NormFloat64())
			}
			got := compare(a, b)
			if row.ratio < got.low || row.ratio > got.high {
				misses++
			}
			far += math.Abs(got.mid-row.ratio) / 2000
		}
		if misses < row.missesLo || misses > row.missesHi || far > row.tooFar {
			t.Errorf("%+v: the truth is outside in %d of 2000, %.3f off in the mean", row, misses, far)
		}
	}
	if got := compare([]float64{1, 1}, []float64{1, 1}); got != (ratio{1, 1, 1}) {
		t.Errorf("no spread: %v", got)
	}
}

func TestGeomean(t *testing.T) {
	got := geomean([]ratio{{2, 1, 4}, {0.5, 0.25, 1}})
	half := math.Ln2 / math.Sqrt2
	for _, pair := range [][2]float64{{got.mid, 1}, {got.low, math.Exp(-half)}, {got.high, math.Exp(half)}} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%v: %v, want %v", got, pair[0], pair[1])
		}
	}
}
