package patch

import (
	"bytes"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

// watching is the kernel, and looks at the sites of a rig at each barrier.
type watching struct {
	*refusing
	t     *testing.T
	sites []*watched
	steps int
}

// A watched site is all of its pieces.
type watched struct {
	addr   uintptr
	before []byte // what stood there at the barrier before
	been   heads  // where a thread may stand
}

func (w *watching) Membarrier(cmd int) error {
	w.look()
	return w.refusing.Membarrier(cmd)
}

// look checks what changed since the last barrier.
func (w *watching) look() {
	w.t.Helper()
	for _, s := range w.sites {
		old, now := s.before, slices.Clone(textmem.Bytes(s.addr, len(s.before)))
		if bytes.Equal(old, now) {
			continue
		}
		w.steps++
		s.before = now
		for at := range now {
			if !s.been.has(at) {
				continue
			}
			switch {
			case old[at] != int3:
				// Threads may execute this instruction as it was. It may trap from now on, and change in nothing else.
				_, n := w.inst(old, at)
				if !bytes.Equal(old[at+1:at+n], now[at+1:at+n]) || old[at] != now[at] && now[at] != int3 {
					w.t.Errorf("% x became % x in one step, and a thread may be at %d", old, now, at)
				}
			case now[at] != int3:
				// Threads may execute what it is now, so all of it must be there already.
				if _, n := w.inst(now, at); !bytes.Equal(old[at+1:at+n], now[at+1:at+n]) {
					w.t.Errorf("% x became % x in one step, and frees who comes to %d", old, now, at)
				}
			}
		}
		w.walk(s)
	}
}

// walk notes the places that threads get to from where they may be.
func (w *watching) walk(s *watched) {
	for at := range s.before {
		if !s.been.has(at) || s.before[at] == int3 {
			continue
		}
		in, n := w.inst(s.before, at)
		if end := at + n; in.Kind != amd64.Jmp && end < len(s.before) {
			s.been |= 1 << end // if this is new, it is looked at below
		}
	}
}

func (w *watching) inst(code []byte, at int) (in amd64.Inst, n int) {
	w.t.Helper()
	in, err := amd64.Decode(code[at:])
	if err != nil || at+int(in.Len) > len(code) {
		w.t.Fatalf("% x has no instruction at %d: %v", code, at, err)
	}
	return in, int(in.Len)
}

// TestStrict takes guarded sites through all their forms, and checks each step between two barriers: an instruction
// that a thread may be executing gets an INT3 and changes in nothing else, and an INT3 goes when all behind it is in place.
func TestStrict(t *testing.T) {
	for _, flagFirst := range []bool{false, true} {
		w := &watching{refusing: &refusing{}, t: t}
		r := newRig(t, w)
		if flagFirst { // the sites go from as compiled to armed
			w.tracer = 1
			must(t, r.arm(r.a, r.b))
		}
		if err := r.catchUpWatched(w); err != nil {
			t.Fatal(err)
		}
		w.tracer = 0
		must(t, r.Prepare())
		must(t, r.disarm(r.a, r.b))
		for range 3 {
			must(t, r.arm(r.a, r.b))
			must(t, r.disarm(r.a, r.b))
		}
		for _, on := range []bool{true, false} { // both ways into the flagged form, and out of it
			for _, then := range []bool{true, false} {
				if !on {
					must(t, r.arm(r.a, r.b))
				}
				r.restlessly()
				change := r.disarm
				if on {
					change = r.arm
				}
				must(t, change(r.a, r.b))
				r.states(t, flagged, r.a, r.b)
				if on != then {
					change = r.disarm
					if then {
						change = r.arm
					}
					must(t, change(r.a, r.b))
				}
				r.SetLimit(Limit{})
				r.quiet()
				r.expect(t, r.a, then)
				r.expect(t, r.b, then)
				must(t, r.disarm(r.a, r.b))
			}
		}
		w.look()
		if w.steps < 50 {
			t.Errorf("only %d steps were seen", w.steps)
		}
		r.restore()
	}
}

// catchUpWatched finds the sites and has w watch them from now on, as compiled.
func (r *rig) catchUpWatched(w *watching) error {
	if err := r.scan(); err != nil {
		return err
	}
	for _, key := range []int{r.a, r.b} {
		for _, s := range r.keys[key].sites {
			one := &watched{addr: s.pieces[0].addr}
			for _, pc := range s.pieces {
				one.before = append(one.before, pc.found()...)
				one.been |= (pc.starts | atStart) << (pc.addr - one.addr)
			}
			w.sites = append(w.sites, one)
		}
	}
	return nil
}

// TestStrictForms does the same with sites that nobody executes: of each shape, with each branch.
func TestStrictForms(t *testing.T) {
	for _, tt := range []struct {
		what   string
		branch []byte
		taken  bool
	}{
		{"body next, short", []byte{0x74, 0x37}, true},
		{"body next, short and far", []byte{0x74, 0x7E}, true},
		{"body next, long", []byte{0x0F, 0x84, 0x10, 0x01, 0, 0}, true},
		{"body elsewhere, short", []byte{0x75, 0x37}, false},
		{"body elsewhere, long", []byte{0x0F, 0x85, 0x10, 0x01, 0, 0}, false},
	} {
		for _, how := range []struct{ first, then string }{
			{"dormant", "armed"}, {"armed", "dormant"}, {"dormant", "flagged"}, {"armed", "flagged"},
		} {
			w := &watching{refusing: &refusing{}, t: t}
			r := newRig(t, w)
			must(t, r.Prepare()) // opens the text
			code := slices.Concat([]byte{nop, 0x80, 0x3D, 0xCC, 0xCC, 0xCC, 0xCC, 0}, tt.branch)
			code = append(code, bytes.Repeat([]byte{nop}, 512)...)
			addr := uintptr(unsafe.Pointer(&code[1]))
			k := r.keys[r.a]
			s := r.newSite(k, scan.Site{Form: scan.Guarded, Func: addr, Ref: addr, Addr: addr, Len: branchAt, Mark: true,
				Branch: addr + branchAt, BranchLen: uint8(len(tt.branch)), Target: addr + branchAt + 2 + uintptr(tt.branch[1]), TakenDormant: tt.taken})
			if tt.branch[0] == 0x0F {
				s.Target = addr + 0x100
			}
			if s.whyNot != "" || len(s.pieces) != 2 {
				t.Fatalf("%s: %d pieces: %s", tt.what, len(s.pieces), s.whyNot)
			}
			r.trap.learn([]*keyState{{sites: []*site{s}}}, []*site{s})
			must(t, s.flagForms())
			w.sites = []*watched{{addr: addr - 1, before: slices.Clone(code[:8+len(tt.branch)]), been: 1 | 1<<1 | 1<<8}}
			became := func(to string) {
				t.Helper()
				k.on, k.restless = to == "armed", to == "flagged"
				must(t, r.change([]*site{s}, nil))
				w.look()
				if s.state.String() != to || s.whyNot != "" {
					t.Errorf("%s: the site is %v (%s), want %s", tt.what, s.state, s.whyNot, to)
				}
				if isPrefix := w.sites[0].before[0] == 0x40; isPrefix != (to != "flagged") {
					t.Errorf("%s, %s: the mark is a prefix: %v", tt.what, to, isPrefix)
				}
			}
			for range 2 {
				became(how.first)
				became(how.then)
			}
			k.on, k.restless = false, false
			runtime.KeepAlive(code)
		}
	}
}
