package draw

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/gkhi/gkhi/internal/hist"
)

// blocks are the bar's ends, in eighths of a column.
var blocks = []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// minBar is the narrowest bar worth drawing, in columns.
const minBar = 10

// Histogram draws durations, a line for each power of two between the smallest and the largest, where a gap of several is one line, and
// no line for an empty histogram:
//
//	 64µs …  128µs     12 ███▏
//	128µs …  256µs    303 ████████████████████████████████▌
//
// The lines are at most width columns wide, but never so narrow that no bar is left.
func Histogram(s hist.Snapshot, width int, style Style) []string {
	rows := powers(s)
	var most uint64
	labels, counts := 0, 0
	for _, r := range rows {
		if r.gap {
			continue
		}
		most = max(most, r.count)
		labels = max(labels, Width(r.from()), Width(r.to()))
		counts = max(counts, len(fmt.Sprint(r.count)))
	}
	bar := max(width-2*labels-counts-5, minBar)
	lines := make([]string, 0, len(rows))
	for _, r := range rows {
		if r.gap {
			lines = append(lines, pad("⋮", labels, true))
			continue
		}
		line := fmt.Sprintf("%s … %s %*d ",
			pad(r.from(), labels, true), pad(r.to(), labels, true), counts, r.count)
		lines = append(lines, strings.TrimRight(line+style.Bar(Bar(r.count, most, bar)), " "))
	}
	return lines
}

// A power is a row of a histogram: the values of as many bits, or a gap where none were counted.
type power struct {
	low, high, count uint64
	gap              bool
}

// longestGap is how many empty rows in a row are drawn as they are.
const longestGap = 2

func (p power) from() string { return Duration(int64(p.low)) }
func (p power) to() string   { return Duration(int64(min(p.high, math.MaxInt64))) }

// powers gathers the buckets, which are finer, into powers of two, with the empty ones between them or a gap in place of many.
func powers(s hist.Snapshot) []power {
	var rows []power
	for _, b := range s.Buckets {
		// No duration is longer; a target that is broken may send one.
		from := min(b.Low, math.MaxInt64)
		for len(rows) == 0 || rows[len(rows)-1].high <= from {
			next := bits.Len64(from) // the row of values with so many bits; 0 is that of the value 0
			if len(rows) > 0 {
				next = bits.Len64(rows[len(rows)-1].high)
			}
			low := uint64(0)
			if next > 0 {
				low = 1 << (next - 1)
			}
			rows = append(rows, power{low: low, high: 1 << next})
		}
		rows[len(rows)-1].count += b.Count
	}
	return closeGaps(rows)
}

// closeGaps puts one gap in the place of each long run of empty rows.
func closeGaps(rows []power) []power {
	var closed []power
	for i := 0; i < len(rows); {
		end := i
		for end < len(rows) && rows[end].count == 0 {
			end++
		}
		switch {
		case end-i > longestGap:
			closed = append(closed, power{gap: true})
			i = end
		default:
			closed = append(closed, rows[i:max(end, i+1)]...)
			i = max(end, i+1)
		}
	}
	return closed
}

// Bar draws n of most as a bar in a field of width columns. What is not 0 is at least an eighth of a column.
func Bar(n, most uint64, width int) string {
	if n == 0 || most == 0 {
		return ""
	}
	eighths := int(float64(n) / float64(most) * float64(width*8))
	eighths = min(max(eighths, 1), width*8)
	return strings.Repeat("█", eighths/8) + blocks[eighths%8]
}
