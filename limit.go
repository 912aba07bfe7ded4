package gkhi

import "sync/atomic"

// A limit counts a handler's hits for SkipHits and MaxHits.
type limit struct {
	skip, max uint64 // max 0: no maximum
	hits      atomic.Uint64
}

// take counts a hit and reports whether h is to be called for it. Exactly max
// hits are taken, whoever fires; the last one disarms h before its call.
func (l *limit) take(h *Handler) bool {
	n := l.hits.Add(1)
	if n <= l.skip || l.max != 0 && n-l.skip > l.max {
		return false
	}
	if l.max != 0 && n-l.skip == l.max {
		registry.mu.Lock()
		// Unless h was armed anew, with fresh counts, in the meantime.
		if l.used() == l.max {
			disarm(h)
		}
		registry.mu.Unlock()
	}
	return true
}

// used returns how many of the permitted hits were taken since h was armed.
func (l *limit) used() uint64 {
	n := l.hits.Load()
	if n <= l.skip {
		return 0
	}
	if n -= l.skip; l.max != 0 && n > l.max {
		return l.max
	}
	return n
}
