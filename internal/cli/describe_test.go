package cli

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

func TestDescribe(t *testing.T) {
	unknown := &wire.Error{Code: wire.CodeNotFound, Message: `no hook matches "x"`, Near: []string{"a", "b", "c"}}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("plain"), "plain"},
		{unknown, `no hook matches "x"; did you mean "a", "b" or "c"?`},
		{fmt.Errorf("kvd: %w", unknown), `kvd: no hook matches "x"; did you mean "a", "b" or "c"?`},
		{fmt.Errorf("%w, alas", unknown), `no hook matches "x"; near: a, b, c, alas`},
		{wire.Errorf(wire.CodeBusy, "busy"), "busy"},
		{&client.TargetError{Target: "kernel", Err: client.ErrIsKernel}, "kernel: is the kernel, not a process; kernel probes come with a later version of gkhi"},
	} {
		if got := describe(tt.err); got != tt.want {
			t.Errorf("describe(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
	for want, names := range map[string][]string{"": nil, `"a"`: {"a"}, `"a" or "b"`: {"a", "b"}} {
		if got := oneOf(names); got != want {
			t.Errorf("oneOf(%q) = %q, want %q", names, got, want)
		}
	}
}
