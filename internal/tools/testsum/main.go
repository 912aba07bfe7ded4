package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command: its exit status is 0 when nothing failed, 1 when a test
// did, 2 when the command itself could not do its work.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("testsum", flag.ContinueOnError)
	fs.SetOutput(stderr)
	out := fs.String("o", "", "write the counts to this `file`, for -total")
	total := fs.Bool("total", false, "add up the files given as arguments")
	if err := fs.Parse(args); err != nil {
		return 2
	}

	if *total {
		failed, err := printTotal(stdout, fs.Args())
		return status(stderr, failed, err)
	}
	if fs.NArg() > 0 {
		return status(stderr, 0, fmt.Errorf("unexpected argument %q: without -total the input is go test -json on stdin", fs.Arg(0)))
	}
	counts, err := summarize(stdin, stdout)
	if err == nil && *out != "" {
		err = counts.write(*out)
	}
	return status(stderr, counts.Failed, err)
}

// status returns the exit status and reports err.
func status(stderr io.Writer, failed int, err error) int {
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "testsum:", err)
		return 2
	case failed > 0:
		return 1
	default:
		return 0
	}
}
