// Command overhead measures what points cost while nobody looks: it builds the tests of well-known modules, as
// the module proxy has them, with gkhi and without, runs the modules' own benchmarks with
// one and the other by turns, and compares:
//
//	go -C bench run ./overhead              a table for people
//	go -C bench run ./overhead -quick       one module, every benchmark once; the figures mean nothing
//	go -C bench run ./overhead -tests       runs the modules' own tests with points: dormant, and with all of them armed
//	                                        and toggled meanwhile
//	go -C bench run ./overhead -write ../docs/costs.md
//	                                        puts the table into the document, between its marks
//
// The modules and their dependencies are downloaded once. It takes about ten minutes, half of
// them the compiler's.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
		os.Exit(1)
	}
}

type options struct {
	quick, tests bool
	only, write  string
	rounds       int
	count        int
	benchtime    time.Duration
}

func run(args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("overhead", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.quick, "quick", false, "one module, every benchmark once")
	flags.BoolVar(&o.tests, "tests", false, "run the modules' tests instead")
	flags.StringVar(&o.only, "only", "", "only modules whose path contains this")
	flags.StringVar(&o.write, "write", "", "put the table into this document")
	flags.IntVar(&o.rounds, "rounds", 9, "how often each benchmark is run, with points and without")
	flags.IntVar(&o.count, "count", 8, "how often in a row")
	flags.DurationVar(&o.benchtime, "benchtime", 4*time.Millisecond, "of one run of a benchmark")
	if err := flags.Parse(args); err != nil {
		return err
	}
	list := subjects
	if o.quick {
		list = list[:1]
		o.rounds, o.count = 1, 1
	}
	list = slices.DeleteFunc(slices.Clone(list), func(s subject) bool { return !strings.Contains(s.module, o.only) })
	if len(list) == 0 {
		return fmt.Errorf("-only %s: there is no such module", o.only)
	}
	dir, err := os.MkdirTemp("", "gkhi-overhead-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w := &workshop{dir: dir, gkhi: filepath.Join(dir, "gkhi"), stderr: stderr}
	if err := w.buildGKHI(); err != nil {
		return err
	}
	if o.tests {
		return w.tests(list, o, stdout)
	}
	var built []*pair
	for _, s := range list {
		p, err := w.build(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.module, err)
		}
		built = append(built, p)
	}
	for round := range o.rounds {
		for _, p := range built {
			fmt.Fprintf(stderr, "round %d of %d: %s\n", round+1, o.rounds, p.module)
			if err := p.measure(round, o); err != nil {
				return fmt.Errorf("%s: %w", p.module, err)
			}
		}
	}
	text := report(built, o, measure.ThisMachine())
	if o.write != "" {
		return measure.WriteInto(o.write, "bench/overhead", text)
	}
	_, err = io.WriteString(stdout, text)
	return err
}

// A workshop is where modules are built.
type workshop struct {
	dir, gkhi string
	stderr    io.Writer
}

// buildGKHI builds the command in its own module, which this one is beside.
func (w *workshop) buildGKHI() error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gkhi/gkhi").Output()
	if err != nil {
		return fmt.Errorf("find gkhi's module: %w", err)
	}
	return w.run(strings.TrimSpace(string(out)), "go", "build", "-o", w.gkhi, "./cmd/gkhi")
}

// run runs a command in dir; its messages are shown if it fails.
func (w *workshop) run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}
