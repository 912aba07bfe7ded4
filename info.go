package gkhi

import (
	"fmt"
	"reflect"
	"time"

	"github.com/gkhi/gkhi/internal/patch"
)

// A Kind is a kind of hook.
type Kind uint8

// The kinds of hook.
const (
	KindHook Kind = iota
	KindDecision
	KindPoint
	KindChain
)

func (k Kind) String() string {
	switch k {
	case KindHook:
		return "hook"
	case KindDecision:
		return "decision"
	case KindPoint:
		return "point"
	case KindChain:
		return "chain"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Info describes a declared hook at one moment.
type Info struct {
	Name, Doc string        // as declared
	Kind      Kind          // which of the types it is
	Event     reflect.Type  // nil for a point
	Result    reflect.Type  // of a decision, else nil
	Declared  string        // file:line of the declaration
	Armed     bool          // a handler is armed, or a chain has callbacks
	Exclusive bool          // declared with Exclusive
	Callbacks int           // of a chain
	Handlers  []HandlerInfo // in the order in which they run
}

// HandlerInfo describes a registered handler at one moment.
type HandlerInfo struct {
	Name     string // on its hook
	Armed    bool   // it is callable
	Priority string // "first", "last" or a number
	Calls    uint64 // over its whole life
	InFlight int    // calls running now
	// Longest is how long the oldest running call has run at least: its age since
	// it was first noticed. That is looked for four times a second while any handler
	// of the process is armed.
	Longest           time.Duration
	SkipHits, MaxHits uint64       // as registered; 0: none
	Hits              uint64       // of MaxHits, since it was armed
	Dropped           uint64       // see Handler.Dropped
	Panics            uint64       // calls that ended in a panic
	LastPanic         *PanicReport // nil: none yet
	RefusesControl    bool         // registered with NoControl
}

// A Site is one reference to a hook in the program's machine code.
type Site struct {
	Func   string  // the function that it was compiled into
	File   string  // the place in the source, of an inlined function where that is written
	Line   int     // in File
	Addr   uintptr // of its first instruction
	Form   string  // "guarded", "bare", …; empty for a reference that is no site
	State  string  // "as compiled", "dormant", "armed", or "flagged": toggled too often
	Reason string  // why it is not patched, or what is odd about it; empty when all is well
	Code   []byte  // what is there now
}

// Sites describes the references to the declared hook of that name that were
// found so far: see [Prepare]. The error is an [*UnknownError].
func Sites(name string) ([]Site, error) {
	if _, err := Lookup(name); err != nil {
		return nil, err
	}
	registry.mu.Lock()
	key := registry.hooks[name].siteKey
	registry.mu.Unlock()
	if key < 0 {
		return nil, nil
	}
	var sites []Site
	for _, s := range patch.Default.Sites(key) {
		sites = append(sites, Site(s))
	}
	return sites, nil
}

// info describes r. A hook that was never declared has the zero Info.
func (r *registration) info() Info {
	if r == nil {
		return Info{}
	}
	registry.mu.Lock()
	defer registry.mu.Unlock()
	running := r.look(time.Now())
	in := Info{
		Name: r.name, Doc: r.doc, Kind: r.kind, Event: r.event, Result: r.result,
		Declared: r.place(), Exclusive: r.opts.exclusive,
	}
	for _, h := range r.handlers {
		hi := HandlerInfo{
			Name: h.name, Armed: h.live.Load(), Priority: h.priority(),
			Calls: h.countCalls(), InFlight: running[h].calls, Longest: running[h].longest,
			SkipHits: h.opts.skip, MaxHits: h.opts.max,
			Dropped: h.Dropped(), Panics: h.Panics(), LastPanic: h.last.Load(), RefusesControl: h.opts.noControl,
		}
		if h.limit != nil {
			hi.Hits = h.limit.used()
		}
		in.Armed = in.Armed || hi.Armed
		in.Handlers = append(in.Handlers, hi)
	}
	return in
}

func (r *registration) place() string { return fmt.Sprintf("%s:%d", r.file, r.line) }

func (h *Handler) priority() string {
	switch h.opts.place {
	case placeFirst:
		return "first"
	case placeLast:
		return "last"
	}
	return fmt.Sprint(h.opts.prio)
}
