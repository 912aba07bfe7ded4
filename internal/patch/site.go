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
)

var stateNames = [...]string{asCompiled: "as compiled", dormant: "dormant", armed: "armed"}

func (s state) String() string { return stateNames[s] }

// A site is one place of a key: a compare and a branch, or a load.
type site struct {
	scan.Site
	key    *keyState
	state  state
	pieces []*piece // in ascending order of address
	whyNot string   // why it is not patched, or what is odd about it; may pass
}

// A piece is one instruction of a site that patching replaces, with an
// instruction boundary kept wherever a thread may stand. Its forms have one length.
type piece struct {
	addr uintptr
	now  []byte // what we wrote last, or found at first
	dorm []byte
	arm  []byte // of a bare site: nil, it depends on the trampoline
	// Where a trapped thread goes on: as if dormant, or as if armed (0: as dormant).
	//lint:ignore U1000 arm64 has no traps
	resumeDorm, resumeArm uintptr
	stuck                 bool // an INT3 could not be taken back
	first                 byte // as compiled: what a uprobe leaves behind
}

// bytes returns what has to stand at the piece for a state of its key.
func (pc *piece) bytes(k *keyState) ([]byte, error) {
	switch {
	case !k.on:
		return pc.dorm, nil
	case k.Bare:
		return armedBare(pc, k.call)
	}
	return pc.arm, nil
}

// found returns the bytes in memory.
func (pc *piece) found() []byte { return textmem.Bytes(pc.addr, len(pc.now)) }

// check compares memory with what was written last.
func (pc *piece) check() error {
	want := pc.now
	if pc.stuck {
		want = append([]byte{int3}, want[1:]...)
	}
	if got := pc.found(); !bytes.Equal(got, want) && !pc.rubbed() {
		return fmt.Errorf("found % x where % x should be: somebody else changed it", got, want)
	}
	return nil
}

// rubbed reports whether a uprobe was here and took its INT3 back: all is as it was
// written, but for a first byte as compiled.
func (pc *piece) rubbed() bool {
	got := pc.found()
	return got[0] == pc.first && got[0] != pc.now[0] && bytes.Equal(got[1:], pc.now[1:])
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
	return " (it has none in this program)"
}
