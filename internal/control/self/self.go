// Package self is what a process can say of itself: who it is, what it was built from, when it started.
//
// It is linked into hooked programs and reads what it needs with the standard library's small packages; debug/elf and its
// friends would double the cost of the socket.
package self

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// Module is GKHI's module path.
const Module = "github.com/gkhi/gkhi"

// loaded is when this package was initialised, which is near the start of the process.
var loaded = time.Now()

// Version returns the version of GKHI in this binary as the go command knows it: v1.2.3 or a pseudo-version, or (devel) for
// a build from a checkout without version control, and for tests.
var Version = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := moduleVersion(info, Module); v != "" {
			return v
		}
	}
	return "(devel)"
})

// moduleVersion returns the version of a module in a build, or "" when the build has none of it or does not know.
func moduleVersion(info *debug.BuildInfo, path string) string {
	if info.Main.Path == path {
		return info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path != path {
			continue
		}
		if m.Replace != nil {
			if m.Replace.Version == "" {
				return "(devel)" // replaced by a directory
			}
			m = m.Replace
		}
		return m.Version
	}
	return ""
}

// Hello describes this process. Everything but the copy number is filled in.
func Hello() wire.Hello {
	h := wire.Hello{
		Proto:     wire.Proto,
		Min:       wire.MinProto,
		Version:   Version(),
		PID:       os.Getpid(),
		Start:     Started().UnixNano(),
		GoVersion: runtime.Version(),
		Platform:  runtime.GOOS + "/" + runtime.GOARCH,
		BuildID:   BuildID(),
	}
	if exe, err := os.Executable(); err == nil {
		h.Exe = exe
	} else if len(os.Args) > 0 {
		h.Exe = filepath.Clean(os.Args[0])
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		h.Main = info.Path
	}
	return h
}

// Started returns when the process started, or when this package was initialised where the system does not tell.
var Started = sync.OnceValue(func() time.Time {
	if ticks, ok := StartTicks(os.Getpid()); ok {
		if t, ok := tickTime(ticks); ok {
			return t
		}
	}
	return loaded
})
