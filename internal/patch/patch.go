//go:build linux && (amd64 || arm64)

package patch

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

// Supported reports whether this platform can patch at all.
const Supported = true

// A Patcher holds the keys and sites of the process.
type Patcher struct {
	mu  sync.Mutex
	sys System
	// In programs that have keys of Add scanFor and countKeys.
	find  func(p *Patcher, fresh []*keyState) ([]*site, error)
	count func(p *Patcher, s *Status)

	warm    sync.Once
	mem     *textmem.Mem
	refused error // why patching can't work in this process; final
	flags   error // why keys that have a flag are not patched; final
	laid    laid
	paused  error // why it did not work the last time; may pass; not for sites that are patched

	home scan.Segment // the module that this code is in

	keys    []*keyState
	scanned int            // keys[:scanned] were looked for
	text    []scan.Segment // in which they were
	again   bool           // there is more by now
	pending []*site        // those still as compiled that can be patched
	stuck   map[*piece]*site
	trap    traps
	limit   Limit
	timer   *time.Timer // will call calm; nil if no key is restless
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
	return &Patcher{sys: sys, stuck: map[*piece]*site{}, limit: DefaultLimit}
}

// Default is the patcher of the process.
var Default = New(kernel{})

// Refuse makes the patcher use flags from now on, if it has not patched yet; why
// is a sentence for people. Sites of AddLaid, which have no flag, are patched all the same.
func (p *Patcher) Refuse(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mem == nil {
		p.flags = why
	}
}

// A keyState is a key and its sites.
type keyState struct {
	scan.Key
	on   bool
	call uintptr // of a bare key that is on: the trampoline
	pace
	//lint:ignore U1000 arm64 has none
	copies  []*atomic.Uint32 // of the flag, that flagged sites test; they are right even while no site is flagged
	sites   []*site
	rejects []scan.Reject
}

// Add makes a key known and returns its number for Set. Its sites are looked for later.
//
// The scanner is reached through here only, and so is what looks at its sites, so that the linker leaves them out of programs that have
// sites of AddLaid alone.
func (p *Patcher) Add(k scan.Key) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.find, p.count = (*Patcher).scanFor, (*Patcher).countKeys
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

// Prepare finds the sites of all keys, also in plugins that were loaded since it was last done, and makes them no-ops, or what
// their key's state asks for, if it can. The error says why not; the flags decide then.
func (p *Patcher) Prepare() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mem != nil {
		text, err := p.sys.Text()
		if err != nil {
			return fmt.Errorf("find the program's text: %w", err)
		}
		p.again = p.again || len(p.unknown(text)) > 0
	}
	return p.prepare()
}

// Set arms and disarms. The caller has set the flags of guarded keys before.
// Sites that are as compiled, because patching them was refused, need nothing
// done: the flag decides there. An error means that nothing was changed: the system
// refused to move sites that are patched, or a bare key, which works only
// patched, was to be switched on.
func (p *Patcher) Set(changes []Change) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flagsDecide(changes) {
		return nil
	}
	notPrepared := p.prepare()
	old := make([]keyState, len(changes))
	n := 0
	for i, c := range changes {
		old[i] = *p.keys[c.Key]
		n += len(old[i].sites)
	}
	p.pacing(changes)
	sites := make([]*site, 0, n)
	for _, c := range changes {
		k := p.keys[c.Key]
		k.on, k.call = c.On, c.Call
		k.tell()
		for _, s := range k.sites {
			if s.state != asCompiled {
				sites = append(sites, s)
			}
		}
	}
	err := p.change(inOrder(sites), func() error { return p.pointless(changes, notPrepared) })
	if err != nil {
		for i, c := range slices.Backward(changes) {
			k := p.keys[c.Key]
			k.on, k.call, k.restless = old[i].on, old[i].call, old[i].restless
			k.tell()
		}
	}
	p.settle(changes)
	p.actOut()
	return err
}

// pointless returns an error if a bare key is to be switched on and none of its
// sites can be.
func (p *Patcher) pointless(changes []Change, notPrepared error) error {
next:
	for _, c := range changes {
		k := p.keys[c.Key]
		if !k.Bare || !c.On {
			continue
		}
		for _, s := range k.sites {
			if s.state != asCompiled && s.whyNot == "" {
				continue next
			}
		}
		if notPrepared != nil {
			return fmt.Errorf("points work only where sites can be patched: %w", notPrepared)
		}
		return errors.New("no site of the point can be patched" + k.why())
	}
	return nil
}

// prepare opens the text, scans for keys that are new, and makes sites that are
// as compiled no-ops or what their key's state asks for.
func (p *Patcher) prepare() error {
	if p.refused != nil {
		return p.refused
	}
	p.paused = p.catchUp()
	return p.paused
}

