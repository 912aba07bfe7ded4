// Package toolexec is what stands between the go command and its tools in a
// build with points: the go command runs "gkhi toolexec TOOL ARGUMENT…" where it would
// run TOOL, and this package changes what the compiler and the linker are asked to do.
//
//   - compile, of a package that a [Plan] chooses: the files are rewritten by
//     internal/instrument into the build's work folder, the compiler gets those, and what
//     it makes gets one more member that tells the points (see sitetab.MemberName). It
//     travels in the go command's build cache with the package.
//   - compile, of a main package: it imports one more package, the library's
//     runtime part.
//   - link: the linker is told where those packages are that the runtime part needs, and
//     internal/laydown makes the sites no-ops and adds the site table. A program without symbols or debug
//     information is linked a second time with them, for laydown to look at.
//
// All other tools run as they are. Nothing is written to the program's own folders.
//
// # How the go command knows what to build again
//
// A tool's answer to -V=full is a part of each package's key in the build cache, and so are the
// compiler's flags. [Plan.Flag] returns a flag for each package with points, made of what
// decides about that package's code; the compiler never sees it. Packages without it
// share the cache with ordinary builds, and other patterns touch only packages that they may match.
// Where nobody can give flags, in go build -toolexec="gkhi toolexec", [Plan.Tag] is added to
// the compiler's version instead, and everything is built twice.
//
// # Errors in the source
//
// When the rewritten source does not compile the compiler runs again on the original, and its
// messages are what is shown. Should it accept that, then rewriting is at fault: the package stays
// without points and a warning says so.
package toolexec
