//go:build amd64 && !race

package gkhi

import "sync/atomic"

// On amd64 a plain store is a release and is atomic for an aligned word (Intel
// SDM vol. 3, 10.2.2), while sync/atomic's stores are XCHG, ten times as dear.
// These few helpers are the only places that rely on it; with the race detector
// and on other CPUs word_atomic.go is used.

// storeRel writes *p so that earlier writes are seen by whoever reads it.
//
//go:nosplit
func storeRel(p *uint64, v uint64) { *p = v }

// bump adds one to *p, which only the caller writes.
func bump(p *uint64) { *p++ }

//go:nosplit
func loadAcq(p *uint64) uint64 { return atomic.LoadUint64(p) }
