// Command hooks measures what a hook costs when nobody listens and when somebody does, beside other ways
// to let code be listened to, all in one run.
//
//	go -C bench run ./hooks              a table for people
//	go -C bench run ./hooks -json        one JSON object a line: the machine, then each row
//	go -C bench run ./hooks -quick       every case once, for a short time; the figures mean little
//	go -C bench run ./hooks -write ../docs/costs.md
//	                                     puts the table into the document, between its marks
//
// Each round runs every case once, A B C … A B C …, so that what else happens on the machine falls on all of them.
// The minimum over the rounds is the figure to compare, and the median tells how noisy the machine was. Only where
// two goroutines run at once is it the median that counts.
//
// Every case is a loop around the line that a program would have. It does no other work, so that
// what is independent of that line overlaps with it in the processor as little, or as much, as the loop allows:
// figures under a nanosecond say more about the order of the cases than about a real program.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("hooks", flag.ContinueOnError)
	fs.SetOutput(stderr)
	var (
		plan     plan
		quick    = fs.Bool("quick", false, "run each case once and briefly, to see that it works")
		asJSON   = fs.Bool("json", false, "print one JSON object a line")
		markdown = fs.Bool("markdown", false, "print the tables in Markdown")
		write    = fs.String("write", "", "put the Markdown into this `file`, between its marks")
	)
	fs.IntVar(&plan.rounds, "count", 25, "number of rounds")
	fs.DurationVar(&plan.slice, "time", 10*time.Millisecond, "time for one case in one round")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case fs.NArg() > 0 || plan.rounds < 1 || plan.slice <= 0:
		fmt.Fprintln(stderr, "hooks: there are no arguments, and -count and -time are positive; see -help")
		return 2
	}
	if *quick {
		plan.rounds, plan.slice = 1, 200*time.Microsecond
	}

	groups, err := setUp()
	if err != nil {
		fmt.Fprintln(stderr, "hooks:", err)
		return 1
	}
	plan.measure(groups)
	rep := report{machine: measure.ThisMachine(), plan: plan, groups: groups}
	switch {
	case *write != "":
		err = rep.writeInto(*write)
	case *markdown:
		err = rep.markdown(stdout)
	case *asJSON:
		err = rep.json(stdout)
	default:
		err = rep.text(stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "hooks:", err)
		return 1
	}
	return 0
}
