//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

// A state is what stands at a site.
type state uint8

const (
	asCompiled state = iota
	dormant
	armed
	flagged // tests its flag again, for a while: see restless.go
)

var stateNames = [...]string{asCompiled: "as compiled", dormant: "dormant", armed: "armed", flagged: "flagged"}

func (s state) String() string { return stateNames[s] }

// A site is one place of a key: a compare and a branch, or a load.
type site struct {
	scan.Site
	key    *keyState
	state  state
	fixed  bool     // it can't go back to its flag now
	pieces []*piece // in ascending order of address
	spared []byte   // the branch as compiled, if no piece has it
	whyNot string   // why it is not patched, or what is odd about it; may pass
}

// wanted returns what is to stand at the site.
func (s *site) wanted() state {
	switch {
	case s.key.restless && !s.fixed:
		return flagged
	case s.key.on:
		return armed
	}
	return dormant
}

// A piece is a part of a site that patching replaces: one instruction, or two that have a form in which one
// covers where the other begins. Its forms have one length.
type piece struct {
	addr uintptr
	now  []byte // what we wrote last, or found at first
	dorm []byte
	arm  []byte // of a bare site: nil, it depends on the trampoline
	// Where a trapped thread goes on: as if dormant, or as if armed (0: as dormant).
	//lint:ignore U1000 arm64 has no traps
	resumeDorm, resumeArm uintptr
	guard                 *guardForms // of a guarded site
	starts                heads       // of the instructions in now; 0 for one
	dormStarts, armStarts heads       // of those in dorm and arm; 0 for one
	stuck                 heads       // where an INT3 could not be taken back
	first                 byte        // as compiled: what a uprobe leaves behind
	mark                  bool        // see planMark
}

// guardForms are further forms of a piece of a guarded site, in which the flag is tested.
type guardForms struct {
	compiled   []byte
	starts     heads  // of the instructions in compiled; 0 for one
	flag       []byte // while the site is flagged; nil if it isn't known yet, or if nothing changes here then
	flagStarts heads
}

// heads says at which bytes of a piece instructions begin, a bit for each: where a thread may be.
type heads uint16

// atStart is of a piece that is one instruction.
const atStart heads = 1

func (h heads) has(i int) bool { return h>>i&1 != 0 }

// form returns what has to stand at the piece for the state of its site.
func (pc *piece) form(s *site) ([]byte, heads, error) {
	switch k := s.key; {
	case s.wanted() == flagged && pc.guard.flag != nil:
		return pc.guard.flag, pc.guard.flagStarts, nil
	case !k.on:
		return pc.dorm, pc.dormStarts, nil
	case k.Bare:
		b, err := armedBare(pc, k.call)
		return b, atStart, err
	}
	return pc.arm, pc.armStarts, nil
}

// places are where a thread may be in any form of the piece.
//
//lint:ignore U1000 arm64 has no traps
func (pc *piece) places() heads { return atStart | pc.dormStarts | pc.armStarts }

// found returns the bytes in memory.
func (pc *piece) found() []byte { return textmem.Bytes(pc.addr, len(pc.now)) }

// check compares memory with what was written last. It returns what stands there, as far as that is ours, and where
// there is something else: from byte lo to hi.
func (pc *piece) check() (now []byte, lo, hi int, err error) {
	got, want := pc.found(), pc.now
	if pc.stuck != 0 {
		want = pc.withInt3(want, pc.stuck)
	}
	switch {
	case bytes.Equal(got, want):
		return pc.now, 0, 0, nil
	case pc.rubbed():
		return append([]byte(nil), got...), 0, 0, nil
	}
	for lo = 0; got[lo] == want[lo]; lo++ {
	}
	for hi = len(got); got[hi-1] == want[hi-1]; hi-- {
	}
	return pc.now, lo, hi, fmt.Errorf("found % x where % x should be: somebody else changed it", got, want)
}

// withInt3 returns code with INT3 at some of its bytes.
func (pc *piece) withInt3(code []byte, at heads) []byte {
	code = append([]byte(nil), code...)
	for i := range code {
		if at.has(i) {
			code[i] = int3
		}
	}
	return code
}

// rubbed reports whether a uprobe was here and took its INT3 back: all is as it was written, but for a
// first byte as compiled.
func (pc *piece) rubbed() bool {
	for i, b := range pc.found() {
		switch {
		case b == pc.now[i], i == 0 && b == pc.first:
		case pc.guard != nil && pc.guard.starts.has(i) && b == pc.guard.compiled[i]:
		default:
			return false
		}
	}
	return true
}

func (p *Patcher) newSite(k *keyState, s scan.Site) *site {
	st := &site{Site: s, key: k}
	err := st.plan()
	if err == nil && k.Bare && s.Addr-p.home.Addr >= uintptr(len(p.home.Bytes)) {
		err = errors.New("it is in another module (a plugin): the trampoline doesn't serve that")
	}
	if err != nil {
		st.whyNot = err.Error()
		st.pieces = nil
		return st
	}
	for _, pc := range st.pieces {
		pc.now = append([]byte(nil), pc.found()...)
		pc.first = pc.now[0]
		if !k.Bare {
			pc.guard = &guardForms{compiled: pc.now, starts: pc.starts}
		}
	}
	return st
}

// why says, in brackets, what stands in the way of a key without patchable sites.
func (k *keyState) why() string {
	for _, s := range k.sites {
		if s.whyNot != "" {
			return " (" + s.whyNot + ")"
		}
	}
	for _, r := range k.rejects {
		return " (" + r.Reason.String() + ")"
	}
	return " (it has none in this program: " + noSites + ")"
}
