package gkhi

import (
	"embed"
	"io/fs"
)

// A pattern names files, so tests are among them; they are a small part, and nobody
// writes them to disk.
//
//go:embed internal/calls/*.go internal/control/*.go internal/control/peercred/*.go internal/control/self/*.go
//go:embed internal/control/sockdir/*.go internal/control/wire/*.go
//go:embed internal/event/*.go internal/funcs/*.go internal/funcserve/*.go internal/funcserve/auto/*.go
//go:embed internal/glob/*.go internal/hist/*.go internal/insn/*.go internal/insn/amd64/*.go internal/insn/amd64/encode/*.go internal/insn/arm64/*.go
//go:embed internal/minijson/*.go internal/near/*.go internal/patch/*.go internal/patch/*.s
//go:embed internal/record/*.go internal/record/*.s internal/record/*.h
//go:embed internal/scan/*.go internal/sitetab/*.go internal/textmem/*.go
var source embed.FS

// Source returns the source of what gkhi build compiles into programs that don't import GKHI: of its package
// internal/funcserve/auto and of all that this imports from its module, by path in the module.
// A program that doesn't call Source doesn't contain it.
func Source() fs.FS { return source }
