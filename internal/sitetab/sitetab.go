package sitetab

// MemberName is the name of a package archive's member that tells its points.
const MemberName = "gkhi.points"

// SectionName is the name of the ELF section that holds a program's table.
const SectionName = ".gkhi.sites"

// AnchorSymbol is the function by which a process finds how far it was loaded from
// where it was linked; see [Table.Anchor].
const AnchorSymbol = "github.com/gkhi/gkhi/internal/funcs.anchor"

// ShortAnchor is its name in programs that don't use GKHI themselves. To those gkhi build adds the runtime part under a
// shorter path, since each function's name is in them.
const ShortAnchor = "gkhi/internal/funcs.anchor"

// Kind is which end of a function a point is at.
type Kind uint8

// The kinds of points.
const (
	Entry Kind = iota
	Return
)

// String returns "entry" or "return".
func (k Kind) String() string {
	if k == Return {
		return "return"
	}
	return "entry"
}

// A Package is what one compilation leaves for the link step.
type Package struct {
	ImportPath string
	Symbol     string  // the linker's name of the array of words: point i loads the word at Symbol+8*i
	Points     []Point // by index
}

// A Point is one hook point as the compiler gets it.
type Point struct {
	Func string // the function's name as the runtime has it
	Kind Kind
	File string
	Line int // of the func keyword, the return keyword or the closing brace

	// InRange is whether a return is within a range statement: if that ranges over a
	// function, the point is hit before the iterator returns.
	InRange bool

	// Stored is whether the variables of results have their values at a return's point.
	Stored bool

	// Params and Results are of the function, at its entry: names and types only.
	Params, Results []Param
}

// A Table is what a program tells of its points.
type Table struct {
	Arch string   // GOARCH
	ID   [16]byte // of the text and the sites: ties what was recorded to the program

	// Anchor is the link-time address of AnchorSymbol, from which a process learns its
	// load bias; 0 when the program doesn't have it.
	Anchor uint64

	Funcs []Func // sorted by Name; names may repeat (init functions)

	// NoArgs says why it is not known what kinds of values arguments have and where they are; "" if it is.
	NoArgs string

	// Layouts is set by LoadArgs; see FuncPoint.Layouts. With nil nothing about arguments is written.
	Layouts []Layout
	args    []byte // what LoadArgs has to read
}

// A Func is a function with points.
type Func struct {
	Name    string // as the runtime has it: pkg/path.(*T).M
	Package string // import path
	File    string
	Line    int // of the func keyword
	Points  []FuncPoint

	// Params and Results are set by LoadArgs.
	Params, Results []Param
}

// A FuncPoint is one of a function's points. It has a site for each copy that inlining
// and instantiation made of it, and none if the compiler found it to be dead.
type FuncPoint struct {
	Kind    Kind
	InRange bool
	Line    int

	Sites     []uint64 // link-time addresses, ascending
	Unpatched int      // loads that stay, since they can't be replaced safely: never called

	// Layouts has for each site a number, to be looked up with Table.Layout; set by LoadArgs.
	Layouts []uint32
}
