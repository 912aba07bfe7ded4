//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"
)

// A step is an arming or disarming of some keys, by letter.
type step struct {
	on   bool
	keys string
}

// story is what each fault is tried on: single keys and groups, guarded and bare.
var story = []step{
	{true, "a"}, {false, "a"}, {true, "abc"}, {true, "c"}, {false, "b"}, {true, "b"},
	{false, "abc"}, {true, "c"}, {false, "c"},
}

func (r *rig) numbers(letters string) (keys []int) {
	for _, l := range letters {
		switch l {
		case 'a':
			keys = append(keys, r.a)
		case 'b':
			keys = append(keys, r.b)
		case 'c':
			keys = append(keys, r.c)
		}
	}
	return keys
}

// play does the story and checks after each step that every key does what it
// must. It returns how many steps were refused.
func (r *rig) play(t *testing.T) (refused int) {
	armed, vague := r.armed, r.vague
	for i, s := range story {
		keys := r.numbers(s.keys)
		var err error
		if s.on {
			err = r.arm(keys...)
		} else {
			err = r.disarm(keys...)
		}
		if err != nil {
			refused++
		}
		for _, k := range keys {
			switch {
			case s.on && err == nil:
				armed[k], vague[k] = true, false
			case s.on:
				// The group is disarmed by the caller, as far as it can be.
				armed[k], vague[k] = false, true
			default:
				armed[k], vague[k] = false, err != nil
			}
		}
		for _, k := range r.numbers("abc") {
			if len(r.keys[k].sites) == 0 {
				continue // never looked for: the flag decides
			}
			got, all := r.hits(k)
			if armed[k] && got != all || !armed[k] && !vague[k] && got != 0 {
				t.Errorf("step %d, %v (error: %v): %d of %d sites of key %d act armed, which is %v",
					i, s, err, got, all, k, armed[k])
			}
		}
		r.checkForms(t)
	}
	return refused
}

// checkForms compares what stands at each piece with the forms that it may have.
func (r *rig) checkForms(t *testing.T) {
	t.Helper()
	for _, k := range r.keys {
		for _, s := range k.sites {
			for _, pc := range s.pieces {
				forms := [][]byte{originals[pc.addr], pc.dorm, pc.arm}
				if k.Bare {
					if b, err := armedBare(pc, r.count); err == nil {
						forms[2] = b
					}
				}
				if pc.guard != nil && pc.guard.flag != nil {
					forms = append(forms, pc.guard.flag)
				}
				got := pc.found()
				if pc.stuck != 0 {
					for i, b := range got {
						if pc.stuck.has(i) && b != int3 {
							t.Errorf("%#x counts as stuck at %d and has % x", pc.addr, i, got)
						}
					}
					continue // what it does was checked
				}
				if !slices.ContainsFunc(forms, func(f []byte) bool { return bytes.Equal(f, got) }) {
					t.Errorf("%#x is half written: % x is none of % x", pc.addr, got, forms)
				}
				if !bytes.Equal(got, pc.now) {
					t.Errorf("%#x has % x and is thought to have % x", pc.addr, got, pc.now)
				}
			}
		}
	}
}

// TestFaults refuses each system call in turn: only the kth, or all from the kth on
// until the story is told; then the same story has to go well.
func TestFaults(t *testing.T) {
	for _, remap := range []bool{false, true} {
		t.Run(map[bool]string{false: "mem", true: "remap"}[remap], func(t *testing.T) {
			calls := map[string]int{}
			sys := &refusing{refuse: func(call string) verdict {
				if remap && call == "open" {
					return refuse
				}
				calls[call]++
				return pass
			}}
			r := newRig(t, sys)
			if n := r.play(t); n > 0 {
				t.Fatalf("%d steps were refused without a fault: %+v", n, r.Status())
			}
			if r.Status().Reason != "" {
				t.Fatalf("not patched: %s", r.Status().Reason)
			}
			r.restore()
			stuck := 0
			for _, call := range slices.Sorted(maps.Keys(calls)) {
				every := 1
				if testing.Short() {
					every = 5
				}
				for k := 1; k <= calls[call]; k += every {
					for _, how := range []verdict{refuse, half} {
						if how == half && call != "pwrite" {
							continue
						}
						for _, once := range []bool{true, false} {
							name := fmt.Sprintf("%s/%d/once=%v/half=%v", call, k, once, how == half)
							t.Run(name, func(t *testing.T) { stuck += tryFault(t, remap, call, k, how, once) })
						}
					}
				}
			}
			if stuck == 0 && runtime.GOARCH == "amd64" {
				t.Error("no fault left a site with an INT3: the trap handler was not tried")
			}
		})
	}
}

// refuseFrom is a system that answers the k-th call of a name, and if not once those after it, with how, until it has healed.
// With remap /proc/self/mem can't be opened either.
func refuseFrom(call string, k int, how verdict, once, remap bool, healed *bool) *refusing {
	n := 0
	return &refusing{refuse: func(c string) verdict {
		if remap && c == "open" {
			return refuse
		}
		if c == call {
			n++
		}
		if c != call || *healed || n < k || once && n > k {
			return pass
		}
		return how
	}}
}

// tryFault returns how many sites were left with an INT3, before it healed.
func tryFault(t *testing.T, remap bool, call string, k int, how verdict, once bool) (stuck int) {
	healed := false
	r := newRig(t, refuseFrom(call, k, how, once, remap, &healed))
	r.play(t)
	stuck = r.Status().Stuck
	healed = true
	refused := r.play(t)
	switch st := r.Status(); {
	case r.refused != nil:
		// Final. The flags decide, which play checked as far as there are sites.
		if st.Reason == "" || st.Patched > 0 || len(r.numbers("c")) > 0 && refused == 0 {
			t.Errorf("refused (%v), and the status is %+v with %d refusals", r.refused, st, refused)
		}
		guardA.on = true
		if fired = 0; passA() != fired {
			t.Error("the flag doesn't decide")
		}
		guardA.on = false
	case refused > 0 || st.Reason != "" || st.Stuck > 0 || st.Patched != st.Sites || st.Sites == 0:
		t.Errorf("healed, and still %d steps are refused; the status is %+v", refused, st)
	}
	return stuck
}
