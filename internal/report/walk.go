package report

import (
	"errors"
	"io"

	"github.com/gkhi/gkhi/internal/calls"
	"github.com/gkhi/gkhi/internal/event"
)

// A Call is a call of a function. It is valid until the visitor's Leave or Drop of it returns, and its
// Results until then too; Parent is valid as long as the call is.
type Call struct {
	G      uint64
	Func   int   // index of Funcs
	Thread int   // that ran its entry
	CPU    int   // on which; -1 when not known
	Level  int   // how many calls that the filter lets pass are around it
	Parent *Call // the innermost of these; nil for none
	Caller int   // the function that called it, whether the filter lets that pass or not; -1 for none

	Start, End int64 // Unix ns; End is 0 while the call is under way
	Self       int64 // ns without the calls of recorded functions in it
	Own        int64 // ns without those of them that the filter lets pass: what the widths of a tree are made of

	// Unwound says that no return of it was seen: a panic or Goexit went through it. End is when that was noticed.
	Unwound bool
	// Recursive says that a call of the same function is around it.
	Recursive bool

	Args    []uint64 // recorded words of the arguments, as Site(Entry).Words says; nil for none
	Results []uint64 // the same of the results, of the site Exit
	Entry   int      // index of Sites
	Exit    int      // index of Sites; -1 while no return was seen
	Stack   int      // index of Stacks: who called it; -1 for none

	Data int // the visitor's, 0 at first; of several that are joined, one's

	inner   int64 // time in calls that pass
	tag     int32
	passes  bool
	entered bool // the visitor was told
}

// Took is how long a call took that has ended, in ns.
func (c *Call) Took() int64 { return c.End - c.Start }

// A Visitor is told what is in a recording, in the order of time. Fields may be nil. Calls of one goroutine nest.
//
// With a [Filter] that has a least duration, Enter is called when it has shown that the call is long enough: still in
// order for a goroutine, but not over all.
type Visitor struct {
	Enter func(*Call)
	Leave func(*Call)

	// Drop is called in place of Leave when a call was given up, at a time, since events were lost; and, with lost
	// false, for those still under way at the recording's end, whose Self and Own are up to then.
	Drop func(c *Call, at int64, lost bool)

	Hit func(*Hit)

	// Gap says that events are missing here.
	Gap func(at int64)

	// Round is called several times a second of recorded time.
	Round func(at int64)
}

// A Hit is a hit of a declared hook. It is valid until the visitor returns.
type Hit struct {
	Time   int64  // Unix ns
	G      uint64 // 0 when not known
	Hook   int    // index of Hooks
	Fields []byte // a JSON object
}

// An Outcome says what a walk has seen.
type Outcome struct {
	event.Summary
	Calls   uint64 // that passed and ended, with or without a return
	Open    uint64 // that passed and were under way at the end
	Given   uint64 // entries and returns that were given up since events were lost
	Gaps    uint64 // places at which some were
	Stopped bool   // the filter wanted no more before the end
	Start   int64  // Unix ns, of the recording
	End     int64  // up to where it was walked
	Last    int64  // the recording's end; where Stopped the same as End, and who wants to know asks event.Reader.End

	// From and To bound the part that the filter looks at, Unix ns: Start and Last unless it says otherwise.
	From, To int64

	// Exact has the numbers of calls that the recorder counted, by function; nil when it did not, or when the filter
	// looks at a part of the calls.
	Exact []uint64
}

// walker is the state of a Walk.
type walker struct {
	r       *event.Reader
	f       *filter
	v       Visitor
	stacks  calls.Stacks
	open    []*Call // by tag
	free    []int32
	passing int // calls under way that pass
	ev      *event.Event
	hit     Hit
	chunk   []uint64 // words are cut from it
	now     int64
	out     Outcome
}

// Walk reads a recording to its end, or up to where the filter wants no more, and tells v of it. The error is the reader's;
// what could be read of a damaged recording was passed on, and the Outcome is of that.
func Walk(r *event.Reader, f Filter, v Visitor) (Outcome, error) {
	w := &walker{r: r, f: f.compile(r), v: v}
	w.stacks = calls.Stacks{Entered: w.enter, Returned: w.returned, Left: w.leave, Dropped: w.dropped}
	err := w.run()
	w.finish()
	return w.out, err
}

func (w *walker) run() error {
	started := false
	for {
		rec, err := w.r.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		if !started && rec.Time != 0 { // counts may come before the first time is known
			started = true
			w.out.Start = rec.Time
			w.f.begin(rec.Time)
		}
		w.now = rec.Time
		switch rec.Kind {
		case event.KindEvent:
			w.event(rec)
		case event.KindHit:
			if w.v.Hit != nil && w.f.hit(w.r, rec) {
				w.hit = Hit{Time: rec.Time, G: rec.Hit.G, Hook: rec.Hit.Hook, Fields: rec.Hit.Fields}
				w.v.Hit(&w.hit)
			}
		case event.KindGap:
			w.gap(rec.Time)
		case event.KindCounts:
			w.count(rec.Counts)
		case event.KindWatermark:
			if w.v.Round != nil {
				w.v.Round(rec.Time)
			}
			if w.passing == 0 && w.f.over(rec.Time) {
				w.out.Stopped = true
				return nil
			}
		}
	}
}

// gap says that events are missing here.
func (w *walker) gap(at int64) {
	w.out.Gaps++
	w.stacks.Reset()
	if w.v.Gap != nil && at >= w.f.from && !w.f.over(at) {
		w.v.Gap(at)
	}
}

