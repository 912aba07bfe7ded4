package funcs

import (
	"github.com/gkhi/gkhi/internal/record"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// RecordOptions say what events have besides, of a session that records.
type RecordOptions struct {
	Values bool // arguments at entries and results at returns
	Depth  int  // callers at most; 0 for none
}

// A Site is one of the sites of a session that records.
type Site struct {
	Func    int // index of the session's Funcs
	Return  bool
	InRange bool
	Line    int
	Words   []Word // what is known of the arguments there, or at a return of the results
}

// A Word is one machine word of a value.
type Word struct {
	Param, Part int // which word of which value

	from     int // which of the values noted; -1 for a constant
	constant uint64
}

// A Batch is what one drain brought for a session that records. Its methods may be called until the
// function that got it returns.
type Batch struct {
	Until uint64 // ticks: all events up to here are in this batch or in earlier ones
	Lost  uint64 // events that the recorder dropped since the session began

	batch *record.Batch
	raw   *rawSession
}

// plan says which words of values are known at a site, and what its events have to have for them.
func plan(values []sitetab.Param, l *sitetab.Layout) (words []Word, want record.Want) {
	if l == nil {
		return nil, want
	}
	want.Frame = int32(l.Frame)
	i := 0
	for param, v := range values {
		for part := range v.Words() {
			if i >= len(l.Places) {
				return words, want
			}
			p := l.Places[i]
			i++
			w := Word{Param: param, Part: part, from: len(want.Places)}
			switch p.Kind {
			case sitetab.Register:
				want.Places = append(want.Places, record.Place{N: int32(p.N)})
			case sitetab.Stack:
				want.Places = append(want.Places, record.Place{Stack: true, N: int32(p.N)})
			case sitetab.Constant:
				w.from, w.constant = -1, uint64(p.N)
			default:
				continue
			}
			words = append(words, w)
			if len(want.Places) == record.MaxValues {
				return words, want
			}
		}
	}
	return words, want
}
