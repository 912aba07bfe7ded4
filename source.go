package gkhi

import (
	"embed"
	"io/fs"
)

// A pattern names files, so tests are among them; they are a small part, and nobody
// writes them to disk.
//
//go:embed *.go autoserve/*.go
//go:embed internal/control/*.go internal/control/eventjson/*.go internal/control/peercred/*.go internal/control/self/*.go
//go:embed internal/control/sockdir/*.go internal/control/wire/*.go
//go:embed internal/calls/*.go internal/event/*.go internal/funcs/*.go internal/sitetab/*.go
//go:embed internal/failpoint/*.go internal/glob/*.go internal/hist/*.go internal/minijson/*.go internal/near/*.go
//go:embed internal/insn/*.go internal/insn/amd64/*.go internal/insn/arm64/*.go
//go:embed internal/patch/*.go internal/patch/*.s internal/record/*.go internal/record/*.s internal/record/*.h
//go:embed internal/scan/*.go internal/textmem/*.go
var source embed.FS

// Source returns the source of this package, of package autoserve and of all that
// they import from their module, by path in the module. It is what gkhi build compiles into
// programs that don't require GKHI; a program that doesn't call Source doesn't contain it.
func Source() fs.FS { return source }
