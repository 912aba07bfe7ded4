package patch

import (
	"bytes"

	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// laidLen is the length of a site that is laid down, in bytes.
const laidLen = amd64.LenSite

// laidForm returns the no-op that is found at a site.
func laidForm(found []byte) (noop []byte, ok bool) {
	noop, err := amd64.DormantLoad(found)
	return noop, err == nil && bytes.Equal(noop, found)
}
