package globs

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/glob"
)

func TestAsk(t *testing.T) {
	names := []string{"kv.get", "kv.put", "main.run"}
	broken := errors.New("broken")
	for _, tt := range []struct {
		patterns, kept []string
		idle           int
		err            string
	}{
		{[]string{"kv.*"}, []string{"kv.*"}, 0, ""},
		{[]string{"kv.*", "nothing"}, []string{"kv.*"}, 1, ""},
		{[]string{"a", "kv.*", "b", "!c", "main.*"}, []string{"kv.*", "main.*"}, 3, ""},
		{[]string{"nothing"}, nil, 0, `no hook matches "nothing"`},
		{[]string{"a", "b"}, nil, 0, `no hook matches "a"`},
		{[]string{"a", "!kv.*"}, nil, 0, `no hook matches "a"`},
		{[]string{"broken", "a"}, []string{"broken", "a"}, 0, "broken"},
		{nil, nil, 0, ""},
	} {
		asked := 0
		answer, kept, idle, err := Ask(tt.patterns, func(ps []string) (int, error) {
			asked++
			if slices.Contains(ps, "broken") {
				return 0, broken
			}
			set, err := glob.CompileSet(ps)
			if err != nil {
				return 0, err
			}
			if _, without := set.Select(names); without != nil {
				return 0, fmt.Errorf("wrapped: %w", wire.Errorf(wire.CodeNotFound, "no hook matches %q: the program has none", without))
			}
			return asked, nil
		})
		text := ""
		var e *wire.Error
		switch {
		case errors.As(err, &e):
			text = e.Message[:len(e.Message)-len(": the program has none")]
		case err != nil:
			text = err.Error()
		}
		if text != tt.err || !slices.Equal(kept, tt.kept) || len(idle) != tt.idle || err == nil && answer != tt.idle+1 {
			t.Errorf("%q: %d, %q, %v, %v", tt.patterns, answer, kept, idle, err)
		}
	}
}
