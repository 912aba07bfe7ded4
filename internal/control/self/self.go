// Package self is what a process can say of itself: who it is, what it was built from, when it started.
//
// It is linked into hooked programs and reads what it needs with the standard library's small packages; debug/elf and its
// friends would double the cost of the socket.
package self

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// Module is GKHI's module path.
const Module = "github.com/gkhi/gkhi"

// loaded is when this package was initialised, which is near the start of the process.
var loaded = time.Now()

// What the linker writes in programs that gkhi build makes, which don't have package built: the import path of the main package,
// and the version of GKHI.
var linkedMain, linkedVersion string

// LinkerFlags returns what has the linker write that, in a program that has this package as part of module.
func LinkerFlags(module, main, version string) []string {
	here := module + "/internal/control/self."
	return []string{"-X", here + "linkedMain=" + main, "-X", here + "linkedVersion=" + version}
}

// built returns the import path of the main package and the version of GKHI, "" where it doesn't know.
var built = func() (path, version string) { return linkedMain, linkedVersion }

// SetBuilt is how package built tells what the program was built from. It is called from an init function.
func SetBuilt(f func() (path, version string)) { built = f }

// Version returns the version of GKHI in this binary as the go command knows it: v1.2.3 or a pseudo-version, or (devel) for
// a build from a checkout without version control, for tests, and without package built.
func Version() string {
	if _, v := built(); v != "" {
		return v
	}
	return "(devel)"
}

// Hello describes this process. Everything but the copy number is filled in, and without package built the main package.
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
	h.Main, _ = built()
	return h
}

var started struct {
	once sync.Once // and not sync.OnceValue, each of which brings functions and types of its own: 2 KB
	at   time.Time
}

// Started returns when the process started, or when this package was initialised where the system does not tell.
func Started() time.Time {
	started.once.Do(func() { started.at = start() })
	return started.at
}

func start() time.Time {
	if ticks, ok := StartTicks(os.Getpid()); ok {
		if t, ok := tickTime(ticks); ok {
			return t
		}
	}
	return loaded
}
