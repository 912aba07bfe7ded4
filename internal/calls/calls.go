package calls

import "cmp"

// An Event is one hit of a function's point. Events of one goroutine must come in order of time.
type Event struct {
	Time   int64 // any unit, the same for all; Call has it too
	G      uint64
	Func   int32
	Return bool
	// InRange is whether a return is in the body of a range statement. It may then be hit in a
	// function of its own, deeper than the entry, and before the iterator returns.
	InRange bool
	SP, BP  uint32 // how deep the stack and frame pointers are, in bytes
	Tag     int32  // of an entry: the caller's to use, passed on in Call
}

// A Call is an entry and what became of it.
type Call struct {
	G      uint64
	Func   int32
	Caller int32 // the innermost call around it; -1 for none
	Level  int   // how many calls are around it
	Start  int64
	End    int64 // of Start's kind
	Self   int64 // End - Start without the calls in it

	// Unwound says that it did not return: a panic or Goexit went through it, or its return
	// was lost. End is then when that was noticed.
	Unwound bool
	// Recursive says that a call of the same function is around it.
	Recursive bool

	Tag       int32 // of its entry
	CallerTag int32 // that of the call around it; of no meaning where Caller is -1
}

// Limits, which keep damaged or endless input from using up memory.
const (
	maxFrames     = 4096    // of one goroutine; the outermost are given up
	maxGoroutines = 1 << 17 // of which those are given up that were not heard of for longest
	maxKept       = 64      // stacks that are kept to be used again, and the most frames of one
)

// Stacks holds the calls that are under way. The zero value is ready. It is not safe for concurrent use.
type Stacks struct {
	gs    map[uint64]*stack
	last  *stack // of the last event's goroutine, unless it is nil. Only it may be empty
	lastG uint64
	free  []*stack // to be used again

	// Lost counts entries that were given up, and returns without an entry.
	Lost uint64

	// Entered, unless nil, is called at each entry; Left at each end of a call. The call passed to
	// Entered has no End yet.
	Entered, Left func(Call)

	// Returned, unless nil, is called when a call's return is found. Left follows at once, or, where the
	// return was in a range body, when the iterator is done.
	Returned func(Call)

	// Dropped, unless nil, is called for each entry that is given up, with no End: there will be no Left for it. Of several
	// of a goroutine the innermost comes first.
	Dropped func(Call)
}

type stack struct {
	frames []frame
	last   int64
}

type frame struct {
	Call
	sp, bp   uint32
	inner    int64 // time in calls that it made
	returned bool  // at Call.End, in a range body
}

// Add takes an event.
func (s *Stacks) Add(e Event) {
	st := s.last
	if st == nil || s.lastG != e.G {
		s.settle()
		if st = s.gs[e.G]; st == nil {
			if e.Return {
				s.Lost++
				return
			}
			st = s.begin(e.G)
		}
		s.last, s.lastG = st, e.G
	}
	st.last = e.Time
	if e.Return {
		s.leave(st, e)
	} else {
		s.enter(st, e)
	}
}

// begin makes the stack of a goroutine.
func (s *Stacks) begin(g uint64) *stack {
	if s.gs == nil {
		s.gs = map[uint64]*stack{}
	}
	if len(s.gs) >= maxGoroutines {
		s.forget()
	}
	st := &stack{}
	if n := len(s.free); n > 0 {
		st, s.free = s.free[n-1], s.free[:n-1]
	}
	s.gs[g] = st
	return st
}

// settle forgets which goroutine was last, and its stack if nothing is on it.
func (s *Stacks) settle() {
	if s.last != nil && len(s.last.frames) == 0 {
		delete(s.gs, s.lastG)
		s.recycle(s.last)
	}
	s.last = nil
}

// recycle keeps a stack for the next goroutine, unless it was a deep one.
func (s *Stacks) recycle(st *stack) {
	if cap(st.frames) <= maxKept && len(s.free) < maxKept {
		st.frames = st.frames[:0]
		s.free = append(s.free, st)
	}
}

func (s *Stacks) enter(st *stack, e Event) {
	s.unwind(st, e.SP, e.Time)
	for i := len(st.frames) - 1; i >= 0; i-- {
		f := &st.frames[i]
		if f.sp == e.SP && f.Func == e.Func || f.bp == e.BP && f.sp != e.SP && f.sp+noFrame != e.SP {
			s.popTo(st, i, e.Time)
		} else if f.bp < e.BP && f.sp < e.SP {
			break
		}
	}
	if len(st.frames) >= maxFrames {
		s.drop(st.frames[:1])
		st.frames = append(st.frames[:0], st.frames[1:]...)
		st.frames[0].Caller = -1
	}
	f := frame{Call: Call{G: e.G, Func: e.Func, Caller: -1, Level: len(st.frames), Start: e.Time, Tag: e.Tag}, sp: e.SP, bp: e.BP}
	if n := len(st.frames); n > 0 {
		f.Caller, f.CallerTag = st.frames[n-1].Func, st.frames[n-1].Tag
	}
	for i := range st.frames {
		if st.frames[i].Func == e.Func {
			f.Recursive = true
			break
		}
	}
	st.frames = append(st.frames, f)
	if s.Entered != nil {
		s.Entered(f.Call)
	}
}

