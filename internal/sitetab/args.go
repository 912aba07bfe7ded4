package sitetab

// A Param is a parameter or a result of a function. The receiver of a method is its first parameter;
// what the compiler adds, as generic functions' dictionaries, is none.
type Param struct {
	Name string // "" without a name
	Type string // as the source has it, struct{...} and the like shortened
	Kind ValueKind
	Size int // bytes; 0 when Kind and Size are not known, too
}

// ValueKind says how a value's words are to be read.
type ValueKind uint8

// The kinds of values.
const (
	Other   ValueKind = iota // a struct or an array, or not known
	Int                      // signed, of Size bytes
	Uint                     // unsigned, of Size bytes
	Bool                     // one byte
	Pointer                  // one word: pointer, chan, func, map, unsafe.Pointer
	String                   // pointer, length
	Slice                    // pointer, length, capacity
	Eface                    // interface without methods: type, data
	Iface                    // interface with methods: itab, data
	Float                    // of 4 or 8 bytes
	Complex                  // of 8 or 16 bytes
	lastValueKind
)

// MaxWords is how many words of one value have places. Longer ones are structs and arrays.
const MaxWords = 8

// Words returns how many places the value has in a layout: one for each begun machine word (eight bytes),
// at most MaxWords.
func (p Param) Words() int { return min((p.Size+7)/8, MaxWords) }

// A Layout tells where values are at a site: before the instruction there is executed and, when the
// site is armed, before its call pushes anything. Many sites share one.
type Layout struct {
	// Frame is how many bytes above the stack pointer the frame ends (the CFA of DWARF), 0 when that
	// is not known. On amd64 the return address is in the eight bytes below that end. On arm64 it is
	// where the stack pointer points; a frame of none is written as NoFrame there, and has it in R30.
	Frame int

	// Places has a place for each word (Param.Words) of one value after the other: of parameters at
	// an entry, of results at a return. Those that are missing at its end are not known.
	Places []Place
}

// NoFrame is the Frame of a function that has none.
const NoFrame = -1

// A Place is where a word is. A value that is shorter than a word is in the low bytes of it; what is in
// the others is not known.
type Place struct {
	Kind PlaceKind
	N    int64
}

// PlaceKind says what a place's number means.
type PlaceKind uint8

// The kinds of places. More may come: what is not known here is Unknown.
const (
	Unknown PlaceKind = iota

	// Register is a general register, by the number that the CPU's instructions have for it. On amd64
	// those are AX 0, CX 1, DX 2, BX 3, SP 4, BP 5, SI 6, DI 7, R8 to R15 8 to 15; on arm64 R0 to R30
	// 0 to 30.
	Register

	FloatRegister // X0 to X15 on amd64, F0 to F31 on arm64
	Stack         // in memory, N bytes above the stack pointer (or below, when negative)
	Constant      // N is the word
	Address       // N, a link-time address in the program, plus its load bias is the word
	lastPlaceKind
)

// Values returns the parameters for entries, and the results for returns.
func (f *Func) Values(k Kind) []Param {
	if k == Return {
		return f.Results
	}
	return f.Params
}

// Layout returns the layout of the i-th site of a point, nil if nothing is known. LoadArgs must have been called.
func (t *Table) Layout(p *FuncPoint, i int) *Layout {
	if i >= len(p.Layouts) {
		return nil
	}
	n := p.Layouts[i]
	if n == 0 || int(n) > len(t.Layouts) {
		return nil
	}
	return &t.Layouts[n-1]
}
