//go:build linux || darwin || freebsd

package control

import (
	"strings"
	"testing"
)

func TestCheckUID(t *testing.T) {
	for _, tt := range []struct {
		uid  uint32
		mine int
		want string // part of the refusal; empty: let in
	}{
		{1000, 1000, ""},
		{0, 1000, ""},
		{0, 0, ""},
		{1001, 1000, "talks to user 1000 and to root only; you are user 1001"},
		{1000, 0, "talks to user 0 and to root only; you are user 1000"},
		{overflowUID, 1000, "user namespace"},
	} {
		got := checkUID(tt.uid, tt.mine)
		switch {
		case tt.want == "" && got != nil:
			t.Errorf("user %d of user %d's process: %v", tt.uid, tt.mine, got)
		case tt.want != "" && (got == nil || !strings.Contains(got.Error(), tt.want)):
			t.Errorf("user %d of user %d's process: %v, want %q", tt.uid, tt.mine, got, tt.want)
		}
	}
}
