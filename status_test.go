package gkhi

import "testing"

func TestPatchStatusString(t *testing.T) {
	for _, tt := range []struct {
		s    PatchStatus
		want string
	}{
		{PatchStatus{Mode: "flag", Reason: "no such luck", Sites: 9}, "flag: no such luck"},
		{PatchStatus{Mode: "patched", Method: "m", Sites: 3, Patched: 3}, "patched 3 of 3 sites through m"},
		{PatchStatus{Mode: "patched", Method: "m", Sites: 3, Patched: 2, Flagged: 1}, "patched 2 of 4 sites through m"},
		{PatchStatus{Mode: "patched", Method: "m", Sites: 3, Patched: 3, Stuck: 1}, "patched 3 of 3 sites through m (1 trap)"},
		{PatchStatus{Mode: "patched", Method: "m", Sites: 3, Patched: 3, Foreign: 2}, "patched 3 of 3 sites through m (2 changed by somebody else)"},
	} {
		if got := tt.s.String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
