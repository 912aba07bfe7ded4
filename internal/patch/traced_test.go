//go:build linux && (amd64 || arm64)

package patch

import (
	"runtime"
	"strings"
	"testing"
)

// TestTraced toggles under a tracer what is patched: hooks everywhere, and points where that takes no INT3.
func TestTraced(t *testing.T) {
	sys := &refusing{}
	r := newRig(t, sys)
	must(t, r.Prepare())
	sys.tracer = 1
	for range 2 {
		must(t, r.arm(r.a, r.b))
		r.expect(t, r.a, true)
		r.expect(t, r.b, true)
		err := r.arm(r.c)
		if runtime.GOARCH == "arm64" {
			must(t, err)
			r.expect(t, r.c, true)
		} else if err == nil || !strings.Contains(err.Error(), "a debugger or tracer (pid 1)") {
			t.Errorf("arming a point: %v", err)
		}
		r.checkForms(t)
		must(t, r.disarm(r.a, r.b, r.c))
		for _, key := range r.numbers("abc") {
			r.expect(t, key, false)
		}
		r.checkForms(t)
	}
}
