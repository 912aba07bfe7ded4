package top

import (
	"errors"
	"io"
	"time"

	"github.com/gkhi/gkhi/internal/calls"
	"github.com/gkhi/gkhi/internal/event"
)

// A call is a call of a function that has ended.
type call struct {
	fn     string
	caller string // the innermost function recorded around it; empty for none
	took   int64  // ns
	self   int64  // ns, without the calls recorded in it

	// recursive says that a call of the same function is around it, whose time has this one's in it.
	recursive bool
}

// readCalls reads a recording to its end and passes on the calls in it that have returned.
// mark is called several times a second, with the number of events lost so far and how long the recording is, from its first event on.
func readCalls(r io.Reader, each func(call), mark func(lost uint64, seen time.Duration)) error {
	in, err := event.NewReader(r)
	if err != nil {
		return err
	}
	name := func(fn int32) string {
		if fn < 0 || int(fn) >= len(in.Funcs) {
			return ""
		}
		return in.Funcs[fn].Name
	}
	stacks := calls.Stacks{Left: func(c calls.Call) {
		if !c.Unwound { // how long that one took is not known
			each(call{fn: name(c.Func), caller: name(c.Caller), took: c.End - c.Start, self: c.Self, recursive: c.Recursive})
		}
	}}
	var first int64 // time of the first event
	for {
		rec, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case rec.Kind == event.KindWatermark:
			seen := time.Duration(0)
			if first != 0 {
				seen = time.Duration(rec.Time - first)
			}
			mark(rec.Watermark.Lost, seen)
		case rec.Kind == event.KindGap:
			stacks.Reset()
		case rec.Kind == event.KindEvent:
			e := rec.Event
			if first == 0 {
				first = rec.Time
			}
			if e.Gap {
				stacks.Reset()
			}
			s := in.Sites[e.Site]
			stacks.Add(calls.Event{
				Time: rec.Time, G: e.G, Func: int32(s.Func), Return: s.Return, InRange: s.InRange, SP: e.SP, BP: e.BP,
			})
		}
	}
}
