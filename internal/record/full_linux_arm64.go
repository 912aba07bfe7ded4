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

// trampolines returns the addresses of the three.
func trampolines() (count, note, both uintptr)

// Trampoline returns the address that a site calls.
func Trampoline(k Kind) (uintptr, error) {
	count, note, both := trampolines()
	switch k {
	case Count:
		return count, nil
	case Note:
		return note, nil
	case Count | Note:
		return both, nil
	}
	return 0, FullUnsupported()
}

// FullUnsupported returns why events can't have values and callers here; nil if they can.
func FullUnsupported() error {
	return errors.New("arguments, results and stacks are recorded on amd64 only, so far")
}

func openWants(text, size uintptr) error { return nil }

// SetWants says that there is no such trampoline here.
func SetWants(map[uintptr]Want) error { return FullUnsupported() }

// SetDepth has no effect here.
func SetDepth(int) {}
