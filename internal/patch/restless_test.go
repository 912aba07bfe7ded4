//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestAllows(t *testing.T) {
	l := Limit{Burst: 3, Every: 10 * time.Millisecond}
	start := time.Now()
	var k pace
	for i, tt := range []struct {
		at   time.Duration // in ms
		want bool
	}{
		{0, true}, {0, true}, {0, true}, {0, false}, {9, false}, // three at once
		{10, true}, {10, false}, {30, true}, {31, true}, {32, false}, // and one each 10 ms
		{1000, true}, {1000, true}, {1000, true}, {1001, false}, // no more than three are saved up
	} {
		if got := l.allows(&k, start.Add(tt.at*time.Millisecond)); got != tt.want {
			t.Errorf("toggle %d, at %v ms: %v", i, int(tt.at), got)
		}
	}
}

// restlessly makes each toggle of r one too many, and nothing patched again until calm is called.
func (r *rig) restlessly() {
	r.SetLimit(Limit{Burst: 1, Every: time.Hour, Quiet: time.Hour})
	for _, k := range r.keys {
		k.due = time.Now().Add(time.Minute)
	}
}

// quiet lets a day pass, as far as the keys are concerned.
func (r *rig) quiet() (again time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.patchQuiet(time.Now().Add(24 * time.Hour))
}

func (r *rig) states(t *testing.T, want state, keys ...int) {
	t.Helper()
	for _, key := range keys {
		for _, s := range r.keys[key].sites {
			if s.state != want || s.whyNot != "" {
				t.Errorf("a site of key %d is %v (%s), want %v", key, s.state, s.whyNot, want)
			}
		}
	}
}

// expect checks that the sites of a key do what they are to.
func (r *rig) expect(t *testing.T, key int, on bool) {
	t.Helper()
	if got, all := r.hits(key); on && got != all || !on && got != 0 {
		t.Errorf("%d of %d sites of key %d act armed, which is %v", got, all, key, on)
	}
}

