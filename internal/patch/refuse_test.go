package patch

import (
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// TestSeccomp has the kernel itself refuse what patching needs.
func TestSeccomp(t *testing.T) {
	testenv.Need(t, patchable...)
	prog := testenv.Build(t, "./testdata/subject")
	for _, tt := range []struct {
		refuse []string
		method string // by which sites are patched all the same
		reason string // or why not
	}{
		{refuse: []string{"open"}, method: "remapped pages"},
		{refuse: []string{"pwrite"}, method: "remapped pages"},
		{refuse: []string{"fstat"}, method: "remapped pages"},
		{refuse: []string{"mremap"}, method: "/proc/self/mem"},
		{refuse: []string{"membarrier"}, reason: "seccomp profile refuses membarrier"},
		{refuse: []string{"rt_sigaction"}, reason: "refuses rt_sigaction for SIGTRAP"},
		{refuse: []string{"open", "mremap"}, reason: "code can be changed neither through /proc/self/mem (open: permission denied) nor by remapping"},
		{refuse: []string{"open", "mprotect"}, reason: "nor by remapping (remap the page of text at "},
	} {
		t.Run(strings.Join(tt.refuse, "+"), func(t *testing.T) {
			var words []string
			for _, r := range tt.refuse {
				words = append(words, "refuse="+r)
			}
			as := tell(t, testenv.Command(t, prog, append(words, wholeStory...)...))
			for _, a := range as[:len(words)] {
				if a.Error != "" {
					t.Skipf("%s: %s", a.Word, a.Error)
				}
			}
			as = as[len(words):]
			if tt.method != "" {
				checkWhole(t, as, tt.method)
				return
			}
			for i, a := range as {
				if a.Calls != wholeCalls[i] || a.Hits != 0 {
					t.Errorf("%d, %s: %d calls, %d hits", i, a.Word, a.Calls, a.Hits)
				}
				if i > 0 && (a.Mode != "flag" || !strings.Contains(a.Reason, tt.reason)) {
					t.Errorf("%d, %s: mode %s, reason %q", i, a.Word, a.Mode, a.Reason)
				}
				if bad := strings.Contains(a.Error, tt.reason); bad != (a.Word == "armpoint") {
					t.Errorf("%d, %s: error %q", i, a.Word, a.Error)
				}
			}
		})
	}
}

// TestLaterRefusal has the kernel refuse system calls of a program whose sites are patched.
func TestLaterRefusal(t *testing.T) {
	testenv.Need(t, patchable...)
	prog := testenv.Build(t, "./testdata/subject")
	for _, call := range []string{"membarrier", "pwrite", "fstat"} {
		t.Run(call, func(t *testing.T) {
			as := tell(t, testenv.Command(t, prog, "arm", "run", "refuse="+call,
				"run", "disarm", "run", "arm", "run", "armpoint", "run"))
			for i, want := range []uint64{0, 100, 0, 100, 0, 0, 0} {
				if as[i].Calls != want {
					t.Errorf("%s: %d calls, want %d", as[i].Word, as[i].Calls, want)
				}
			}
			// The hook's sites could not be disarmed, so arming it again changes nothing.
			if a := as[6]; a.Error != "" {
				t.Errorf("arming again: %s", a.Error)
			}
			if a := as[7]; a.Calls != 100 {
				t.Errorf("armed again: %d calls", a.Calls)
			}
			if a := as[8]; a.Error == "" {
				t.Error("the point was armed")
			}
			if a := as[9]; a.Hits != 0 || a.Calls != 100 {
				t.Errorf("at last %d calls and %d hits", a.Calls, a.Hits)
			}
		})
	}
}

// TestRefusalWhenFlagged has the kernel refuse system calls when a hook's sites are back at their flag, for which they aren't needed.
func TestRefusalWhenFlagged(t *testing.T) {
	testenv.Need(t, patchable...)
	prog := testenv.Build(t, "./testdata/subject")
	for _, call := range []string{"membarrier", "pwrite"} {
		t.Run(call, func(t *testing.T) {
			as := tell(t, testenv.Command(t, prog, "prepare", "limit", "arm", "disarm", "refuse="+call,
				"arm", "run", "disarm", "run", "nolimit", "arm", "run", "disarm", "run"))
			for i, want := range []uint64{0, 100, 0, 0, 0, 0, 100, 0, 0} {
				if a := as[5+i]; a.Calls != want || a.Error != "" {
					t.Errorf("%d, %s: %d calls, want %d, error %q", i, a.Word, a.Calls, want, a.Error)
				}
			}
		})
	}
}
