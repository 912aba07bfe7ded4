//go:build linux && (amd64 || arm64)

package funcs

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/calls"
	"github.com/gkhi/gkhi/internal/patch"
	"github.com/gkhi/gkhi/internal/record"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// Want says what a session wants of a function's calls.
type Want uint8

// Wants, to be combined.
const (
	Count Want = 1 << iota // exact numbers of calls
	Note                   // each entry and return
	Full                   // Note, with values and callers
	Ends                   // of what Note brings, the ends of calls only
)

// A Session is a set of functions armed for one purpose. Its methods are safe for concurrent use.
type Session struct {
	want  Want
	funcs []int
	since uint64   // ticks: older events are of others
	base  []uint64 // calls counted before, by index of funcs

	// Guarded by state.mu.
	closed bool
	final  []uint64 // calls, once closed
	stacks calls.Stacks
	member []bool // by number of a function
	events func(Event)
	lost   uint64      // events
	raw    *rawSession // unless nil, of a session that records
}

// An Event is the entry or the end of a call.
type Event struct {
	calls.Call
	Entry bool
	Time  time.Time     // of the entry or the end
	Took  time.Duration // of an end: Call's times are in ticks
	Self  time.Duration
	Lost  uint64 // events that the recorder dropped since the session began
}

// An armedFunc is a function that was armed by somebody, ever, unless it is zero.
type armedFunc struct {
	known    bool
	group    int32 // of internal/patch
	sites    int32 // that can be patched
	from, to int32 // its entries in state.entries
	used     bool  // its calls were counted at some time
	count    int32 // sessions that want calls counted
	note     int32
	full     int32
}

// state is of the whole process.
var state struct {
	mu       sync.Mutex
	funcs    []armedFunc // by number; nil until the first is armed
	entries  []uintptr   // the sites of functions' entries
	sessions []*Session  // that note
	points   pointIndex
	dropped  uint64
	pending  [][]record.Event // by thread, and then by drain
}

// Arm arms functions, by number, for a new session. events, which may be nil, gets the calls noted; it
// is called from Take, one call at a time, and must not block. An error means that nothing was armed.
func Arm(fs []int, want Want, events func(Event)) (*Session, error) {
	return arm(fs, &Session{want: want, events: events})
}