func (p *Patcher) catchUp() error {
	if p.flags != nil {
		return p.flags
	}
	if p.mem != nil && p.scanned == len(p.keys) && len(p.pending) == 0 && !p.again {
		return nil
	}
	if t := p.sys.Tracer(); t != 0 {
		return tracedError(t)
	}
	if err := p.open(); err != nil {
		return err
	}
	if err := p.scan(); err != nil {
		return err
	}
	ready := slices.DeleteFunc(slices.Clone(p.pending), func(s *site) bool {
		return s.key.restless // as compiled it tests the flag already
	})
	err := p.change(inOrder(ready), nil)
	p.pending = slices.DeleteFunc(p.pending, func(s *site) bool { return s.state != asCompiled })
	p.actOut()
	return err
}

// Warm has the kernel register the process for barriers, which takes some 10 ms of waiting and no processor, so that whoever patches
// for the first time soon after has less to wait for. That it is refused shows then.
func (p *Patcher) Warm() {
	p.warm.Do(func() { _ = p.sys.Membarrier(textmem.RegisterSyncCore) })
}

// open makes ready to write, once.
func (p *Patcher) open() error {
	switch {
	case p.mem != nil:
		return nil
	case p.refused != nil:
		return p.refused
	}
	if t := p.sys.Tracer(); t != 0 {
		return tracedError(t)
	}
	mem, err := textmem.Open(p.sys, probe)
	if err == nil {
		if err = p.trap.install(p.sys); err != nil {
			mem.Close()
		}
	}
	if err != nil {
		p.refused = err
		return err
	}
	p.mem = mem
	return nil
}

// scan looks for the sites of the keys that are new, and for those of all keys in text that is.
func (p *Patcher) scan() error {
	if fresh := p.keys[p.scanned:]; p.find != nil && (len(fresh) > 0 || p.again) {
		found, err := p.find(p, fresh)
		if err != nil {
			return err
		}
		p.trap.learn(p.keys, found)
	}
	p.scanned, p.again = len(p.keys), false
	return nil
}

// scanFor looks for the sites of these keys in the text, and for those of all others in text that was loaded since they were
// looked for. It returns those that it adds.
func (p *Patcher) scanFor(fresh []*keyState) (found []*site, err error) {
	start := time.Now()
	text, err := p.sys.Text()
	if err != nil {
		return nil, fmt.Errorf("find the program's text: %w", err)
	}
	if err := p.findHome(); err != nil {
		return nil, err
	}
	got, err := p.sys.GOT()
	if err != nil {
		return nil, fmt.Errorf("find the program's offset tables: %w", err)
	}
	found = p.scanText(text, got, fresh)
	if later := p.unknown(text); len(later) > 0 {
		found = append(found, p.scanText(later, got, p.keys[:p.scanned])...)
	}
	p.text, p.stats.TextBytes = text, 0
	for _, t := range text {
		p.stats.TextBytes += len(t.Bytes)
	}
	p.stats.ScanTime += time.Since(start)
	return found, nil
}

// unknown returns those segments in which nothing was looked for yet.
func (p *Patcher) unknown(text []scan.Segment) []scan.Segment {
	return slices.DeleteFunc(slices.Clone(text), func(t scan.Segment) bool {
		return slices.ContainsFunc(p.text, func(old scan.Segment) bool {
			return t.Addr < old.Addr+uintptr(len(old.Bytes)) && old.Addr < t.Addr+uintptr(len(t.Bytes))
		})
	})
}

// scanText adds the sites that the keys have in the text.
func (p *Patcher) scanText(text, got []scan.Segment, keys []*keyState) (found []*site) {
	if len(keys) == 0 {
		return nil
	}
	in := &scan.Input{Text: text, Funcs: scan.Runtime()}
	for _, k := range keys {
		in.Keys = append(in.Keys, k.Key)
	}
	for _, data := range got {
		in.Slots = append(in.Slots, scan.FindSlots(data, in.Keys)...)
	}
	res := scan.Scan(in)
	p.unmark(res.Sites)
	for _, s := range res.Sites {
		k := keys[s.Key]
		st := p.newSite(k, s)
		k.sites = append(k.sites, st)
		found = append(found, st)
		if len(st.pieces) > 0 {
			p.pending = append(p.pending, st)
		}
	}
	for _, r := range res.Rejects {
		if r.Reason != scan.AddressTaken {
			keys[r.Key].rejects = append(keys[r.Key].rejects, r)
		}
	}
	return found
}

// unmark says of sites which of them have no mark before them: where a site ends that is patched already, the NOP is that site's.
func (p *Patcher) unmark(sites []scan.Site) {
	marked := map[uintptr]*scan.Site{}
	for i := range sites {
		if s := &sites[i]; s.Mark {
			marked[s.Addr] = s
		}
	}
	if len(marked) == 0 {
		return
	}
	for _, k := range p.keys {
		for _, s := range k.sites {
			if next := marked[s.End()]; next != nil {
				next.Mark = false
			}
		}
	}
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
