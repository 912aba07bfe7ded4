package instrument

import (
	"errors"
	"fmt"
	"go/parser"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// A File is a Go source file. Name is what the compiler is told: positions in
// [Point] and [Left] have it, unless a //line directive says otherwise.
type File struct {
	Name string
	Src  []byte
}

// A Package is what one run of the compiler gets.
type Package struct {
	// Path is the import path as the compiler's -p flag has it: "main" for
	// commands. Names of functions begin with it.
	Path string

	// ImportPath is what patterns and exclusions see, for commands too. Default: Path.
	ImportPath string

	// Files in the order in which the compiler gets them: init functions are
	// numbered in that order.
	Files []File
}

// DefaultMin leaves alone what the compiler would inline, and literals as small.
const DefaultMin = inlineBudget + 1

// Options say which functions get points, and how a point is written.
type Options struct {
	// Patterns choose functions. Nil chooses all.
	Patterns *Patterns

	// Min is the least estimated cost of a function that gets points, in the
	// inliner's units (nodes of the syntax tree; see the package comment). A declared function that isn't inlined, and
	// one with a loop that takes a while and is worth its points, costs at least DefaultMin; others
	// that are inlined cost less. 0 takes every function.
	Min int

	// Verdict, unless nil, tells what the compiler says of a function; where known is false the
	// estimate is used. It must be safe for the caller's own concurrency.
	Verdict func(fn Func) (v Verdict, known bool)

	// Style is how points are written. The zero value is SyncAtomic.
	Style Style
}

// A Func is one function declaration or literal.
type Func struct {
	Name      string // as in Point
	File      string
	Line, Col int // of what follows the func keyword of a declaration; of a literal's func keyword
	Literal   bool
}

// A Verdict is the compiler's.
type Verdict struct {
	Cost    int  // as the inliner counts; 0 where it didn't
	Inlined bool // calls of the function are inlined
}

// A Style is how points are written.
type Style struct {
	// Import is the path of a package that each changed file imports; empty for none.
	Import string

	// Hit is a point, an expression on one line. In it $pkg stands for the name of the
	// imported package, $words for the array of words and $i for the index.
	Hit string
}

// Styles for programs built with the ordinary compiler. Which to choose is in
// the package comment.
var (
	SyncAtomic    = Style{Import: "sync/atomic", Hit: "$pkg.LoadUint64(&$words[$i])"}
	RuntimeAtomic = Style{Import: "internal/runtime/atomic", Hit: "$pkg.Load64(&$words[$i])"}
)

// names are the identifiers that the rewritten source uses. They begin with a
// prefix that no identifier of the package has.
type names struct {
	prefix, pkg, words string
}

func newNames(prefix string) names {
	return names{prefix: prefix, pkg: prefix + "atomic", words: prefix + "words"}
}

// result is the name of the i-th result.
func (n names) result(i int) string { return n.prefix + "r" + strconv.Itoa(i) }

func (s Style) hit(n names, i int) string {
	return strings.NewReplacer("$pkg", n.pkg, "$words", n.words, "$i", strconv.Itoa(i)).Replace(s.Hit)
}

func (s Style) check() error {
	if !strings.Contains(s.Hit, "$i") {
		return fmt.Errorf("style %q: a point has no $i, by which points differ", s.Hit)
	}
	if strings.ContainsAny(s.Hit, "\r\n") {
		return fmt.Errorf("style %q: a point must be on one line", s.Hit)
	}
	text := s.hit(newNames("gkhi_"), 0)
	if strings.Contains(text, "//") || strings.Contains(text, "/*") {
		return fmt.Errorf("style %q: a point must have no comment", s.Hit)
	}
	if _, err := parser.ParseExpr(text); err != nil {
		return fmt.Errorf("style %q: %w", s.Hit, err)
	}
	return nil
}

// Kind is which end of a function a point is at.
type Kind = sitetab.Kind

// The kinds of points.
const (
	Entry  = sitetab.Entry
	Return = sitetab.Return
)

// A Point is one hook point in the rewritten source.
type Point struct {
	Index int    // of its word
	Func  string // the function's name as the runtime has it
	Kind  Kind
	File  string
	Line  int // of the func keyword, the return keyword or the closing brace

	// InRange is whether a return is within a range statement. If that ranges
	// over a function, the point is hit before the iterator returns.
	InRange bool

	// Stored is whether the function's results have been assigned to their variables at a return's point.
	// They have not been where the return statement was left alone.
	Stored bool

	// Params and Results are of the function, at its entry: names and types as the source has them. The receiver
	// of a method is the first parameter.
	Params, Results []sitetab.Param
}

// A Left is a function or return without a point that would have had one.
type Left struct {
	Func   string
	File   string
	Line   int
	Return bool // only one return; the function's other points exist
	Reason string
}

// A Result is a rewritten package.
type Result struct {
	Files  []File  // those that changed, in the order given
	Words  File    // declares the words; without a Name if there are no points
	Symbol string  // the linker's name of the array of words, such as pkg/path.gkhi_words
	Points []Point // by index
	Left   []Left  // in the order of the source
	Missed []Missed
}

// Missed is a pattern that begins with the package's path and a dot, and chose no function.
type Missed struct {
	Pattern string
	Named   bool // there are functions that it matches, and they are too small, or left for a Reason
}

// ErrExcluded says that a package never gets points. The error's text has the reason.
var ErrExcluded = errors.New("the package can't have points")
