// Package failpoint parses and runs failpoint terms: short texts that say what goes wrong at a decision
// of a live program, how often and how many times.
//
//	30%return("disk full")->2*sleep(50ms)->off
//
// The language is that of FreeBSD's fail(9), which gofail and others use too; what differs is listed at
// the end. The package knows nothing of hooks: the root package evaluates a [Bound] program in a decision's
// handler and makes the outcome happen.
//
// # Language
//
//	program     = term { "->" term } .
//	term        = { modifier } action [ "(" [ argument ] ")" ] .
//	modifier    = probability | count .
//	probability = decimal "%" .        0 to 100, such as 30%, 0.1% or .5%
//	count       = digits "*" .
//
// A term has at most one modifier of each kind, in either order. Blanks between tokens are ignored.
//
//	action            what it does when its term fires
//	off               nothing
//	return            answers for the caller, with the zero value (or a plain error)
//	return(value)     answers for the caller; the value is a Go string literal or any JSON value
//	panic, panic("…") panics in the caller, with the text
//	sleep(time)       sleeps; the time is in Go's syntax (50ms, 1m30s) or a whole number of milliseconds
//	delay(time)       keeps the processor busy for that long
//	pause             blocks until it is released
//	yield             lets other goroutines run
//	print, print("…") prints the text
//
// # Evaluation
//
// An evaluation looks at the terms from left to right. A term fires if its count is not used up and then,
// if it has a probability, if a fresh random number is below it. The first term that fires is executed, and the evaluation ends
// there; if none fires nothing happens and the caller is not answered. So:
//
//   - The probability of a later term applies to what the earlier ones left: 30%return(1)->50%return(2)
//     answers 1 in 30 % and 2 in 35 % of all evaluations.
//   - A count is the number of times that the term may fire in the life of the program, not the number of
//     evaluations that look at it. It goes down only when the term fires. 10%5*return answers 5 times in
//     all, each with a probability of one in ten. It is exact for any number of goroutines.
//   - off fires like any other action, and uses up its count: 100*off->return lets 100 evaluations pass.
//   - A sleep is not followed by the next term: sleep(1s)->return sleeps each time and never answers.
//   - 0% and 0* never fire; they are there for scripts that put the number in.
//
// # Differences from fail(9)
//
// Arguments of return are typed values, not integers; times have units; panic and print take a text; the
// action break and the [pid n] suffix don't exist. Probabilities are kept to 1/2⁵³ instead of 1/10⁶.
package failpoint
