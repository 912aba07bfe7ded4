// Package pprof writes the profile format of go tool pprof: a sample for each path of calls, with the number of calls and the time that
// the last of them took itself. pprof adds up the rest: flat is a function's own time, cum that with its callees. Unlike
// a CPU profile's, times are those on the clock, waiting included, and exact.
package pprof

import (
	"io"
	"path/filepath"

	"github.com/google/pprof/profile"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report"
)

// Write writes a finished tree as a compressed profile.
func Write(w io.Writer, d *event.Definitions, t *report.Tree, out report.Outcome) error {
	p := &profile.Profile{
		SampleType:        []*profile.ValueType{{Type: "calls", Unit: "count"}, {Type: "time", Unit: "nanoseconds"}},
		DefaultSampleType: "time",
		PeriodType:        &profile.ValueType{Type: "time", Unit: "nanoseconds"},
		Period:            1,
		TimeNanos:         out.From,
		DurationNanos:     out.To - out.From,
		Mapping:           []*profile.Mapping{{ID: 1, File: filepath.Base(d.Meta.Program), HasFunctions: true, HasFilenames: true, HasLineNumbers: true}},
	}
	if out.Lost > 0 {
		p.Comments = append(p.Comments, "events were lost while it was recorded: times are of the calls that are whole")
	}
	known := map[place]*profile.Location{}
	locations := make([]*profile.Location, len(t.Nodes))
	for i := 1; i < len(t.Nodes); i++ {
		n := &t.Nodes[i]
		at := place{n.Name, n.File, n.Line}
		l := known[at]
		if l == nil {
			l = location(p, at)
			known[at] = l
		}
		locations[i] = l
		if n.Calls == 0 && n.Own == 0 {
			continue
		}
		s := &profile.Sample{Value: []int64{int64(n.Calls), n.Own}}
		for j := i; j > 0; j = t.Nodes[j].Parent {
			s.Location = append(s.Location, locations[j])
		}
		p.Sample = append(p.Sample, s)
	}
	return p.Write(w)
}

type place struct {
	name, file string
	line       int
}

func location(p *profile.Profile, at place) *profile.Location {
	id := uint64(len(p.Location)) + 1
	f := &profile.Function{ID: id, Name: at.name, SystemName: at.name, Filename: at.file, StartLine: int64(at.line)}
	l := &profile.Location{ID: id, Mapping: p.Mapping[0], Line: []profile.Line{{Function: f, Line: int64(at.line)}}}
	p.Function = append(p.Function, f)
	p.Location = append(p.Location, l)
	return l
}
