package gkhi

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"github.com/gkhi/gkhi/internal/failpoint"
	"github.com/gkhi/gkhi/internal/near"
	"github.com/gkhi/gkhi/internal/patch"
	"github.com/gkhi/gkhi/internal/scan"
)

// pkgPath is this package's path as it stands in function names.
var pkgPath = reflect.TypeFor[Handler]().PkgPath()

// The registry is the export table, and its lock guards everything about
// hooks but the firing: registering, arming, patching. Lock order: registry.mu,
// then slots.mu. No handler runs, and nothing waits for one, with it held.
var registry = struct {
	mu    sync.Mutex
	hooks map[string]*registration
	keys  map[int]*registration // by siteKey
	seq   uint64
	// watching is whether the goroutine of watchAges runs.
	watching bool
	// fenced is whether own slots may be let: from then on who looks for calls in them has all threads
	// pass a barrier first.
	fenced bool
}{hooks: map[string]*registration{}, keys: map[int]*registration{}}

// AnyHook is a hook of any kind and type, as [Lookup] finds it. To use it with
// its own type, assert that: hook.(*gkhi.Hook[CommitEvent]).
type AnyHook interface {
	Name() string // as declared
	Armed() bool  // whether a handler is armed
	Info() Info   // what the hook is and who is registered
	// RegisterAny adds a handler that gets each event as an any. A [Point] and a
	// [Chain] have no such handlers: ErrInvalid.
	RegisterAny(name string, fn func(ev any) Verdict, opts ...HandlerOption) (*Handler, error)
}

// Hooks yields a description of every declared hook, ordered by name. It may
// be called at any time from any goroutine; it sees the hooks declared when it began.
func Hooks() iter.Seq[Info] {
	return func(yield func(Info) bool) {
		for _, r := range registrations() {
			if !yield(r.any.Info()) {
				return
			}
		}
	}
}

// Lookup finds a declared hook by its exact name. The error is an
// [*UnknownError] with the nearest names.
func Lookup(name string) (AnyHook, error) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if r := registry.hooks[name]; r != nil {
		return r.any, nil
	}
	known := slices.Sorted(maps.Keys(registry.hooks))
	return nil, &UnknownError{Name: name, Near: near.Names(name, known, 3)}
}

// registrations returns all hooks ordered by name.
func registrations() []*registration {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	rs := slices.Collect(maps.Values(registry.hooks))
	slices.SortFunc(rs, func(a, b *registration) int { return strings.Compare(a.name, b.name) })
	return rs
}

// A registration is what a hook has once it is declared: everything that is
// not needed to fire and does not depend on the event's type.
type registration struct {
	kind    Kind
	name    string
	doc     string
	event   reflect.Type // nil for a point
	result  reflect.Type // of a decision
	file    string       // where it was declared
	line    int
	opts    hookOptions
	any     AnyHook
	check   func(fn any) bool               // is fn of the hook's handler type, and not nil
	publish func(gen uint64, hs []*Handler) // stores a new armed set
	// bindFailpoint, of a decision, checks that a term's values fit and returns what puts it in force: in
	// the handler that has another now, or in a new one if that is nil.
	bindFailpoint func(*failpoint.Program) (use func(now *Handler) (*Handler, error), err error)

	// flag sets what sites test; nil for a chain, which has no sites.
	flag func(on bool)
	// call, of a point, returns the trampoline for its armed handlers.
	call func(armed []*Handler) (uintptr, error)

	// Guarded by registry.mu.
	siteKey  int                   // the number of its key in internal/patch
	sites    patch.Change          // what the sites were last told
	armed    []*Handler            // the set published last
	slots    *slots                // made by the first register, then fixed
	gen      uint64                // of the set published last
	handlers []*Handler            // in the order in which they run
	history  map[uint64][]*Handler // published sets that a call may be using
	enough   int                   // how large history is to become before it is looked through
	passed   uint64                // the set that was current when all threads passed a barrier last
	seen     map[*slot]sighting    // the calls that ran when somebody looked last
}

