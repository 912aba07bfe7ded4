package page

import "slices"

// An axis cuts time, whose end isn't known while a recording is read, into stretches: it begins with short ones and, when time
// goes on beyond the last, puts them together in pairs. So there are always between half of most and most of them.
type axis struct {
	most  int // even
	width int64
	join  []func(n int) // each puts 2n stretches together to n
}

func newAxis(most int) *axis { return &axis{most: most, width: 1 << 10} }

// at returns the stretch of a moment, in ns from the beginning.
func (a *axis) at(t int64) int {
	t = max(t, 0)
	for t >= a.width*int64(a.most) {
		a.width *= 2
		for _, join := range a.join {
			join(a.most / 2)
		}
	}
	return int(t / a.width)
}

// A series counts by stretch.
type series []uint32

func (s *series) add(i int) {
	if i >= len(*s) {
		*s = append(*s, make([]uint32, i+1-len(*s))...)
	}
	if (*s)[i] < 1<<32-1 {
		(*s)[i]++
	}
}

// halve joins pairs of stretches.
func (s series) halve() series {
	for i := range s {
		if i%2 == 0 {
			s[i/2] = s[i]
		} else {
			s[i/2] = uint32(min(uint64(s[i/2])+uint64(s[i]), 1<<32-1))
		}
	}
	return s[:(len(s)+1)/2]
}

// digits writes a series of n stretches in as many digits, 9 the most.
func (s series) digits(n int) string {
	if len(s) == 0 || n <= 0 {
		return ""
	}
	most := uint64(max(slices.Max(s), 1))
	out := make([]byte, n)
	for i := range out {
		out[i] = '0'
		if i < len(s) && s[i] > 0 {
			out[i] = byte('0' + max((uint64(s[i])*9+most/2)/most, 1)) // what is there can be seen
		}
	}
	return string(out)
}
