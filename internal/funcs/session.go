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
	base  map[int]uint64 // calls counted before

	// Guarded by state.mu.
	closed bool
	final  map[int]uint64 // calls, once closed
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

// An armedFunc is a function that was armed by somebody, ever.
type armedFunc struct {
	key     int // of internal/patch
	entries []uintptr
	sites   int
	count   int // sessions that want calls counted
	note    int
	full    int
}

// state is of the whole process.
var state struct {
	mu       sync.Mutex
	funcs    map[int]*armedFunc
	sessions []*Session // that note
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
	s.base, s.member = make(map[int]uint64, len(fs)), make([]bool, len(t.Funcs))
	for _, i := range fs {
		if f := state.funcs[i]; f != nil && f.sites > 0 {
			s.funcs = append(s.funcs, i)
			s.member[i] = true
		}
	}
	if len(s.funcs) == 0 {
		return nil, errors.New("no function has a site that can be patched")
	}
	record.Now() // the clock begins to run
	if s.raw != nil {
		if err := s.raw.prepare(s, t); err != nil {
			return nil, err
		}
		setExtra(s)
	}
	if err := s.set(+1); err != nil {
		setExtra(nil)
		return nil, err
	}
	for _, i := range s.funcs {
		s.base[i] = state.funcs[i].calls()
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
		state.funcs = map[int]*armedFunc{}
	}
	var fresh []int
	entries, all := 0, 0
	for _, i := range fs {
		if state.funcs[i] != nil {
			continue
		}
		fresh = append(fresh, i)
		for _, p := range t.Funcs[i].Points {
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
	state.points.grow(all)
	// There may be tens of thousands: a few large pieces of memory serve them all.
	known := make([]armedFunc, len(fresh))
	groups := make([][]uintptr, len(fresh))
	allMem, entryMem := make([]uintptr, 0, all), make([]uintptr, 0, entries)
	for n, i := range fresh {
		from, fromEntry := len(allMem), len(entryMem)
		for _, p := range t.Funcs[i].Points {
			ref := pointRef{fn: int32(i), ret: p.Kind == sitetab.Return, inRange: p.InRange}
			for _, addr := range p.Sites {
				at := uintptr(addr) + bias
				allMem = append(allMem, at)
				if !ref.ret {
					entryMem = append(entryMem, at)
				}
				state.points.set(at, ref)
			}
		}
		groups[n] = allMem[from:len(allMem):len(allMem)]
		known[n].entries = entryMem[fromEntry:len(entryMem):len(entryMem)]
	}
	keys, sites, err := patch.Default.AddLaid(groups)
	if err != nil {
		return err
	}
	for n, i := range fresh {
		known[n].key, known[n].sites = keys[n], sites[n]
		state.funcs[i] = &known[n]
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
func (s *Session) set(by int) error {
	var changes []patch.Change
	for _, i := range s.funcs {
		f := state.funcs[i]
		before := f.kind()
		f.add(s.want, by)
		after := f.kind()
		if before == after {
			continue
		}
		c := patch.Change{Key: f.key, On: after != 0}
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
	err := patch.Default.Set(changes)
	if err != nil {
		for _, i := range s.funcs {
			state.funcs[i].add(s.want, -by)
		}
		return fmt.Errorf("arm functions: %w", err)
	}
	return nil
}

func (f *armedFunc) add(w Want, by int) {
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

// calls returns how often the function was entered while its calls were counted.
func (f *armedFunc) calls() uint64 { return record.Hits(f.entries...) }

// Close makes the functions dormant that no other session wants. drain is called when they are, to
// bring the last events; it must see to Take being called. An error says why some are armed
// still; Close may be called again then.
func (s *Session) Close(drain func()) error {
	if err := s.disarm(); err != nil {
		return err
	}
	if s.want&Note == 0 {
		return nil
	}
	drain()
	state.mu.Lock()
	defer state.mu.Unlock()
	if i := slices.Index(state.sessions, s); i >= 0 {
		state.sessions = slices.Delete(slices.Clone(state.sessions), i, i+1)
	}
	setExtra(nil)
	return nil
}

func (s *Session) disarm() error {
	state.mu.Lock()
	defer state.mu.Unlock()
	if s.closed {
		return nil
	}
	if err := s.set(-1); err != nil {
		return err
	}
	s.closed = true
	s.final = map[int]uint64{}
	for _, i := range s.funcs {
		s.final[i] = state.funcs[i].calls() - s.base[i]
	}
	return nil
}

// Armed reports whether a session wants function i.
func Armed(i int) bool {
	state.mu.Lock()
	defer state.mu.Unlock()
	f := state.funcs[i]
	return f != nil && f.kind() != 0
}

// ArmedCount returns how many functions sessions want.
func ArmedCount() int {
	state.mu.Lock()
	defer state.mu.Unlock()
	n := 0
	for _, f := range state.funcs {
		if f.kind() != 0 {
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
	for _, i := range s.funcs {
		if s.closed {
			f(i, s.final[i])
		} else {
			f(i, state.funcs[i].calls()-s.base[i])
		}
	}
}
