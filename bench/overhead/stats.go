package main

import (
	"fmt"
	"math"
)

// A ratio says how one thing compares with another: an estimate, and an interval that holds the truth 95 times in a hundred.
type ratio struct{ mid, low, high float64 }

func (r ratio) interval() string { return fmt.Sprintf("%.3f–%.3f", r.low, r.high) }

// compare compares b with a, of both of which it is given logarithms, one for each layout: the means' difference, with
// the interval of Welch's t-test, in which spreads may differ.
func compare(a, b []float64) ratio {
	ma, va := moments(a)
	mb, vb := moments(b)
	va, vb = va/float64(len(a)), vb/float64(len(b)) // of the means
	degrees := (va + vb) * (va + vb) / (va*va/float64(len(a)-1) + vb*vb/float64(len(b)-1))
	d, half := mb-ma, 0.0
	if va+vb > 0 {
		half = t95(degrees) * math.Sqrt(va+vb)
	}
	return ratio{math.Exp(d), math.Exp(d - half), math.Exp(d + half)}
}

// moments returns the mean and the variance that the sample lets expect.
func moments(v []float64) (mean, variance float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		variance += (x - mean) * (x - mean) / float64(len(v)-1)
	}
	return mean, variance
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

// quantiles are Student's t at 97.5 %, for 1, 2, … degrees of freedom.
var quantiles = []float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
	2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

// t95 is how many standard errors to each side hold the truth 95 times in a hundred. What falls between two entries of
// the table has the wider one.
func t95(degrees float64) float64 {
	i := int(degrees) - 1
	switch {
	case !(degrees >= 1): // NaN too
		i = 0
	case i >= len(quantiles):
		i = len(quantiles) - 1
	}
	return quantiles[i]
}
