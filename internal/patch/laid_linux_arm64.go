package patch

import (
	"encoding/binary"

	"github.com/gkhi/gkhi/internal/insn/arm64"
)

// laidLen is the length of a site that is laid down, in bytes.
const laidLen = arm64.WordLen

// laidForm returns the no-op that is found at a site.
func laidForm(found []byte) (noop []byte, ok bool) {
	return word(arm64.NOP), binary.LittleEndian.Uint32(found) == arm64.NOP
}