// newRegistration is called by the exported Declare functions directly, so that
// their caller is the place of declaration.
func newRegistration(kind Kind, name, doc string, event reflect.Type, opts []HookOption) *registration {
	r := &registration{kind: kind, name: name, doc: doc, event: event, siteKey: -1}
	for _, o := range opts {
		o(&r.opts)
	}
	_, r.file, r.line, _ = runtime.Caller(2)
	return r
}

func declare(r *registration, at *atomic.Pointer[registration]) {
	if err := checkName("hook", r.name); err != nil {
		panic("gkhi: declare: " + err.Error())
	}
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if old := registry.hooks[r.name]; old != nil {
		panic("gkhi: hook " + r.name + " is declared twice, first at " + old.place())
	}
	if !at.CompareAndSwap(nil, r) {
		panic("gkhi: hook " + r.name + " is declared already, as " + at.Load().name)
	}
	registry.hooks[r.name] = r
	if r.siteKey >= 0 {
		registry.keys[r.siteKey] = r
	}
}

// addKey makes the variable that r's sites test known to patching.
func (r *registration) addKey(at unsafe.Pointer, size uintptr, bare bool) {
	r.siteKey = patch.Default.Add(scan.Key{Addr: uintptr(at), Size: size, Bare: bare})
	r.sites = patch.Change{Key: r.siteKey}
}

// maxName is the length of the longest name, in bytes.
const maxName = 256

// notInNames are characters that mean something where names are written:
// patterns, lists, a command line, FailEnv.
const notInNames = " /\\*?[]{},;=\"'`%<>"

func checkName(what, name string) error {
	switch {
	case name == "":
		return invalid("a %s needs a name", what)
	case len(name) > maxName:
		return invalid("%s name %.20q… is longer than %d bytes", what, name, maxName)
	case !utf8.ValidString(name):
		return invalid("%s name %q is not valid UTF-8", what, name)
	case name[0] == '-':
		return invalid("%s name %q begins like a flag", what, name)
	}
	for _, c := range name {
		if !unicode.IsPrint(c) || strings.ContainsRune(notInNames, c) {
			return invalid("%s name %q: %q is not allowed", what, name, c)
		}
	}
	return nil
}

func (r *registration) nameOf() string {
	if r == nil {
		return ""
	}
	return r.name
}

func (r *registration) register(name string, fn any, opts []HandlerOption) (*Handler, error) {
	if r == nil {
		return nil, ErrUndeclared
	}
	if err := checkName("handler", name); err != nil {
		return nil, err
	}
	h := &Handler{name: name, reg: r, fn: fn}
	h.native, _ = fn.(*native)
	for _, o := range opts {
		o(&h.opts)
	}
	switch {
	case r.check == nil:
		return nil, invalid("a %s has no handlers of this sort", r.kind)
	case !r.check(fn):
		return nil, invalid("handler %q has no function", name)
	case h.opts.conflicted:
		return nil, invalid("handler %q is both first and last", name)
	}
	h.raises, h.onDetach = h.opts.raises, h.opts.onDetach
	if h.opts.skip != 0 || h.opts.max != 0 {
		h.limit = &limit{skip: h.opts.skip, max: h.opts.max}
	}

	registry.mu.Lock()
	defer registry.mu.Unlock()
	var refused error
	for _, other := range r.handlers {
		switch {
		case other.name == name: // before all other reasons: callers branch on it
			return nil, r.refuse(name, ErrDuplicate, other)
		case r.opts.exclusive:
			refused = r.refuse(name, ErrExclusive, other)
		case other.opts.place == h.opts.place && h.opts.place != placeAny:
			refused = r.refuse(name, ErrPriorityTaken, other)
		}
	}
	if refused != nil {
		return nil, refused
	}
	if len(r.handlers) == maxHandlers {
		return nil, invalid("register %s/%s: the hook has %d handlers, and can't have more", r.name, name, maxHandlers)
	}
	if r.kind != KindPoint {
		if r.slots == nil {
			r.slots = newSlots(registry.fenced)
		}
		h.calls = new(tally)
	}
	registry.seq++
	h.seq = registry.seq
	at, _ := slices.BinarySearchFunc(r.handlers, h, r.order)
	r.handlers = slices.Insert(r.handlers, at, h)
	return h, nil
}

