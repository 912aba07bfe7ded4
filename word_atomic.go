//go:build !amd64 || race

package gkhi

import "sync/atomic"

// storeRel writes *p so that earlier writes are seen by whoever reads it.
//
//go:nosplit
func storeRel(p *uint64, v uint64) { atomic.StoreUint64(p, v) }

// bump adds one to *p, which only the caller writes.
func bump(p *uint64) { atomic.AddUint64(p, 1) }

//go:nosplit
func loadAcq(p *uint64) uint64 { return atomic.LoadUint64(p) }
