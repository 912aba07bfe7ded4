//go:build race

package gkhi

import (
	"errors"
	"sync/atomic"

	"github.com/gkhi/gkhi/internal/patch"
)

func init() {
	patch.Default.Refuse(errors.New("the program is built with the race detector, which knows flags only"))
}

// keyFlag under the race detector: an atomic, so that a site is no finding.
type keyFlag struct{ b atomic.Bool }

func (f *keyFlag) load() bool   { return f.b.Load() }
func (f *keyFlag) store(v bool) { f.b.Store(v) }
