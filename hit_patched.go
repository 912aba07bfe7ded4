//go:build linux && (amd64 || arm64) && !race

package gkhi

import "sync/atomic"

// pointsPatched says that a point's handlers are called by its patched sites.
const pointsPatched = true

// Hit marks the place. It compiles to one load whose value is thrown away (on
// amd64 the 7 bytes of MOVQ p(SB), R, on arm64 ADRP, ADD and LDAR), inlines wherever it
// is used, and leaves its function a leaf. Patching replaces that instruction, on
// arm64 the LDAR. Where points can't be patched Hit is a load and a branch, and calls
// the handlers itself.
func (p *Point) Hit() { atomic.LoadUint64(&p.word) }