// refuse names the handler that stands in the way.
func (r *registration) refuse(name string, why error, other *Handler) error {
	return fmt.Errorf("register %s/%s: %w: %s", r.name, name, why, other.name)
}

// order is the order in which handlers run: First, then by descending priority
// and age, then Last.
func (r *registration) order(a, b *Handler) int {
	if a.opts.place != b.opts.place {
		return int(a.opts.place) - int(b.opts.place)
	}
	if a.opts.prio != b.opts.prio {
		if a.opts.prio > b.opts.prio {
			return -1
		}
		return 1
	}
	if (a.seq < b.seq) != r.opts.lifo {
		return -1
	}
	return 1
}

// remove disarms h and takes it off the hook, with registry.mu held.
func (r *registration) remove(h *Handler) {
	if h.gone {
		return
	}
	disarm(h)
	h.gone, h.goneGen = true, r.gen
	r.handlers = slices.DeleteFunc(r.handlers, func(o *Handler) bool { return o == h })
}

// republish gives each hook the set of its armed handlers, sets its flag and
// moves its sites, with registry.mu held. On an error the sites are as before.
func republish(regs []*registration) error {
	var changes []patch.Change
	for _, r := range regs {
		r.armed = nil
		for _, h := range r.handlers {
			if h.live.Load() {
				r.armed = append(r.armed, h)
			}
		}
		if len(r.armed) == 0 {
			r.flag(false)
		}
		r.gen++
		r.publish(r.gen, r.armed)
	}
	for _, r := range regs {
		r.remember()
		c := patch.Change{Key: r.siteKey, On: len(r.armed) > 0}
		if r.call != nil && c.On {
			var err error
			if c.Call, err = r.call(r.armed); err != nil {
				return err
			}
		}
		if c != r.sites && r.siteKey >= 0 {
			changes = append(changes, c)
		}
	}
	for _, r := range regs {
		if len(r.armed) > 0 {
			r.flag(true)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if err := patch.Default.Set(changes); err != nil {
		for _, c := range changes { // where the sites are is not known for sure: tell them next time
			registry.keys[c.Key].sites = patch.Change{Key: -1}
		}
		return err
	}
	for _, c := range changes {
		registry.keys[c.Key].sites = c
	}
	return nil
}

// remember keeps the set that was just published for as long as a call may use
// it, with registry.mu held.
func (r *registration) remember() {
	if r.slots == nil { // a point: nothing of it runs in a Fire
		return
	}
	if r.history == nil {
		r.history = map[uint64][]*Handler{}
	}
	r.history[r.gen] = r.armed
	if len(r.history) > r.enough {
		r.forget()
		r.enough = max(fewSets, 2*len(r.history))
	}
}

// fewSets may be remembered though no call uses them: to find that out costs all threads a barrier.
const fewSets = 64

// passBarrier has each thread pass a barrier, unless all did since the current set was published; with registry.mu held.
// After it each call that uses an older set has its mark seen, or will take it back: step (b) of the protocol at slot.
func (r *registration) passBarrier() {
	if registry.fenced && r.passed != r.gen {
		fence()
	}
	r.passed = r.gen
}

// forget drops the sets that no call uses any more, with registry.mu held. A claim
// that has not told its generation yet may use any of them.
func (r *registration) forget() {
	r.passBarrier()
	used := map[uint64]bool{r.gen: true}
	unknown := false
	r.slots.each(func(_ *slot, m mark) {
		used[m.gen()] = true
		unknown = unknown || m == markClaimed
	})
	if unknown {
		return
	}
	maps.DeleteFunc(r.history, func(gen uint64, _ []*Handler) bool { return !used[gen] })
}

// position returns where h stands in the set of a generation, or -1.
func (r *registration) position(gen uint64, h *Handler) int {
	return slices.Index(r.history[gen], h)
}
