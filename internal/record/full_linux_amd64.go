package record

import "errors"

// The trampolines, in assembly. Only patched sites call them.
//
//lint:ignore U1000 declared for vet, which compares them with the assembly
func countHit()

//lint:ignore U1000 see countHit
func noteHit()

//lint:ignore U1000 see countHit
func countAndNoteHit()

//lint:ignore U1000 see countHit
func noteHitCPU()

//lint:ignore U1000 see countHit
func countAndNoteHitCPU()

//lint:ignore U1000 see countHit
func fullHit()

func trampolineAddrs() (count, note, both, noteCPU, bothCPU, full uintptr)

func cpuHasRDPID() bool

// hasRDPID is whether the CPU can say cheaply which it is.
var hasRDPID = cpuHasRDPID()

// Trampoline returns the address that a site calls.
func Trampoline(k Kind) (uintptr, error) {
	count, note, both, noteCPU, bothCPU, full := trampolineAddrs()
	if hasRDPID {
		note, both = noteCPU, bothCPU
	}
	switch {
	case k&Full != 0:
		return full, nil // it counts as well
	case k == Count:
		return count, nil
	case k == Note:
		return note, nil
	case k == Count|Note:
		return both, nil
	}
	return 0, errors.New("no trampoline for nothing")
}

// fullSite is the distance in fullHit from the stack pointer to that at the site.
const fullSite = 136

// savedAt returns where in fullHit a register's value at the site is, above the stack pointer. There is
// none of the stack pointer.
func savedAt(register int32) (at int32, ok bool) {
	const sp = 4
	return 8 * register, register >= 0 && register <= 15 && register != sp
}
