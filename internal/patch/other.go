//go:build !linux || !(amd64 || arm64)

package patch

import (
	"errors"
	"runtime"

	"github.com/gkhi/gkhi/internal/scan"
)

// Supported reports whether this platform can patch at all.
const Supported = false

var errUnsupported = errors.New("gkhi doesn't patch code on " + runtime.GOOS + "/" + runtime.GOARCH)

// A Patcher does nothing here: the flags decide.
type Patcher struct{ keys int }

// Default is the patcher of the process.
var Default = &Patcher{}

// Add counts the key.
func (p *Patcher) Add(scan.Key) int { p.keys++; return p.keys - 1 }

// AddLaid says that this platform is not supported.
func (p *Patcher) AddLaid([]uintptr, []int) (first int, err error) { return 0, errUnsupported }

// Code knows none.
func (p *Patcher) Code(uintptr) (code []byte, odd string) { return nil, "" }

// A Change is what Set would do to the sites of one key.
type Change struct {
	Key  int
	On   bool
	Call uintptr
}

// Refuse has nothing to refuse.
func (p *Patcher) Refuse(error) {}

// SetLimit has nothing to limit.
func (p *Patcher) SetLimit(Limit) {}

// Warm has nothing to do.
func (p *Patcher) Warm() {}

// Prepare says that this platform is not supported.
func (p *Patcher) Prepare() error { return errUnsupported }

// Set has nothing to do.
func (p *Patcher) Set([]Change) error { return nil }

// Status says that this platform is not supported.
func (p *Patcher) Status() Status { return Status{Keys: p.keys, Reason: errUnsupported.Error()} }

// Sites knows none.
func (p *Patcher) Sites(int) []SiteInfo { return nil }

// Patched knows none.
func (p *Patcher) Patched(int) []uintptr { return nil }

// Home is nowhere.
func (p *Patcher) Home() (lo, hi uintptr) { return 0, 0 }

// Batches is always 0.
func (p *Patcher) Batches() uint64 { return 0 }
