package control

import "sync/atomic"

var defaultTarget atomic.Pointer[Target]

// SetDefault makes t what [Default] returns. The root package calls it once, when it is initialised; this way a package that
// shows the hooks in another form, such as gkhihttp, gets at the registry without the root package having to export
// it.
func SetDefault(t Target) { defaultTarget.Store(&t) }

// Default returns this process's registry of hooks, or nil when the root package is not linked in.
func Default() Target {
	if t := defaultTarget.Load(); t != nil {
		return *t
	}
	return nil
}
