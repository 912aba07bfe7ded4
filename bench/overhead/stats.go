package main

import (
	"fmt"
	"math"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// A ratio says how one thing compares with another: an estimate, and an interval that holds the truth 95 times in a hundred.
type ratio struct{ mid, low, high float64 }

func (r ratio) interval() string { return fmt.Sprintf("%.3f–%.3f", r.low, r.high) }

// compare compares b with a, of both of which it is given logarithms, one for each layout: the means' difference, with
// the interval of Welch's t-test, in which spreads may differ.
func compare(a, b []float64) ratio {
	ma, va := measure.Moments(a)
	mb, vb := measure.Moments(b)
	va, vb = va/float64(len(a)), vb/float64(len(b)) // of the means
	degrees := (va + vb) * (va + vb) / (va*va/float64(len(a)-1) + vb*vb/float64(len(b)-1))
	d, half := mb-ma, 0.0
	if va+vb > 0 {
		half = measure.T95(degrees) * math.Sqrt(va+vb)
	}
	return ratio{math.Exp(d), math.Exp(d - half), math.Exp(d + half)}
}

// geomean is the geometric mean of ratios that know nothing of each other.
func geomean(list []ratio) ratio {
	sum, squares := 0.0, 0.0
	for _, r := range list {
		sum += math.Log(r.mid)
		half := (math.Log(r.high) - math.Log(r.low)) / 2
		squares += half * half
	}
	n := float64(len(list))
	mid, half := sum/n, math.Sqrt(squares)/n
	return ratio{math.Exp(mid), math.Exp(mid - half), math.Exp(mid + half)}
}
