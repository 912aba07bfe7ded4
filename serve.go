package gkhi

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/gkhi/gkhi/internal/control"
)

// A ServeOption changes how [Serve] serves.
type ServeOption func(*serveOptions)

type serveOptions struct {
	dir       string
	noFailEnv bool
}

// SocketDir puts the socket into dir instead of the usual place; see [Serve].
// The directory is made if it is missing, but not its parent.
func SocketDir(dir string) ServeOption { return func(o *serveOptions) { o.dir = dir } }

// WithoutFailEnv keeps Serve from setting the failpoints of [FailEnv], for a
// program that calls it before its hooks are declared.
func WithoutFailEnv() ServeOption { return func(o *serveOptions) { o.noFailEnv = true } }

// serving is the one server of this copy of the library.
var serving struct {
	mu     sync.Mutex
	server *control.Server
	users  int // calls of Serve that were not stopped
}

// Serve lets the gkhi command see and steer the hooks of this process, through
// a unix socket, until stop is called. One line at the start of main is enough:
//
//	stop, err := gkhi.Serve()
//
// The socket is in $GKHI_SOCKET_DIR, or $XDG_RUNTIME_DIR/gkhi, or gkhi-UID in the
// directory for temporary files; the directory has mode 0700, the socket 0600, and
// only the process's own user and root are let in. What a gkhi command registered, and
// what it armed for as long as it runs, is undone when its connection ends,
// however it does.
//
// Serve also sets the failpoints of the environment variable [FailEnv]. One that is
// wrong is an error, and nothing is served then.
//
// A process may call Serve several times, say in main and through package
// autoserve: all calls share a socket, which is there until each is stopped. A
// directory other than that of the calls before is an error. stop is never nil,
// may be called more than once, and returns when what clients had changed is
// undone. Serve is safe for concurrent use.
func Serve(opts ...ServeOption) (stop func() error, err error) {
	var o serveOptions
	for _, f := range opts {
		f(&o)
	}
	nothing := func() error { return nil }
	serving.mu.Lock()
	defer serving.mu.Unlock()
	if serving.server == nil {
		server, err := control.Serve(remote, control.Options{Dir: o.dir, Report: reportToStderr})
		if err != nil {
			return nothing, fmt.Errorf("gkhi: serve: %w", err)
		}
		if !o.noFailEnv {
			if err := FailFromEnv(); err != nil {
				server.Close()
				return nothing, fmt.Errorf("gkhi: serve: %w", err)
			}
		}
		serving.server = server
	} else if dir := filepath.Dir(serving.server.Path()); o.dir != "" && !sameDir(o.dir, dir) {
		return nothing, fmt.Errorf("gkhi: serve in %s: this process serves in %s already", o.dir, dir)
	}
	serving.users++
	return sync.OnceValue(stopServing), nil
}

func stopServing() error {
	serving.mu.Lock()
	defer serving.mu.Unlock()
	serving.users--
	if serving.users > 0 {
		return nil
	}
	server := serving.server
	serving.server = nil
	return server.Close()
}

func sameDir(a, b string) bool {
	ai, err1 := os.Stat(a)
	bi, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(ai, bi)
}

func reportToStderr(text string) { fmt.Fprintln(os.Stderr, text) }
