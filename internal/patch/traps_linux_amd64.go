package patch

import (
	"iter"
	"math/bits"
	"syscall"
)

// trapSystem is what installing the trap handler needs.
type trapSystem interface {
	rtSigaction(sig syscall.Signal, act, old *sigaction) error
}

// traps is the patcher's side of the trap handler.
type traps struct {
	table *trapMap
	known int // pieces
}

// install puts the handler in place, or checks that it still is.
func (t *traps) install(sys System) error { return installTrap(sys) }

// learn makes the handler know the pieces of all sites, of which some are new. A table that has room is kept, since what it says about
// pieces that are stuck must not be lost.
func (t *traps) learn(keys []*keyState, fresh []*site) {
	for pc := range eachPieceOf(fresh) {
		t.known += bits.OnesCount16(uint16(pc.places()))
	}
	if t.table != nil && t.table.holds(t.known) {
		for pc := range eachPieceOf(fresh) {
			for at := range pc.places().addrs(pc.addr) {
				t.table.set(at, pc.resumeDorm, 0)
			}
		}
		return
	}
	old := t.table
	t.table = newTrapMap(t.known)
	for pc := range eachPiece(keys) {
		for at := range pc.places().addrs(pc.addr) {
			resume, call := pc.resumeDorm, uintptr(0)
			if old != nil && old.knows(at) {
				e := old.find(at)
				resume, call = e.resume, e.call
			}
			t.table.set(at, resume, call)
		}
	}
	t.table.publish()
}

// addrs returns where the heads of a piece are.
func (h heads) addrs(piece uintptr) iter.Seq[uintptr] {
	return func(yield func(uintptr) bool) {
		for i := 0; h>>i != 0; i++ {
			if h.has(i) && !yield(piece+uintptr(i)) {
				return
			}
		}
	}
}

func eachPiece(keys []*keyState) iter.Seq[*piece] {
	return func(yield func(*piece) bool) {
		for _, k := range keys {
			for pc := range eachPieceOf(k.sites) {
				if !yield(pc) {
					return
				}
			}
		}
	}
}

func eachPieceOf(sites []*site) iter.Seq[*piece] {
	return func(yield func(*piece) bool) {
		for _, s := range sites {
			for _, pc := range s.pieces {
				if !yield(pc) {
					return
				}
			}
		}
	}
}

// transit tells the handler what to do at pieces while they change. A site that
// was armed and stays so must not miss an event: it is acted out as armed. All others
// are dormant for so long.
func (t *traps) transit(items []item) {
	for _, it := range items {
		resume, call := it.resumeDorm, uintptr(0)
		if s := it.site; s.key.on {
			switch {
			case s.key.Bare && s.state == armed: // from one trampoline to another
				call = s.key.call
			case !s.key.Bare && s.state != dormant: // as compiled, with the flag up
				resume = it.resumeArm
			}
		}
		for at := range it.moving(it.oldHeads | it.newHeads | it.places()).addrs(it.addr) {
			t.table.set(at, resume, call)
		}
	}
}

// actOut tells the handler what to do at the pieces that kept an INT3.
func (p *Patcher) actOut() {
	for pc, s := range p.stuck {
		resume, call := pc.resumeDorm, uintptr(0)
		switch k := s.key; {
		case !k.on:
		case !k.Bare:
			resume = pc.resumeArm
		case pc.now[lenCall] == pc.dorm[lenCall]: // a no-op to return to
			call = k.call
		}
		for at := range pc.stuck.addrs(pc.addr) {
			p.trap.table.set(at, resume, call)
		}
	}
}
