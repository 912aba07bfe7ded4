//go:build linux && (amd64 || arm64)

package patch

import (
	"slices"
	"time"
)

// whyFlagged is what people read about a site that is flagged.
const whyFlagged = "its hook is toggled too often: it is patched again when that has been quiet"

// retry is how long to wait after patching again what was flagged was refused.
const retry = time.Second

// SetLimit sets the limit for toggles from now on. Without one no site is flagged any more. It is for tests and measurements.
func (p *Patcher) SetLimit(l Limit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit = l; l.Burst == 0 {
		p.patchQuiet(time.Now())
	}
	if p.timer != nil {
		p.timer.Reset(l.Quiet)
	}
}

// A pace is how often a key was toggled lately.
type pace struct {
	restless bool      // more often than the limit allows: its sites are flagged, or are to be
	settled  bool      // all of them are that can
	last     time.Time // when it was toggled, while it is restless
	due      time.Time // when toggles would have been used up one by one
}

// allows counts a toggle and reports whether it is within the limit. This is the generic cell rate
// algorithm, a token bucket in one number.
func (l Limit) allows(k *pace, now time.Time) bool {
	due := k.due
	if due.Before(now) {
		due = now
	}
	if due.Sub(now) > time.Duration(l.Burst-1)*l.Every {
		return false
	}
	k.due = due.Add(l.Every)
	return true
}

// flagsDecide reports whether the changes are of keys whose sites are flagged. Then all is done when the copies of their flags
// are set, as the caller has set the flags.
func (p *Patcher) flagsDecide(changes []Change) bool {
	for _, c := range changes {
		if !p.keys[c.Key].settled {
			return false
		}
	}
	now := time.Now()
	for _, c := range changes {
		k := p.keys[c.Key]
		k.on = c.On
		k.tell()
		k.touch(now)
	}
	return true
}

// touch notes a toggle of a restless key.
func (k *keyState) touch(now time.Time) {
	if !inBubble(now) {
		k.last = now
	}
}

// inBubble reports whether now is a time of testing/synctest's, which has no monotonic part and comes from no clock.
func inBubble(now time.Time) bool { return now == now.Round(0) }

// pacing counts toggles of the keys that are about to change, and sets those restless that are toggled too often.
//
// Only a toggle may take a site to its flag. A thread may stand behind the compare at that moment, and the branch that it
// finds may go either way; both are right, since the state changed between the thread's compare and its branch.
func (p *Patcher) pacing(changes []Change) {
	var now time.Time
	var often []*keyState
	for _, c := range changes {
		k := p.keys[c.Key]
		if k.Bare || c.On == k.on || p.limit.Burst == 0 || p.mem == nil {
			continue
		}
		if now.IsZero() {
			if now = time.Now(); inBubble(now) {
				return // no timer that is started here can be relied upon
			}
		}
		switch {
		case k.restless:
			k.touch(now)
		case !p.limit.allows(&k.pace, now):
			often = append(often, k)
		}
	}
	often = slices.DeleteFunc(often, func(k *keyState) bool { return !k.canFlag() })
	if len(often) == 0 || p.way() != nil {
		return // what can't get there now, or ever, is patched as always
	}
	for _, k := range often {
		k.restless, k.last = true, now
	}
}

// canFlag makes the flag forms of the key's sites, and reports whether there is a site that has one.
func (k *keyState) canFlag() bool {
	can := false
	for _, s := range k.sites {
		if s.state == asCompiled {
			continue
		}
		s.fixed = s.flagForms() != nil
		can = can || !s.fixed
	}
	return can
}

// settle notes after a change which of the keys have all their sites flagged, and has them patched again some time.
func (p *Patcher) settle(changes []Change) {
	for _, c := range changes {
		k := p.keys[c.Key]
		if !k.restless {
			continue
		}
		was := k.settled
		k.settled = k.allFlagged()
		if k.settled && !was {
			p.stats.Flaggings++
		}
		if p.timer == nil {
			p.timer = time.AfterFunc(p.limit.Quiet, p.calm)
		}
	}
}

// allFlagged reports whether all of the key's sites test the flag, without anybody's help.
func (k *keyState) allFlagged() bool {
	return !slices.ContainsFunc(k.sites, func(s *site) bool {
		return s.state != asCompiled && s.state != flagged || s.isStuck()
	})
}

func (s *site) isStuck() bool {
	return slices.ContainsFunc(s.pieces, func(pc *piece) bool { return pc.stuck != 0 })
}

// calm patches the sites of keys that are not toggled any more, and looks again later if there are others.
func (p *Patcher) calm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	if again := p.patchQuiet(time.Now()); again > 0 {
		p.timer = time.AfterFunc(again, p.calm)
	}
}

// patchQuiet returns when to look again; 0 if no key is restless any more.
func (p *Patcher) patchQuiet(now time.Time) (again time.Duration) {
	var quiet []*keyState
	var sites []*site
	for _, k := range p.keys {
		if !k.restless {
			continue
		}
		if left := p.limit.Quiet - now.Sub(k.last); left > 0 {
			if again == 0 || left < again {
				again = left
			}
			continue
		}
		quiet = append(quiet, k)
		for _, s := range k.sites {
			if s.state != asCompiled {
				sites = append(sites, s)
			}
		}
	}
	if len(quiet) == 0 {
		return again
	}
	for _, k := range quiet {
		k.restless, k.settled = false, false
	}
	// A debugger is a reason to wait, and nothing to report: the flags decide.
	err := p.way()
	if err == nil {
		err = p.change(inOrder(sites), nil)
	}
	if err == nil {
		p.stats.Returns += uint64(len(quiet))
	} else {
		for _, k := range quiet {
			k.restless, k.settled = true, k.allFlagged()
		}
		again = max(again, retry)
	}
	p.actOut()
	return again
}
