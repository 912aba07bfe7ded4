// Subject is a program with hooks for the tests of internal/patch to build in
// every way, to run under refusals, and to attach to. It does the words of its
// command line in turn, or those that it reads from standard input, one on a line, with
// none given, and answers each with a line of JSON.
package main

import (
	"bufio"
	"os"
	"runtime"
	"strings"

	"github.com/gkhi/gkhi/internal/patch/testdata/subject/subject"
)

func main() {
	for _, word := range os.Args[1:] {
		subject.Do(word, os.Stdout)
	}
	if len(os.Args) > 1 {
		return
	}
	runtime.LockOSThread() // a seccomp filter is a thread's; others are made from it
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		subject.Do(strings.TrimSpace(lines.Text()), os.Stdout)
	}
}
