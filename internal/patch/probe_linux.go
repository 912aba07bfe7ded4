//go:build amd64 || arm64

package patch

import (
	"runtime"
	"strings"

	"github.com/gkhi/gkhi/internal/textmem"
)

// probePC returns the address of a function of one instruction and a return,
// which callProbe calls: it returns 0, or 1 while probe.Changed is written on it.
func probePC() uintptr

func callProbe() uint64

// probe is what patching is tried on.
var probe = textmem.Probe{
	Addr:    probePC(),
	Plain:   probeForms[runtime.GOARCH][0],
	Changed: probeForms[runtime.GOARCH][1],
	Call:    callProbe,
}

// probeForms are the instruction of the probe that makes it return 0 and that for 1,
// in full, so that a word of arm64 changes at once.
var probeForms = map[string][2][]byte{
	"amd64": {{0xB8, 0, 0, 0, 0}, {0xB8, 1, 0, 0, 0}},
	"arm64": {{0x00, 0x00, 0x80, 0xD2}, {0x20, 0x00, 0x80, 0xD2}},
}

// inLibrary reports whether a function is a method of the root package, such
// as Armed or Hit, which is no place in the user's source.
func inLibrary(fn string) bool {
	rest, ok := strings.CutPrefix(fn, rootPath)
	return ok && strings.HasPrefix(rest, ".(*")
}

const rootPath = "github.com/gkhi/gkhi"
