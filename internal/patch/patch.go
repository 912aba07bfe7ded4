//go:build linux && (amd64 || arm64)

package patch

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

// Supported reports whether this platform can patch at all.
const Supported = true

// A Patcher holds the keys and sites of the process.
type Patcher struct {
	mu    sync.Mutex
	sys   System
	funcs scan.Funcs

	mem     *textmem.Mem
	refused error // why patching can't work in this process; final
	paused  error // why it did not work the last time; may pass

	home scan.Segment // the module that this code is in

	keys    []*keyState
	scanned int // keys[:scanned] were looked for
	pieces  map[uintptr]*piece
	trap    traps
	stats   Stats
}

// System is what a Patcher asks of the kernel, so that tests can refuse it.
type System interface {
	textmem.System
	trapSystem
	// Tracer returns the pid of the process that traces this one, or 0.
	Tracer() int
	// Text returns the executable mappings that may hold Go code.
	Text() ([]scan.Segment, error)
	// GOT returns the memory that may hold global offset tables.
	GOT() ([]scan.Segment, error)
}

// New returns a patcher for this process. There must be one only, outside of tests.
func New(sys System) *Patcher {
	return &Patcher{sys: sys, funcs: scan.Runtime(), pieces: map[uintptr]*piece{}}
}

// Default is the patcher of the process.
var Default = New(kernel{})

// Refuse makes the patcher use flags from now on, if it has not patched yet; why
// is a sentence for people.
func (p *Patcher) Refuse(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mem == nil {
		p.refused = why
	}
}

// A keyState is a key and its sites.
type keyState struct {
	scan.Key
	on      bool
	call    uintptr // of a bare key that is on: the trampoline
	sites   []*site
	rejects []scan.Reject
}

// Add makes a key known and returns its number for Set. Its sites are looked for later.
func (p *Patcher) Add(k scan.Key) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, &keyState{Key: k})
	return len(p.keys) - 1
}

// A Change is what Set does to the sites of one key.
type Change struct {
	Key int
	On  bool
	// Call is the trampoline of a bare key that is switched on.
	Call uintptr
}

// Prepare finds the sites of all keys and makes them no-ops, if it can. The
// error says why not; the flags decide then.
func (p *Patcher) Prepare() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.prepare()
}

// Set arms and disarms. The caller has set the flags of guarded keys before.
// When sites can't be patched in this process, guarded keys need nothing done: no
// error. An error means that nothing was changed: the system refused, or a bare
// key, which works only patched, was to be switched on.
func (p *Patcher) Set(changes []Change) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.prepare(); err != nil {
		for _, c := range changes {
			if k := p.keys[c.Key]; k.Bare && c.On {
				return fmt.Errorf("points work only where sites can be patched: %w", err)
			}
		}
	}
	for _, c := range changes {
		if k := p.keys[c.Key]; k.Bare && c.On && !k.patchable() {
			return errors.New("no site of the point can be patched" + k.why())
		}
	}
	type before struct {
		on   bool
		call uintptr
	}
	var old []before
	for _, c := range changes {
		k := p.keys[c.Key]
		old = append(old, before{k.on, k.call})
		k.on, k.call = c.On, c.Call
	}
	var sites []*site
	for _, c := range changes {
		sites = append(sites, p.keys[c.Key].sites...)
	}
	err := p.move(sites)
	if err != nil {
		for i, c := range slices.Backward(changes) {
			p.keys[c.Key].on, p.keys[c.Key].call = old[i].on, old[i].call
		}
	}
	p.actOut()
	return err
}

// prepare opens the text, scans for keys that are new, and makes their sites
// no-ops or what their key's state asks for.
func (p *Patcher) prepare() error {
	if p.refused != nil {
		return p.refused
	}
	p.paused = nil
	if p.scanned == len(p.keys) && p.mem != nil {
		return nil
	}
	if t := p.sys.Tracer(); t != 0 {
		p.paused = fmt.Errorf("a debugger or tracer (pid %d) is attached to the process", t)
		return p.paused
	}
	if p.mem == nil {
		mem, err := textmem.Open(p.sys, probe)
		if err == nil {
			err = p.trap.install(p.sys)
		}
		if err != nil {
			p.refused = err
			return err
		}
		p.mem = mem
	}
	if err := p.scan(); err != nil {
		p.refused = err
		return err
	}
	var sites []*site
	for _, k := range p.keys {
		for _, s := range k.sites {
			if s.state == asCompiled && s.whyNot == "" {
				sites = append(sites, s)
			}
		}
	}
	if err := p.move(sites); err != nil {
		p.paused = err
		return err
	}
	return nil
}

// scan looks for the sites of the keys that are new.
func (p *Patcher) scan() error {
	fresh := p.keys[p.scanned:]
	if len(fresh) == 0 {
		return nil
	}
	start := time.Now()
	text, err := p.sys.Text()
	if err != nil {
		return fmt.Errorf("find the program's text: %w", err)
	}
	if err := p.findHome(); err != nil {
		return err
	}
	in := &scan.Input{Text: text, Funcs: p.funcs}
	for _, k := range fresh {
		in.Keys = append(in.Keys, k.Key)
	}
	got, err := p.sys.GOT()
	if err != nil {
		return fmt.Errorf("find the program's offset tables: %w", err)
	}
	for _, data := range got {
		in.Slots = append(in.Slots, scan.FindSlots(data, in.Keys)...)
	}
	res := scan.Scan(in)
	for _, s := range res.Sites {
		k := fresh[s.Key]
		k.sites = append(k.sites, p.newSite(k, s))
	}
	for _, r := range res.Rejects {
		if r.Reason != scan.AddressTaken {
			fresh[r.Key].rejects = append(fresh[r.Key].rejects, r)
		}
	}
	p.scanned = len(p.keys)
	p.trap.learn(p.pieces)
	p.stats.TextBytes = res.Stats.Bytes
	p.stats.ScanTime += time.Since(start)
	return nil
}

// findHome looks for the segment that this code is in, once.
func (p *Patcher) findHome() error {
	if p.home.Bytes != nil {
		return nil
	}
	text, err := p.sys.Text()
	if err != nil {
		return fmt.Errorf("find the program's text: %w", err)
	}
	for _, t := range text {
		if probePC()-t.Addr < uintptr(len(t.Bytes)) {
			p.home = t
			return nil
		}
	}
	return errors.New("the program's own text is not among its mappings")
}