// TestRestless toggles keys too often: their sites are flagged, then toggles make no system call, and when all is quiet they
// are patched again.
func TestRestless(t *testing.T) {
	calls := 0
	r := newRig(t, &refusing{refuse: func(string) verdict { calls++; return pass }})
	if err := r.Prepare(); err != nil {
		t.Fatal(err)
	}
	for _, from := range []bool{false, true} { // both ways into the flagged form, and both out of it
		for _, to := range []bool{false, true} {
			if from {
				must(t, r.arm(r.a, r.b, r.c))
			}
			r.restlessly()
			toggle := func(on bool) {
				t.Helper()
				if on {
					must(t, r.arm(r.a, r.b))
				} else {
					must(t, r.disarm(r.a, r.b))
				}
				r.states(t, flagged, r.a, r.b)
				r.checkForms(t)
				r.expect(t, r.a, on)
				r.expect(t, r.b, on)
			}
			toggle(!from)
			if st := r.Status(); st.Restless != 5 || st.Patched != 1 || st.Reason != "" {
				t.Errorf("the status is %+v", st)
			}
			for _, in := range r.Sites(r.a) {
				if in.Form != "" && (in.State != "flagged" || in.Reason != whyFlagged) {
					t.Errorf("a site is %+v", in)
				}
			}
			before := calls
			for range 10 {
				toggle(from)
				toggle(!from)
			}
			if to == from {
				toggle(from)
			}
			if calls != before {
				t.Errorf("%d system calls for toggles of flagged sites", calls-before)
			}
			if again := r.quiet(); again != 0 {
				t.Errorf("there is something to do in %v", again)
			}
			r.states(t, map[bool]state{true: armed, false: dormant}[to], r.a, r.b)
			r.checkForms(t)
			r.expect(t, r.a, to)
			r.expect(t, r.b, to)
			r.SetLimit(Limit{})
			must(t, r.disarm(r.a, r.b, r.c))
			r.states(t, dormant, r.a, r.b, r.c)
		}
	}
	if st := r.Status(); st.Flaggings != 8 || st.Returns != 8 || st.Restless != 0 || st.Patched != 6 {
		t.Errorf("at the end the status is %+v", st)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRestlessAlone flags one key of a group and patches the others.
func TestRestlessAlone(t *testing.T) {
	r := newRig(t, kernel{})
	must(t, r.Prepare())
	r.restlessly()
	r.keys[r.b].due = time.Time{}
	must(t, r.arm(r.a, r.b, r.c))
	r.states(t, flagged, r.a)
	r.states(t, armed, r.b, r.c)
	for _, k := range []int{r.a, r.b, r.c} {
		r.expect(t, k, true)
	}
	// What is no toggle is no reason.
	r.keys[r.b].due = time.Now().Add(time.Minute)
	must(t, r.arm(r.a, r.b, r.c))
	r.states(t, armed, r.b, r.c)
	must(t, r.disarm(r.a, r.b, r.c))
	r.states(t, flagged, r.a, r.b)
	r.states(t, dormant, r.c)
	for _, k := range []int{r.a, r.b, r.c} {
		r.expect(t, k, false)
	}
}

// TestQuietTimer lets the timer do it.
func TestQuietTimer(t *testing.T) {
	r := newRig(t, kernel{})
	must(t, r.Prepare())
	r.SetLimit(Limit{Burst: 1, Every: time.Hour, Quiet: time.Millisecond})
	for round := range uint64(3) {
		must(t, r.arm(r.a))
		must(t, r.disarm(r.a))
		for r.Status().Returns < round { // the first round's second toggle was the first one too many
			time.Sleep(100 * time.Microsecond)
		}
	}
	for r.Status().Restless > 0 {
		time.Sleep(100 * time.Microsecond)
	}
	r.states(t, dormant, r.a)
	r.checkForms(t)
	r.expect(t, r.a, false)
}

// TestRestlessTraced has a debugger come and go: sites are not flagged while it is there, those that are stay
// so, and toggles work.
func TestRestlessTraced(t *testing.T) {
	sys := &refusing{}
	r := newRig(t, sys)
	must(t, r.Prepare())
	r.restlessly()
	sys.tracer = 1
	for _, on := range []bool{true, false, true} {
		if on {
			must(t, r.arm(r.a))
			r.states(t, armed, r.a)
		} else {
			must(t, r.disarm(r.a))
			r.states(t, dormant, r.a)
		}
		r.expect(t, r.a, on)
	}
	sys.tracer = 0
	must(t, r.disarm(r.a))
	r.states(t, flagged, r.a)
	sys.tracer = 1
	must(t, r.arm(r.a))
	r.states(t, flagged, r.a)
	if again := r.quiet(); again != retry {
		t.Errorf("with a debugger: again in %v", again)
	}
	r.states(t, flagged, r.a)
	r.expect(t, r.a, true)
	must(t, r.disarm(r.a))
	r.expect(t, r.a, false)
	sys.tracer = 0
	if again := r.quiet(); again != 0 {
		t.Errorf("when the debugger has left: again in %v", again)
	}
	r.states(t, dormant, r.a)
	r.expect(t, r.a, false)
}

// TestRestlessFaults refuses each system call of going to the flag and of coming back.
func TestRestlessFaults(t *testing.T) {
	testenv.Need(t, testenv.NoRace)
	for _, remap := range []bool{false, true} {
		for _, from := range []bool{false, true} {
			calls := map[string]int{}
			t.Run(fmt.Sprintf("remap=%v/from=%v/none", remap, from), func(t *testing.T) {
				restlessFault(t, remap, from, func(call string) verdict { calls[call]++; return pass })
			})
			stuck := 0
			for _, call := range slices.Sorted(maps.Keys(calls)) {
				for k := 1; k <= calls[call]; k++ {
					for _, how := range []verdict{refuse, half} {
						for _, last := range []int{k, k + 1, k + 2, 1 << 30} {
							if how == half && call != "pwrite" {
								continue
							}
							t.Run(fmt.Sprintf("remap=%v/from=%v/%s/%d-%d/half=%v", remap, from, call, k, last, how == half), func(t *testing.T) {
								n := 0
								stuck += restlessFault(t, remap, from, func(c string) verdict {
									if c == call {
										n++
									}
									if c != call || n < k || n > last {
										return pass
									}
									return how
								})
							})
						}
					}
				}
			}
			if stuck == 0 && runtime.GOARCH == "amd64" {
				t.Error("no fault left a site with an INT3")
			}
		}
	}
}

// restlessFault toggles guarded keys to their flag and back with faults, checks that they do what they are to all the
// while, and then that all heals. It returns how many sites were left with an INT3 on the way.
func restlessFault(t *testing.T, remap, from bool, fault func(call string) verdict) (stuck int) {
	faulty := false
	sys := &refusing{refuse: func(c string) verdict {
		switch {
		case remap && c == "open":
			return refuse
		case faulty:
			return fault(c)
		}
		return pass
	}}
	r := newRig(t, sys)
	must(t, r.Prepare())
	keys := r.numbers("ab")
	if from {
		must(t, r.arm(keys...))
	}
	r.restlessly()
	faulty = true
	on, vague := from, false
	look := func(what string) {
		t.Helper()
		for _, key := range keys {
			got, all := r.hits(key)
			if on && got != all || !on && !vague && got != 0 {
				t.Errorf("%s: %d of %d sites of key %d act armed, which is %v", what, got, all, key, on)
			}
		}
		r.checkForms(t)
		stuck += r.Status().Stuck
	}
	toggle := func() {
		t.Helper()
		var err error
		if on = !on; on {
			err = r.arm(keys...)
			on = err == nil
			vague = !on
		} else {
			err = r.disarm(keys...)
			vague = err != nil
		}
		look(fmt.Sprintf("on=%v, %v", on, err))
	}
	for range 4 {
		toggle()
	}
	for range 2 {
		r.quiet()
		look("quiet")
	}
	toggle()
	faulty = false
	r.quiet()
	look("healed")
	r.SetLimit(Limit{})
	for range 3 { // an odd number, so that a key that is vague has been told
		toggle()
	}
	if st := r.Status(); vague || st.Stuck > 0 || st.Restless > 0 || st.Patched != st.Sites {
		t.Errorf("healed: vague %v, %+v", vague, st)
	}
	return stuck
}

// TestNoRoomForFlags toggles too often where there is no memory for copies of flags: the sites are patched as ever.
func TestNoRoomForFlags(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("sites need no memory to go back to their flag here")
	}
	r := newRig(t, kernel{})
	withoutCopies(t, errors.New("there is no room"))
	must(t, r.Prepare())
	r.restlessly()
	for range 3 {
		must(t, r.arm(r.a, r.b))
		r.states(t, armed, r.a, r.b)
		r.expect(t, r.a, true)
		must(t, r.disarm(r.a, r.b))
		r.states(t, dormant, r.a, r.b)
		r.expect(t, r.a, false)
	}
}

// TestCompiledBranchStays looks at what a thread finds in flagged sites that stands behind the compare: the compiled branch. In all
// states it looks at the first bytes that a uprobe may restore, of compares and of long branches.
func TestCompiledBranchStays(t *testing.T) {
	r := newRig(t, kernel{})
	must(t, r.Prepare())
	long := 0
	for _, change := range []func(...int) error{r.disarm, r.arm} {
		must(t, change(r.a, r.b))
		for _, key := range []int{r.a, r.b} {
			for _, s := range r.keys[key].sites {
				pc := s.pieces[len(s.pieces)-1]
				if at := s.Branch - pc.addr; s.BranchLen == 6 {
					long++
					if pc.found()[at] != originals[pc.addr][at] {
						t.Errorf("%v, the branch at %#x begins with another byte", s.state, s.Branch)
					}
				}
			}
		}
	}
	if long == 0 && runtime.GOARCH == "amd64" {
		t.Error("no site has a long branch")
	}
	r.restlessly()
	must(t, r.disarm(r.a, r.b))
	must(t, r.arm(r.a, r.b))
	for _, key := range []int{r.a, r.b} {
		for _, s := range r.keys[key].sites {
			pc := s.pieces[len(s.pieces)-1]
			got, was := pc.found()[s.Branch-pc.addr:], originals[pc.addr][s.Branch-pc.addr:]
			if !bytes.Equal(got, was) {
				t.Errorf("the branch at %#x is % x and was % x", s.Branch, got, was)
			}
			for _, pc := range s.pieces {
				if s.Len != 0 && pc.addr == s.Addr && pc.found()[0] != pc.first {
					t.Errorf("the compare at %#x begins with another byte", s.Addr)
				}
			}
		}
	}
}
