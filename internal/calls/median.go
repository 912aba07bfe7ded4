package calls

import "slices"

// median returns the value in the middle. It sorts its argument.
func median(v []uint64) uint64 {
	slices.Sort(v)
	return v[len(v)/2]
}
