// Package instrument puts points into Go source: Go source in, hooked source
// out. It is the pure half of gkhi build; who runs the compiler on the result
// and turns points into no-ops is another package's business. It reads only
// what it is given, has no state, and is safe for concurrent use.
//
// A point is one statement, a discarded atomic load of a word of the package:
//
//	func (t *T) Sum(xs []int) int {gkhi_atomic.LoadUint64(&gkhi_words[0]);
//
// at the entry, and before each return and the end of the body, once the
// results are evaluated and before deferred functions run. [Rewrite] returns the files it
// changed, one more file that declares the words, and a table of the points.
//
// # What the compiler makes of a point
//
// With Go 1.26 on amd64 the load of an element of a package-level array (or of
// a field of a struct) is one MOVQ gkhi_words+96(SB), R of 7 bytes, whatever the index.
// It has no call, so a leaf stays a leaf. Its inline cost is 6; a variable for each point would cost 4,
// but put a symbol for each into the file, and few functions with points are inlined.
//
// # Decisions
//
// Why an import in each changed file, and no helper in the generated one? A
// helper is inlined, and then the instruction belongs to the helper's frame and
// line in tracebacks and profiles, and each point has an entry in the inlining tree.
// The import stands on the line of the package clause.
//
// Which import? [SyncAtomic] works in any package that may be built at all: it
// imports only unsafe, and what can't import it is excluded anyway. Whoever
// runs the compiler itself may prefer [RuntimeAtomic]: internal/runtime/atomic is part
// of every program, so the linker knows it already, and it stays an instruction
// under the race detector, where sync/atomic becomes a call. The go command
// refuses that import in packages outside of the standard library, the compiler doesn't.
//
// Why a word for each point, not for each function? The word tells which point
// an instruction is, in every copy of it that inlining and instantiation make.
// The words are zero, so they take no room in the file.
//
// How do lines stay exact? Text is inserted into lines, no line is added or
// taken away, and no comment is moved: directives, build constraints, cgo
// preambles and //line comments stay where they are. Where a return statement
// spans lines, its keyword moves behind the results, and two /*line*/ comments
// give it its line back: what runtime.Caller tells in a deferred function is that
// line. Columns shift. Debug information and tracebacks don't have them, profile-guided
// optimisation does not use them, vet and cover read the original. Only messages of the compiler
// show them; so compile the original to report errors. (A /*line*/ comment behind each
// point would keep columns too, at the price of a position base in the compiler for each.)
//
// How are results evaluated before the point?
//
//   - Constants, variables, fields and the like take no time: the point goes in
//     front of the return statement, which is left alone. (An operand may still fault
//     afterwards, a nil dereference for instance: a reader of events must cope with a panic
//     that follows a return point.)
//   - Unnamed results are given names in the signature; "return a, f()" becomes
//     "gkhi_r0,gkhi_r1= a, f();hit;return". Variables of their own would need their
//     types' text, and copy large results once more. The function's type is the same.
//   - Named results are assigned to in the same way, unless a name is shadowed at the return. There
//     variables of the block take the values, with the result types' text, if
//     that means the same thing there; else the return stays without a point and
//     [Result.Left] tells so.
//
// What of a return in the body of a range over a function? The point is hit when the statement is
// executed, before the iterator returns. Syntax doesn't tell what is ranged
// over, so [Point.InRange] marks all returns within range statements.
//
// In the standard library (TestStd) these make some 48,000 points in 294 packages, with no return
// left out; in the source of the go command and the compiler it is one of 50,000.
//
// # What is left alone
//
// Functions without a body, those named _, and those with //go:nosplit or a directive of the
// runtime, with all literals in them: an armed point needs stack, where they must not. What cgo generates.
// Packages listed in [Excluded]. And by [Options.Min] what is small: a function that
// the compiler inlines into its callers costs a few instructions, so a load in it shows, and
// it makes the function too dear for inlining. So does a load in a leaf that is not much larger. [Options.Verdict] asks
// who knows what the compiler does; for what it doesn't know the package estimates the cost as the inliner counts, a node of
// the tree each, with what syntax cannot tell taken so:
//
//   - A call of a function or method of the same package that is estimated inlinable
//     costs what the callee costs, as in the compiler. Where a method's type is unknown, the cheapest
//     method of that name in the package counts.
//   - Other calls cost 57, the inliner's price, though the callee might be inlined; sync/atomic, math/bits and
//     encoding/binary are known to be cheap.
//   - defer, go, recover and //go:noinline rule inlining out.
//
// Held against the compiler over eight packages of the standard library (TestEstimate), of 405 functions
// that are not inlined 23 got no points, and of 318 that are inlined 7 got some.
//
// Whether a function calls anything and has a loop is always taken from the syntax. A loop that calls
// something that is not inlined makes a function worth its points even where it is inlined, unless they would keep it from that.
// They may do so only where the loop calls a function of the package that isn't inlined either (TestStaysInlined).
//
// # Names
//
// [Point.Func] is the name that the runtime has for the function: pkg/path.(*T).M,
// pkg/path.F[...], closures F.func1, F.func1.2, range bodies as part of their
// function. It is exact but for these: closures of package-level variables
// (init.func3) are numbered in order of declaration, the compiler numbers them in order
// of initialisation; closures in code that a constant condition makes dead are
// not counted by the compiler; and copies that inlining makes of a closure have longer names. File and
// line tell in all of these.
package instrument
