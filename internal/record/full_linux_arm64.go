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
func fullHit()

// trampolines returns the addresses of the four.
func trampolines() (count, note, both, full uintptr)

// Trampoline returns the address that a site calls.
func Trampoline(k Kind) (uintptr, error) {
	count, note, both, full := trampolines()
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
const fullSite = 320

// savedAt returns where in fullHit a register's value at the site is, above the stack pointer. There
// are none of the system's R18 and the zero register.
func savedAt(register int32) (at int32, ok bool) {
	const veneer = 240 // what the veneer saved is from there on
	switch r := register; {
	case r >= 0 && r <= 15:
		return 16 + 8*r, true
	case r == 16 || r == 17:
		return veneer + 8*(r-16), true
	case r >= 19 && r <= 29:
		return 144 + 8*(r-19), true
	case r == 30:
		return veneer + 16, true
	}
	return 0, false
}
