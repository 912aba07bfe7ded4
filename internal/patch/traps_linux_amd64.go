package patch

import "syscall"

// trapSystem is what installing the trap handler needs.
type trapSystem interface {
	rtSigaction(sig syscall.Signal, act, old *sigaction) error
}

// traps is the patcher's side of the trap handler.
type traps struct {
	table *trapMap
}

// install puts the handler in place, or checks that it still is.
func (t *traps) install(sys System) error { return installTrap(sys) }

// learn makes the handler know all pieces.
func (t *traps) learn(pieces map[uintptr]*piece) {
	m := newTrapMap(len(pieces))
	for _, pc := range pieces {
		m.set(pc.addr, pc.resumeDorm, 0)
	}
	t.table = m
	m.publish()
}

// actOut tells the handler what to do at the pieces that kept an INT3.
func (p *Patcher) actOut() {
	if p.trap.table == nil {
		return
	}
	for _, k := range p.keys {
		for _, s := range k.sites {
			for _, pc := range s.pieces {
				if !pc.stuck {
					continue
				}
				resume, call := pc.resumeDorm, uintptr(0)
				switch {
				case !k.on:
				case !k.Bare:
					resume = pc.resumeArm
				case pc.now[5] == pc.dorm[5]: // a no-op to return to
					call = k.call
				}
				p.trap.table.set(pc.addr, resume, call)
			}
		}
	}
}
