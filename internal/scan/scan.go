package scan

// A Segment is executable bytes and the address that they run at. Segments must
// not overlap, and functions must not span two.
type Segment struct {
	Addr  uintptr
	Bytes []byte
}

// A Key is a variable that sites test. Keys must not overlap.
type Key struct {
	Addr uintptr
	// Size is the number of bytes that belong to the key, at least 1. A
	// reference to Addr can be a site; one to the bytes behind is a Reject.
	Size uintptr
	// Bare selects the bare form: the key is a word that is loaded and not looked at.
	// Otherwise it is a byte, 0 when dormant, that guards a branch.
	Bare bool
}

// A Slot is an entry of a global offset table: the word at Addr holds Value, the
// address of a variable that a key is in. See FindSlots.
type Slot struct {
	Addr, Value uintptr
}

// Funcs finds functions. Runtime is the running program's.
type Funcs interface {
	// Bounds returns the entry of the function that pc belongs to and the
	// address behind its last instruction or its padding. Where a function was
	// inlined it is the one that it was inlined into that counts. It
	// reports false when pc is in no Go function.
	Bounds(pc uintptr) (entry, end uintptr, ok bool)
}

// Entries is what a Funcs may have besides, if it takes long to find where a function
// ends: Entry is Bounds without the end. The end is then found by looking at the text,
// and proved by two calls of Entry.
type Entries interface {
	Entry(pc uintptr) (entry uintptr, ok bool)
}

// Input is what to scan for, and where.
type Input struct {
	Keys  []Key
	Slots []Slot // only plugins and -linkshared need them
	Text  []Segment
	Funcs Funcs
	// Skip, when not nil, names the functions (by entry) that may use keys in
	// any way: the library's own. Nothing in them is reported.
	Skip func(entry uintptr) bool
}

// A Form says how a site can be patched.
type Form uint8

// Forms of a site. See the package comment.
const (
	// Guarded (amd64): the compare at Addr (Len bytes, always 7) and the branch.
	Guarded Form = iota + 1
	// GuardedBranch: the branch alone; what it tests stays.
	GuardedBranch
	// Bare: the load at Addr (Len bytes: 7 on amd64, 4 on arm64).
	Bare
	// BareGOT (amd64): the load of the key's address at Addr (7 bytes) and behind it
	// that of the key (TailLen bytes). They must stay two instructions, since a
	// thread may be between them, and the originals must not come back once
	// they were replaced: a thread that ran the no-op has no address in R15.
	BareGOT
)

var formNames = [...]string{Guarded: "guarded", GuardedBranch: "guarded branch", Bare: "bare", BareGOT: "bare got"}

func (f Form) String() string {
	if f > 0 && int(f) < len(formNames) {
		return formNames[f]
	}
	return "invalid form"
}

// A Site is a reference to a key that can be patched.
type Site struct {
	Key  int // index in Input.Keys
	Form Form
	// Func is the entry of the function that the site is in, and Ref the
	// address of the instruction that refers to the key: where file and line are looked up.
	Func, Ref uintptr
	// Addr is the first byte that patching may change.
	Addr    uintptr
	Len     uint8 // bytes of the compare or load at Addr; 0 for GuardedBranch
	TailLen uint8 // bytes of the second load of BareGOT
	// Reg is the register that a bare load writes (dead behind it), or that an
	// arm64 branch tests.
	Reg uint8
	// Mark says that the byte before the compare of a Guarded site is an instruction of its own, NOP: the
	// compiler marks the place of an inlined call with it if no other instruction can. A thread may be at it.
	Mark bool

	// The branch of a guarded site: its address, length (2, 6; 4 on arm64) and
	// target, and whether it is taken when the key is 0. If so the body
	// falls through, and the dormant branch must be unconditional; if not
	// the body is out of line, and the dormant branch is a no-op.
	BranchLen    uint8
	TakenDormant bool
	Branch       uintptr
	Target       uintptr
}

// End returns the address behind the last byte that patching may change.
func (s *Site) End() uintptr {
	if s.BranchLen != 0 {
		return s.Branch + uintptr(s.BranchLen)
	}
	return s.Addr + uintptr(s.Len) + uintptr(s.TailLen)
}

// A Reason says why a reference is not a site. Its String is a phrase for people.
type Reason uint8

// Reasons. AddressTaken is of no interest to users: it is what passing
// the variable to a function looks like.
const (
	AddressTaken Reason = iota + 1
	Loaded              // into a register, as a value
	Stored              // written, or read and written
	Compared            // with something else than 0, or in another width
	NoBranch            // the compare feeds something else than a JEQ or JNE
	FlagsLive           // the compare's flags are read after the branch
	FlagsUnknown        // it could not be proved that they are not
	ValueLive           // the loaded register is read after the branch or load
	ValueUnknown        // it could not be proved that it is not
	JumpInto            // a branch goes into the site
	FarTarget           // the branch leaves the function
	Inside              // a reference to a byte of the key other than its first
	AddressKept         // used through a register that holds its address
	OtherAccess         // another instruction
	OutsideGo           // in no Go function
	NotDecoded          // the function could not be decoded
	reasonsEnd
)

var reasons = [...]string{
	AddressTaken: "its address is taken",
	Loaded:       "its value is loaded into a register",
	Stored:       "it is written",
	Compared:     "it is compared with a value other than zero or in another width",
	NoBranch:     "the comparison is not followed by a branch on equality",
	FlagsLive:    "the comparison's flags are used again after the branch",
	FlagsUnknown: "the comparison's flags may be used again after the branch",
	ValueLive:    "the loaded value is used",
	ValueUnknown: "the loaded value may be used",
	JumpInto:     "a branch goes to the middle of the site",
	FarTarget:    "the branch goes to another function",
	Inside:       "the reference is not to the key's first byte",
	AddressKept:  "it is used through a register that holds its address",
	OtherAccess:  "an instruction of another form uses it",
	OutsideGo:    "the bytes are not in a Go function",
	NotDecoded:   "the function has instructions that are not known",
}

func (r Reason) String() string {
	if r > 0 && r < reasonsEnd {
		return reasons[r]
	}
	return "invalid reason"
}

// A Reject is a reference to a key that is not a site.
type Reject struct {
	Key    int // index in Input.Keys
	Reason Reason
	GOT    bool // the reference goes through a Slot
	// Func is the entry of the function, 0 for OutsideGo. Addr is the
	// instruction's, or for OutsideGo and NotDecoded that of its address operand.
	Func, Addr uintptr
}

// Stats tells what a scan did.
type Stats struct {
	Bytes int // of text
	Funcs int // functions decoded
	Insts int // instructions decoded
}

// A Result holds sites and rejects, each in ascending order of address within a
// segment. Each reference is in exactly one of them.
type Result struct {
	Sites   []Site
	Rejects []Reject
	Stats   Stats
}
