//go:build (amd64 || arm64) && !race && !msan && !asan

package gkhi

import (
	"runtime"
	"sync"

	"github.com/gkhi/gkhi/internal/textmem"
)

// openFence asks the kernel whether fence works. The first call may take some ten milliseconds.
var openFence = sync.OnceValue(func() bool {
	// The command that patching uses too, so that there is one registration.
	// It is a barrier for memory besides being one for code.
	return textmem.Kernel{}.Membarrier(textmem.RegisterSyncCore) == nil
})

// fence returns when each thread of the process has passed a full memory barrier
// since fence was called. It is the barrier that a fast path would need between a store and a
// load, at the expense of who waits for it: see membarrier(2). (Atomics on arm64 are such barriers
// already, but not as QEMU emulates them.)
func fence() {
	if (textmem.Kernel{}).Membarrier(textmem.SyncCore) != nil {
		// Which it did before: a sandbox has been closed since. This stops the world,
		// for which each thread that runs Go code takes locks.
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
	}
}
