package gkhi

import (
	"fmt"
	"reflect"
	"time"
)

// A Kind is a kind of hook.
type Kind uint8

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
	Name, Doc string
	Kind      Kind
	Event     reflect.Type // nil for a point
	Result    reflect.Type // of a decision, else nil
	Declared  string       // file:line of the declaration
	Armed     bool
	Exclusive bool
	Callbacks int           // of a chain
	Handlers  []HandlerInfo // in the order in which they run
}

// HandlerInfo describes a registered handler at one moment.
type HandlerInfo struct {
	Name     string
	Armed    bool
	Priority string // "first", "last" or a number
	Calls    uint64 // over its whole life
	InFlight int    // calls running now
	// Longest is how long the oldest running call has run at least: its age since
	// it was first noticed. That is looked for four times a second while any handler
	// of the process is armed.
	Longest           time.Duration
	SkipHits, MaxHits uint64 // as registered; 0: none
	Hits              uint64 // of MaxHits, since it was armed
	Panics            uint64
	LastPanic         *PanicReport // nil: none yet
	RefusesControl    bool         // registered with NoControl
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
			Calls: h.Calls(), InFlight: running[h].calls, Longest: running[h].longest,
			SkipHits: h.opts.skip, MaxHits: h.opts.max,
			Panics: h.Panics(), LastPanic: h.last.Load(), RefusesControl: h.opts.noControl,
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