// arm arms functions for s, which is new.
func arm(fs []int, s *Session) (*Session, error) {
	t, err := table()
	if err != nil {
		return nil, err
	}
	lo, hi := patch.Default.Home()
	if err := record.Open(lo, hi-lo); err != nil {
		return nil, err
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	if err := know(t, fs); err != nil {
		return nil, err
	}
	s.member = make([]bool, len(t.Funcs))
	for _, i := range fs {
		if f := &state.funcs[i]; f.sites > 0 && !s.member[i] {
			s.funcs = append(s.funcs, i)
			s.member[i] = true
		}
	}
	if len(s.funcs) == 0 {
		return nil, errors.New("no function has a site that can be patched")
	}
	record.Now() // the clock begins to run
	s.base, s.since = make([]uint64, len(s.funcs)), record.Ticks()
	if s.raw != nil {
		s.raw.since = s.since
		if err := s.raw.prepare(s, t); err != nil {
			return nil, err
		}
		setExtra(s)
	}
	if err := s.set(+1); err != nil {
		setExtra(nil)
		return nil, err
	}
	if s.want&Count != 0 {
		s.begin()
	}
	if s.want&Note != 0 {
		if s.want&Ends == 0 {
			s.stacks.Entered = func(c calls.Call) { s.pass(c, true) }
		}
		s.stacks.Left = func(c calls.Call) { s.pass(c, false) }
		state.sessions = append(state.sessions, s)
	}
	return s, nil
}

// know makes functions known to internal/patch that are armed for the first time.
func know(t *sitetab.Table, fs []int) error {
	if state.funcs == nil {
		state.funcs = make([]armedFunc, len(t.Funcs))
	}
	var fresh []int
	entries, all := 0, 0
	for _, i := range fs {
		if state.funcs[i].known {
			continue
		}
		fresh = append(fresh, i)
		for j := range t.Funcs[i].Points {
			p := &t.Funcs[i].Points[j]
			all += len(p.Sites)
			if p.Kind == sitetab.Entry {
				entries += len(p.Sites)
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	bias := bias(t)
	// There may be tens of thousands: a few large pieces of memory serve them all.
	addrs, ends := make([]uintptr, 0, all), make([]int, 0, len(fresh))
	for _, i := range fresh {
		for j := range t.Funcs[i].Points {
			for _, addr := range t.Funcs[i].Points[j].Sites {
				addrs = append(addrs, uintptr(addr)+bias)
			}
		}
		ends = append(ends, len(addrs))
	}
	first, err := patch.Default.AddLaid(addrs, ends)
	if err != nil {
		return err
	}
	sites := patch.Default.LaidSites(first, len(fresh))
	state.points.grow(all)
	state.entries = slices.Grow(state.entries, entries)
	for n, i := range fresh {
		f := armedFunc{known: true, group: int32(first + n), sites: sites[n], from: int32(len(state.entries))}
		for j := range t.Funcs[i].Points {
			p := &t.Funcs[i].Points[j]
			ref := pointRef{fn: int32(i), ret: p.Kind == sitetab.Return, inRange: p.InRange}
			for range p.Sites {
				if !ref.ret {
					state.entries = append(state.entries, addrs[0])
				}
				state.points.set(addrs[0], ref)
				addrs = addrs[1:]
			}
		}
		f.to = int32(len(state.entries))
		state.funcs[i] = f
	}
	return nil
}

// kind is the trampoline's kind that a function's sessions ask for; 0 when there are none.
func (f *armedFunc) kind() (k record.Kind) {
	if f.count > 0 {
		k |= record.Count
	}
	if f.note > 0 {
		k |= record.Note
	}
	if f.full > 0 {
		k |= record.Full
	}
	return k
}

// set adds the session's wants to its functions, or takes them off, with state.mu held.
func (s *Session) set(by int32) error {
	changes := make([]patch.LaidChange, 0, len(s.funcs))
	for _, i := range s.funcs {
		f := &state.funcs[i]
		before := f.kind()
		f.add(s.want, by)
		after := f.kind()
		if before == after {
			continue
		}
		c := patch.LaidChange{Group: int(f.group)}
		if after != 0 {
			var err error
			if c.Call, err = record.Trampoline(after); err != nil {
				return err
			}
		}
		changes = append(changes, c)
	}
	if len(changes) == 0 {
		return nil
	}
	err := patch.Default.SetLaid(changes)
	if err != nil {
		for _, i := range s.funcs {
			state.funcs[i].add(s.want, -by)
		}
		return fmt.Errorf("arm functions: %w", err)
	}
	return nil
}

func (f *armedFunc) add(w Want, by int32) {
	if w&Count != 0 {
		f.count += by
	}
	if w&Note != 0 {
		f.note += by
	}
	if w&Full != 0 {
		f.full += by
	}
}

// begin notes how often the session's functions were entered before it, while calls were counted. Most were not
// ever: then their counters, which may take megabytes, are not touched.
func (s *Session) begin() {
	counters := record.Counted()
	for n, i := range s.funcs {
		if f := &state.funcs[i]; f.used {
			s.base[n] = f.calls(counters)
		} else {
			f.used = true
		}
	}
}

// calls returns how often the function was entered while its calls were counted.
func (f *armedFunc) calls(c record.Counters) uint64 { return c.Hits(state.entries[f.from:f.to]...) }

// Close makes the functions dormant that no other session wants. drain is called when they are, to
// bring the last events; it must see to Take being called. An error says why some are armed
// still; Close may be called again then.
func (s *Session) Close(drain func()) error {
	if err := s.Disarm(); err != nil {
		return err
	}
	if s.want&Note != 0 {
		drain()
	}
	s.Leave()
	return nil
}

// Leave ends a session that was disarmed: no more of its events are passed on.
func (s *Session) Leave() {
	state.mu.Lock()
	defer state.mu.Unlock()
	if i := slices.Index(state.sessions, s); i >= 0 {
		state.sessions = slices.Delete(slices.Clone(state.sessions), i, i+1)
		setExtra(nil)
	}
}

// Disarm is the first part of Close: the functions are dormant that no other session wants, and numbers of calls are
// final. Events that were noted before are passed on until Leave is called.
func (s *Session) Disarm() error {
	state.mu.Lock()
	defer state.mu.Unlock()
	if s.closed {
		return nil
	}
	if err := s.set(-1); err != nil {
		return err
	}
	s.closed = true
	if s.want&Count != 0 {
		s.final = make([]uint64, len(s.funcs))
		s.counts(func(n int, calls uint64) { s.final[n] = calls })
	}
	return nil
}

// Armed reports whether a session wants function i.
func Armed(i int) bool {
	state.mu.Lock()
	defer state.mu.Unlock()
	return i >= 0 && i < len(state.funcs) && state.funcs[i].kind() != 0
}

// ArmedCount returns how many functions sessions want.
func ArmedCount() int {
	state.mu.Lock()
	defer state.mu.Unlock()
	n := 0
	for i := range state.funcs {
		if state.funcs[i].kind() != 0 {
			n++
		}
	}
	return n
}

// Funcs returns the numbers of the session's functions.
func (s *Session) Funcs() []int { return s.funcs }

// Calls passes on how often each function was entered since it was armed, of a session that counts.
func (s *Session) Calls(f func(fn int, calls uint64)) {
	state.mu.Lock()
	defer state.mu.Unlock()
	if s.closed {
		for n, calls := range s.final {
			f(s.funcs[n], calls)
		}
		return
	}
	s.counts(func(n int, calls uint64) { f(s.funcs[n], calls) })
}

// counts passes on how often each function, by index of funcs, was entered since the session began, with state.mu held.
func (s *Session) counts(f func(n int, calls uint64)) {
	counters := record.Counted()
	for n, i := range s.funcs {
		f(n, state.funcs[i].calls(counters)-s.base[n])
	}
}
