// Command recording shows how reports scale: it writes a recording of so many events of a program that never ran, has
// gkhi report make each of its formats of it, and prints the time for an event and the most memory that the command took, beside
// what the project allows:
//
//	go -C bench run ./recording             100 million events, some minutes and 600 MB of disk
//	go -C bench run ./recording -quick      a million
//	go -C bench run ./recording -write ../docs/costs.md
//	                                        puts the table into the document, between its marks
//
// The recording has 3,600 functions, 8 threads and a goroutine for every few requests. Output goes to the null device.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
	"github.com/gkhi/gkhi/internal/report/reporttest"
)

// target is the most memory that a report may take, in MiB.
const target = 500

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

// reports are the arguments of gkhi report.
var reports = [][]string{
	{"--format", "text"},
	{"--format", "html"},
	{"--format", "perfetto"},
	{"--format", "pprof"},
	{"--format", "folded"},
	{"--format", "chrome"},
	{"--format", "json"},
	{"--format", "csv"},
	{"--calls"},
	{"--goroutines"},
	{"--during", "*.(*Store).Put"},
	{"--timeline"},
	{"--format", "dump"},
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("recording", flag.ContinueOnError)
	flags.SetOutput(stderr)
	events := flags.Int("events", 100_000_000, "how long the recording is")
	quick := flags.Bool("quick", false, "a million events")
	values := flags.Bool("values", false, "record arguments and results too")
	only := flags.String("only", "", "only reports whose arguments contain this")
	write := flags.String("write", "", "put the table into this document")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *quick {
		*events = 1_000_000
	}
	dir, err := os.MkdirTemp("", "gkhi-recording-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	gkhi := filepath.Join(dir, "gkhi")
	if err := buildGKHI(gkhi); err != nil {
		return err
	}
	file := filepath.Join(dir, "big.rec")
	fmt.Fprintf(stderr, "write %d events\n", *events)
	size, err := generate(file, *events, *values)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "`go -C bench run ./recording -write ../docs/costs.md`: a recording of %d million events, %s, %.1f bytes an event, and what `gkhi report` takes to\nmake each format of it. ",
		*events/1_000_000, mebibytes(size), float64(size)/float64(*events))
	m := measure.ThisMachine()
	m.Sites = ""
	fmt.Fprintf(&b, "Machine: %s.\n\n", m)
	fmt.Fprintf(&b, "| gkhi report | seconds | ns an event | of CPU time | most memory, MiB | of %d allowed |\n|---|---:|---:|---:|---:|---:|\n", target)
	most := 0.0
	for _, args := range reports {
		name := strings.Join(args, " ")
		if !strings.Contains(name, *only) {
			continue
		}
		fmt.Fprintf(stderr, "report %s\n", name)
		r, err := measureReport(gkhi, file, args)
		if err != nil {
			return fmt.Errorf("report %s: %w", name, err)
		}
		fmt.Fprintf(stderr, "  %v, %v of CPU time, %s\n", r.took.Round(time.Second/10), r.cpu.Round(time.Second/10), mebibytes(r.memory))
		n := float64(*events)
		memory, share := "not told here", ""
		if r.memory > 0 {
			mib := float64(r.memory) / (1 << 20)
			memory, share = measure.Figure(mib), measure.Figure(100*mib/target)+" %"
			most = max(most, mib)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", name, measure.Figure(r.took.Seconds()),
			measure.Figure(float64(r.took.Nanoseconds())/n), measure.Figure(float64(r.cpu.Nanoseconds())/n), memory, share)
	}
	verdict := "holds"
	if most > target {
		verdict = "does not hold"
	}
	fmt.Fprintf(&b, "\nThe target, at most %d MiB, %s: it is %s at most.\n", target, verdict, measure.Figure(most))
	if *write != "" {
		return measure.WriteInto(*write, "bench/recording", b.String())
	}
	_, err = io.WriteString(stdout, b.String())
	return err
}

func mebibytes(n int64) string { return measure.Figure(float64(n)/(1<<20)) + " MiB" }

// generate writes the recording and returns its length in bytes.
func generate(name string, events int, values bool) (int64, error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	err = reporttest.Generate(f, reporttest.Options{
		Events: events, Goroutines: 200, Threads: 8, Copies: 400, Turnover: 0.3, Panics: 1e-4, Hits: true, Values: values, Lost: 1e-7,
	})
	info, serr := f.Stat()
	if err := errors.Join(err, serr, f.Close()); err != nil {
		return 0, err
	}
	return info.Size(), nil
}

type result struct {
	took, cpu time.Duration
	memory    int64 // bytes; 0 where it is not told
}

// measureReport runs gkhi report once.
func measureReport(gkhi, file string, args []string) (result, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return result{}, err
	}
	defer null.Close()
	cmd := exec.Command(gkhi, append([]string{"report", file}, args...)...)
	cmd.Stdout = null
	var notes strings.Builder
	cmd.Stderr = &notes
	start := time.Now()
	err = cmd.Run()
	r := result{took: time.Since(start)}
	if err != nil {
		return r, fmt.Errorf("%w\n%s", err, notes.String())
	}
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	r.memory = peakMemory(cmd.ProcessState)
	return r, nil
}

// buildGKHI builds the command in its own module, which this one is beside.
func buildGKHI(to string) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gkhi/gkhi").Output()
	if err != nil {
		return fmt.Errorf("find gkhi's module: %w", err)
	}
	cmd := exec.Command("go", "build", "-o", to, "./cmd/gkhi")
	cmd.Dir = strings.TrimSpace(string(out))
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build gkhi: %w\n%s", err, out)
	}
	return nil
}
