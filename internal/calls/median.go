package calls

import "sort"

// median returns the value in the middle. It sorts its argument.
func median(v []uint64) uint64 {
	sort.Sort(uint64s(v)) // slices.Sort would be 6 KB of code that hardly a program has for this type
	return v[len(v)/2]
}

type uint64s []uint64

func (v uint64s) Len() int           { return len(v) }
func (v uint64s) Less(i, j int) bool { return v[i] < v[j] }
func (v uint64s) Swap(i, j int)      { v[i], v[j] = v[j], v[i] }
