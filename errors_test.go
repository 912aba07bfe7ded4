package gkhi

import (
	"errors"
	"fmt"
	"testing"
)

func TestUnknownError(t *testing.T) {
	for _, tt := range []struct {
		near []string
		want string
	}{
		{nil, `no such hook "x"`},
		{[]string{"a"}, `no such hook "x"; did you mean a?`},
		{[]string{"a", "b"}, `no such hook "x"; did you mean a, b?`},
	} {
		err := fmt.Errorf("doing it: %w", &UnknownError{Name: "x", Near: tt.near})
		if got := err.Error(); got != "doing it: "+tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		if !errors.Is(err, ErrUnknown) || errors.Is(err, ErrUndeclared) {
			t.Errorf("%v is not ErrUnknown, or is ErrUndeclared", err)
		}
	}
}
