// Command testsum makes the output of go test -json short, and counts it.
//
//	go test -json ./... | testsum -o out/unit.json
//	testsum -total out/*.json
//
// The first form prints a line for each package, and all that a failed test
// printed; it exits with status 1 when something failed. The second adds up
// what several runs wrote with -o: the skipped tests by reason, then one line
// "N passed, N failed, N skipped", which is the last.
//
// A test with subtests is not counted beside them: it counts only when it
// failed or was skipped and none of its subtests was. A package that doesn't
// build, or ends before its tests do, counts as failed. Benchmarks are run for
// their failures and are not counted when they succeed.
package main