func (s *Stacks) leave(st *stack, e Event) {
	for i := len(st.frames) - 1; i >= 0; i-- {
		f := &st.frames[i]
		if f.Func != e.Func || f.sp > e.SP {
			continue
		}
		if f.sp == e.SP {
			s.popTo(st, i+1, e.Time)
			s.returned(f, e.Time)
			s.popTo(st, i, e.Time)
			return
		}
		if e.InRange { // the calls of the iterator go on for a while
			s.returned(f, e.Time)
			return
		}
		break
	}
	s.unwind(st, e.SP, e.Time)
	s.Lost++
}

func (s *Stacks) returned(f *frame, now int64) {
	f.End, f.returned = now, true
	if s.Returned != nil {
		s.Returned(f.Call)
	}
}

// noFrame is how much deeper than its caller a function is that has no frame: the return address.
const noFrame = 8

// unwind ends what is deeper than sp, and what has returned from a range body and is as deep.
func (s *Stacks) unwind(st *stack, sp uint32, now int64) {
	n := len(st.frames)
	for n > 0 && (st.frames[n-1].sp > sp || st.frames[n-1].returned && st.frames[n-1].sp == sp) {
		n--
	}
	s.popTo(st, n, now)
}

// popTo ends all frames from n on.
func (s *Stacks) popTo(st *stack, n int, now int64) {
	for len(st.frames) > n {
		top := len(st.frames) - 1
		f := &st.frames[top]
		if !f.returned {
			f.Unwound, f.End = true, now
		}
		f.Self = max(f.End-f.Start-f.inner, 0)
		if top > 0 {
			st.frames[top-1].inner += f.End - f.Start
		}
		st.frames = st.frames[:top]
		if s.Left != nil {
			s.Left(f.Call)
		}
	}
}

// goroutines returns those with calls under way, in order. They are sorted in Shell's way, in little code, since this
// is linked into programs.
func (s *Stacks) goroutines() []uint64 {
	gs := make([]uint64, 0, len(s.gs))
	for g := range s.gs {
		gs = append(gs, g)
	}
	for gap := (len(gs) + 1) / 2; gap > 0; gap /= 2 {
		for i := gap; i < len(gs); i++ {
			for j := i; j >= gap && gs[j] < gs[j-gap]; j -= gap {
				gs[j], gs[j-gap] = gs[j-gap], gs[j]
			}
		}
	}
	return gs
}

// Reset forgets all calls under way: events were lost.
func (s *Stacks) Reset() {
	for _, g := range s.goroutines() {
		s.drop(s.gs[g].frames)
		s.recycle(s.gs[g])
	}
	clear(s.gs)
	s.last = nil
}

// drop counts and reports frames that are given up.
func (s *Stacks) drop(frames []frame) {
	s.Lost += uint64(len(frames))
	if s.Dropped != nil {
		for i := len(frames) - 1; i >= 0; i-- { // innermost first
			s.Dropped(frames[i].Call)
		}
	}
}

// Open is the number of goroutines with calls under way.
func (s *Stacks) Open() int {
	s.settle()
	return len(s.gs)
}

// Under returns the calls under way, by goroutine, outermost first. One that has an End has returned from a range body. Self is
// up to now, without all of the calls in it.
func (s *Stacks) Under(now int64) []Call {
	s.settle()
	var all []Call
	for _, g := range s.goroutines() {
		frames := s.gs[g].frames
		for i := range frames {
			f := &frames[i]
			c := f.Call
			c.Self = now - f.Start - f.inner
			if i+1 < len(frames) {
				c.Self -= now - frames[i+1].Start
			}
			c.Self = max(c.Self, 0)
			all = append(all, c)
		}
	}
	return all
}

// forget gives up the half of all goroutines that were not heard of for longest.
func (s *Stacks) forget() {
	times := make([]uint64, 0, len(s.gs))
	for _, st := range s.gs {
		times = append(times, uint64(st.last)) // none is negative
	}
	limit := int64(median(times))
	for g, st := range s.gs {
		if st.last <= limit {
			s.drop(st.frames)
			s.recycle(st)
			delete(s.gs, g)
		}
	}
}

// Merge passes on events of several threads, each in order, in the order of all. key is an event's time.
func Merge[E any, K cmp.Ordered](threads [][]E, key func(*E) K, f func(*E)) {
	var live [][]E
	for _, t := range threads {
		if len(t) > 0 {
			live = append(live, t)
		}
	}
	for len(live) > 1 {
		// The earliest thread goes on until the next one's turn.
		first, second := 0, 1
		for i := range live {
			if i > 0 && key(&live[i][0]) < key(&live[first][0]) {
				first, second = i, first
			} else if i > 1 && i != first && key(&live[i][0]) < key(&live[second][0]) || i == 1 && first == 0 {
				second = i
			}
		}
		limit := key(&live[second][0])
		t := live[first]
		for len(t) > 0 && key(&t[0]) <= limit {
			f(&t[0])
			t = t[1:]
		}
		if live[first] = t; len(t) == 0 {
			live = append(live[:first], live[first+1:]...)
		}
	}
	if len(live) == 1 {
		t := live[0]
		for i := range t {
			f(&t[i])
		}
	}
}
