package patch

import (
	"strings"
	"syscall"
	"testing"
)

// TestTakenOver gives SIGTRAP to another handler than ours, as a library does that sets its own. Without INT3 hooks are toggled
// all the same; points, and sites that aren't patched yet, wait until the handler is ours again.
func TestTakenOver(t *testing.T) {
	const why = "another library took over the handler of SIGTRAP"
	r := newRig(t, &refusing{})
	later := r.keys[r.b]
	r.keys = r.keys[:r.b] // a is patched, b and c are not looked for yet
	must(t, r.Prepare())
	if r.Status().Reason != "" {
		t.Skip(r.Status().Reason)
	}
	r.keys = append(r.keys, later, r.keys[:r.c+1][r.c])
	give := func(handler uintptr) (was uintptr) {
		t.Helper()
		var act sigaction
		must(t, kernel{}.rtSigaction(syscall.SIGTRAP, nil, &act))
		was, act.handler = act.handler, handler
		must(t, kernel{}.rtSigaction(syscall.SIGTRAP, &act, nil))
		return was
	}
	ours := give(chained) // who traps now ends the test by the runtime's handler
	defer give(ours)
	for range 2 {
		must(t, r.arm(r.a, r.b))
		r.expect(t, r.a, true)
		r.expect(t, r.b, true) // by its flag
		if err := r.arm(r.c); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("arming a point: %v", err)
		}
		must(t, r.disarm(r.a, r.b, r.c))
		r.expect(t, r.a, false)
		r.expect(t, r.b, false)
		r.checkForms(t)
	}
	if st := r.Status(); st.Patched == 0 || !strings.Contains(st.Reason, why) {
		t.Errorf("some sites are patched and others can't be, and the status is %+v", st)
	}
	give(ours)
	if n := r.play(t); n > 0 || r.Status().Reason != "" {
		t.Errorf("the handler is ours again, and %d steps are refused: %+v", n, r.Status())
	}
}
