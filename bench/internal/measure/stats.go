package measure

import "math"

// Moments returns the mean and the variance that the sample lets expect.
func Moments(v []float64) (mean, variance float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		variance += (x - mean) * (x - mean) / float64(len(v)-1)
	}
	return mean, variance
}

// Mean is the mean of a sample and how far to each side of it the truth is, 95 times in a hundred. Of
// a sample of one nobody knows how far: the second is 0.
func Mean(v []float64) (mean, half float64) {
	mean, variance := Moments(v)
	if len(v) < 2 {
		return mean, 0
	}
	return mean, T95(float64(len(v)-1)) * math.Sqrt(variance/float64(len(v)))
}

// quantiles are Student's t at 97.5 %, for 1, 2, … degrees of freedom.
var quantiles = []float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
	2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

// T95 is how many standard errors to each side hold the truth 95 times in a hundred. What falls between two entries of
// the table has the wider one.
func T95(degrees float64) float64 {
	i := int(degrees) - 1
	switch {
	case !(degrees >= 1): // NaN too
		i = 0
	case i >= len(quantiles):
		i = len(quantiles) - 1
	}
	return quantiles[i]
}
