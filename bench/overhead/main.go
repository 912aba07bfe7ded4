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
//	go -C bench run ./overhead -only goja -write ../docs/costs.md
//	                                        puts one module's row in the place of the one that is there
//
// # What is compared
//
// Where code lies in memory decides more than an instruction does: a loop that crosses a line of the cache, two branches
// that share a predictor's entry. A pair of programs compares two layouts, and tells little about points. So both are linked
// several times, with their functions in an order drawn by lot and each at any byte (the linker's -randlayout and -funcalign), as
// Stabilizer does it (Curtsinger and Berger, "STABILIZER: Statistically Sound Performance Evaluation", ASPLOS 2013). Of each layout the least of
// many short runs counts, in rounds in which all layouts run in an order drawn by lot too, and what is compared
// is the means over the layouts of the logarithms: of one benchmark, or of all of a module's. The intervals are Welch's, at 95 %.
// Garbage is collected between runs only, since when it is collected depends on the heap's size, to which the runtime part adds.
//
// With -null the program that is compared has the runtime part and no points: what differs then, the method has made.
//
// Modules are downloaded once, and a copy of each stays in the user's cache folder (gkhi-overhead). A module takes one to two minutes, nats-server
// four, and some minutes more the first time, for the compiler.
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
	quick, tests, all  bool
	null               bool
	only, bench, write string
	layouts, rounds    int
	count              int
	benchtime          time.Duration
}

func run(args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("overhead", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.quick, "quick", false, "one module, every benchmark once")
	flags.BoolVar(&o.tests, "tests", false, "run the modules' tests instead")
	flags.BoolVar(&o.all, "v", false, "say what each benchmark took, on standard error")
	flags.StringVar(&o.only, "only", "", "only modules whose path contains this")
	flags.StringVar(&o.bench, "bench", "", "other benchmarks than usual: a regular expression")
	flags.BoolVar(&o.null, "null", false, "link the runtime part and give no function points: what is measured then is not theirs")
	flags.StringVar(&o.write, "write", "", "put the table, or a module's row, into this document")
	flags.IntVar(&o.layouts, "layouts", 16, "how many layouts are linked, with points and without")
	flags.IntVar(&o.rounds, "rounds", 2, "how often each layout's benchmarks are run")
	flags.IntVar(&o.count, "count", 3, "how often in a row")
	flags.DurationVar(&o.benchtime, "benchtime", 4*time.Millisecond, "of one run of a benchmark")
	if err := flags.Parse(args); err != nil {
		return err
	}
	list := slices.Clone(subjects)
	if o.quick {
		list = list[:1]
		o.layouts, o.rounds, o.count = 2, 1, 1
	}
	if o.layouts < 2 || o.rounds < 1 || o.count < 1 {
		return fmt.Errorf("at least 2 layouts, 1 round and 1 run are needed")
	}
	list = slices.DeleteFunc(list, func(s subject) bool { return !strings.Contains(s.module, o.only) })
	if len(list) == 0 {
		return fmt.Errorf("-only %s: there is no such module", o.only)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gkhi-overhead-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w := &workshop{dir: dir, cache: filepath.Join(cache, "gkhi-overhead"), gkhi: filepath.Join(dir, "gkhi"), stderr: stderr}
	if o.null {
		w.hooks = []string{"-hooks-min=1000000000"} // nothing is as large
	}
	if err := w.buildGKHI(); err != nil {
		return err
	}
	if o.tests {
		return w.tests(list, o, stdout)
	}
	var rows []row
	for _, s := range list {
		if o.bench != "" {
			s.bench = o.bench
		}
		r, err := w.compare(s, o)
		if err != nil {
			return fmt.Errorf("%s: %w", s.module, err)
		}
		rows = append(rows, r)
	}
	m := measure.ThisMachine()
	m.Sites = "" // those measured are in other processes
	if o.write != "" {
		return writeRows(o.write, rows, m, stderr)
	}
	_, err = io.WriteString(stdout, report(rows, m))
	return err
}

// compare builds one module both ways, measures and compares.
func (w *workshop) compare(s subject, o options) (row, error) {
	p, err := w.build(s, o.layouts)
	if err != nil {
		return row{}, err
	}
	start := time.Now()
	for round := range o.rounds {
		if err := p.measure(round, o); err != nil {
			return row{}, err
		}
	}
	fmt.Fprintf(w.stderr, "%s: %d rounds in %v\n", s.module, o.rounds, time.Since(start).Round(time.Second))
	r := p.row(o)
	if o.all {
		p.list(w.stderr)
	}
	fmt.Fprintln(w.stderr, r)
	return r, os.RemoveAll(filepath.Dir(p.built[plain].exe))
}

// A workshop is where modules are built.
type workshop struct {
	dir, cache, gkhi string
	hooks            []string // flags of gkhi build
	stderr           io.Writer
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
