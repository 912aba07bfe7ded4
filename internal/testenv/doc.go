// Package testenv says what a test needs, and skips it with one clear sentence
// where that is missing. It is for tests only.
//
// A skip is a small hole in what CI shows, so skips are held to three rules:
//
//   - Each gives its reason: [Need] names what is missing and how to get it.
//   - Each is counted: CI prints the number and every distinct reason.
//   - None hides a machine's fault: with GKHI_TEST_STRICT=1, which CI sets after
//     it has installed its tools, a missing tool that CI installs is a failure,
//     and so is a kernel feature missing from a kernel that must have it.
//
// The package also compiles fixtures ([Build]) and runs them ([Command]), and
// knows when the test runs under an emulator ([Emulator]), where a compiled
// program has to be started through that emulator too.
//
// A package that calls Build declares
//
//	func TestMain(m *testing.M) { testenv.Main(m) }
//
// since only TestMain runs late enough to remove what was built.
package testenv
