package cli

import (
	"errors"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// describe words an error for people, on one line, with what to do about it.
func describe(err error) string {
	text := err.Error()
	var e *wire.Error
	if errors.As(err, &e) && len(e.Near) > 0 {
		// The sentence of a wire.Error ends in a plain list of near names.
		if head, ok := strings.CutSuffix(text, e.Error()); ok {
			return head + e.Message + "; did you mean " + oneOf(e.Near) + "?"
		}
	}
	if errors.Is(err, client.ErrIsKernel) {
		return text + "; kernel probes come with a later version of gkhi"
	}
	return text
}

// oneOf writes names as a choice: "a", "b" or "c".
func oneOf(names []string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(n))
	}
	return b.String()
}