func (w *walker) event(rec *event.Record) {
	e := rec.Event
	if e.Gap {
		w.gap(rec.Time)
	}
	if w.f.g != 0 && e.G != w.f.g {
		return
	}
	site := &w.r.Sites[e.Site]
	w.ev = e
	tag := int32(0)
	if !site.Return {
		tag = w.take()
	}
	w.stacks.Add(calls.Event{
		Time: rec.Time, G: e.G, Func: int32(site.Func), Return: site.Return, InRange: site.InRange, SP: e.SP, BP: e.BP, Tag: tag,
	})
}

// take returns the tag of a call to be.
func (w *walker) take() int32 {
	if n := len(w.free); n > 0 {
		tag := w.free[n-1]
		w.free = w.free[:n-1]
		return tag
	}
	w.open = append(w.open, &Call{tag: int32(len(w.open))})
	return int32(len(w.open) - 1)
}

func (w *walker) enter(c calls.Call) {
	o := w.open[c.Tag]
	*o = Call{
		G: c.G, Func: int(c.Func), Caller: int(c.Caller), Start: c.Start, Recursive: c.Recursive, tag: c.Tag,
		Thread: w.ev.Thread, CPU: w.ev.CPU, Entry: w.ev.Site, Exit: -1, Stack: w.ev.Stack,
	}
	if c.Caller >= 0 {
		p := w.open[c.CallerTag]
		if !p.passes {
			p = p.Parent
		}
		if p != nil {
			o.Parent, o.Level = p, p.Level+1
		}
	}
	if o.passes = w.f.passes(o); !o.passes {
		return
	}
	w.passing++
	o.Args = w.keep(w.ev.Words)
	if w.f.least == 0 {
		o.entered = true
		if w.v.Enter != nil {
			w.v.Enter(o)
		}
	}
}

// keep copies words to where they can stay while the call is open.
func (w *walker) keep(words []uint64) []uint64 {
	n := len(words)
	if n == 0 {
		return nil
	}
	if len(w.chunk) < n {
		w.chunk = make([]uint64, 512)
	}
	kept := w.chunk[:n:n]
	w.chunk = w.chunk[n:]
	copy(kept, words)
	return kept
}

func (w *walker) returned(c calls.Call) {
	o := w.open[c.Tag]
	o.Exit = w.ev.Site
	if o.passes {
		o.Results = w.keep(w.ev.Words)
	}
}

func (w *walker) leave(c calls.Call) {
	o := w.open[c.Tag]
	w.free = append(w.free, c.Tag)
	if !o.passes {
		if o.Parent != nil { // its calls that pass are in what the parent called
			o.Parent.inner += o.inner
		}
		return
	}
	w.passing--
	o.End, o.Self, o.Unwound = c.End, c.Self, c.Unwound
	o.Own = max(o.Took()-o.inner, 0)
	if o.Took() < w.f.least {
		if o.Parent != nil {
			o.Parent.inner += o.inner
		}
		return
	}
	if o.Parent != nil {
		o.Parent.inner += o.Took()
	}
	w.announce(o)
	w.out.Calls++
	if w.v.Leave != nil {
		w.v.Leave(o)
	}
}

// announce tells of a call's entry, and before it of those around it, where that was put off.
func (w *walker) announce(c *Call) {
	if c.entered {
		return
	}
	if c.Parent != nil {
		w.announce(c.Parent)
	}
	c.entered = true
	if w.v.Enter != nil {
		w.v.Enter(c)
	}
}

// dropped gives a call up. Calls inside may still name it as their parent, so it is not used again.
func (w *walker) dropped(c calls.Call) {
	o := w.open[c.Tag]
	w.open[c.Tag] = &Call{tag: c.Tag}
	w.free = append(w.free, c.Tag)
	if !o.passes {
		return
	}
	w.passing--
	if o.entered && w.v.Drop != nil {
		w.v.Drop(o, w.now, true)
	}
	o.entered = true // never again
}

// finish passes on the calls that are under way at the end.
func (w *walker) finish() {
	under := w.stacks.Under(w.now)
	for _, c := range under {
		o := w.open[c.Tag]
		if !o.passes || w.now-o.Start < w.f.least {
			continue
		}
		w.out.Open++
		w.announce(o)
	}
	for i := len(under) - 1; i >= 0; i-- { // innermost first
		o := w.open[under[i].Tag]
		if !o.entered {
			continue
		}
		took := w.now - o.Start
		o.Self, o.Own = under[i].Self, max(took-o.inner, 0)
		if o.Parent != nil {
			o.Parent.inner += took
		}
		if w.v.Drop != nil {
			w.v.Drop(o, w.now, false)
		}
	}
	w.out.Summary = w.r.Summary()
	w.out.Given = w.stacks.Lost
	w.out.End, w.out.Last = w.now, w.now
	if w.out.Start == 0 { // it was cut off before its clocks were read
		w.out.Start, w.out.End, w.out.Last = w.r.Meta.Started, w.r.Meta.Started, w.r.Meta.Started
	}
	w.out.From, w.out.To = min(max(w.out.Start, w.f.from), w.out.End), min(w.out.End, w.f.to)
}

// Part reports whether the filter looks at a part of the recording's time.
func (o *Outcome) Part() bool { return o.From > o.Start || o.To < o.Last }

// count takes the exact numbers of calls. The last ones are those of the whole recording.
func (w *walker) count(cs []event.Count) {
	if w.f.partial() {
		return
	}
	if n := len(w.r.Funcs); len(w.out.Exact) < n {
		w.out.Exact = append(w.out.Exact, make([]uint64, n-len(w.out.Exact))...)
	}
	for _, c := range cs {
		w.out.Exact[c.Func] = c.Calls
	}
}
