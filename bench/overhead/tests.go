package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// testTime bounds one run of a module's tests, and its own -test.timeout comes before it.
const testTime = 10 * time.Minute

// How a module's tests are run.
const (
	withoutPoints = "without points"
	dormant       = "dormant"
	armed         = "armed and disarmed"
)

// A testRun is one run of a module's tests.
type testRun struct {
	how     string
	passed  []string // top-level tests
	failed  []string
	toggles int // how often all points were armed and disarmed meanwhile
	err     error
	out     []byte
	took    time.Duration
}

// testLine is what go test -v prints at the end of a top-level test.
var testLine = regexp.MustCompile(`(?m)^--- (PASS|FAIL): (\S+) `)

// ways are all of them, in the order of the table.
var ways = [...]string{withoutPoints, dormant, armed}

// tests runs the modules' tests without points, with points that are dormant, and with all of them armed and disarmed
// without end. What fails in some of these and not in all is run again, by itself and several times each way: what fails without points too is
// the module's own affair.
func (w *workshop) tests(list []subject, o options, stdout io.Writer) error {
	var b strings.Builder
	b.WriteString("`go -C bench run ./overhead -tests -write ../docs/costs.md`: the modules' own tests with `-short`, each built without points, and with.\n\n")
	b.WriteString("| module | without points: passed | failed | dormant: passed | failed only so | all points armed and disarmed | passed | failed only so | failed in one way and not in another, and of 10 runs by itself: without points, dormant, armed |\n|---|---:|---:|---:|---:|---:|---:|---:|---|\n")
	bad := 0
	for _, s := range list {
		p, err := w.build(s, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", s.module, err)
		}
		var runs []testRun
		for _, how := range ways {
			r := w.test(p, o.quick, how)
			fmt.Fprintf(w.stderr, "%s: %s, %d tests pass and %d fail in %v; %d toggles; %v\n",
				s.module, r.how, len(r.passed), len(r.failed), r.took.Round(time.Second), r.toggles, r.err)
			runs = append(runs, r)
		}
		again := w.again(p, uneven(runs))
		fmt.Fprintf(&b, "| %s %s, %s | %d | %s |", s.module, short(s.version), s.pkg, len(runs[0].passed), names(runs[0].failed))
		for _, r := range runs[1:] {
			only := slices.DeleteFunc(r.failedOnly(runs[0]), func(name string) bool { return again[name].luck() })
			if len(only) > 0 {
				bad++
				fmt.Fprintf(w.stderr, "%s\n", r.out)
			}
			if r.how == armed {
				fmt.Fprintf(&b, " %d times |", r.toggles)
			}
			fmt.Fprintf(&b, " %d | %s |", len(r.passed), names(only))
		}
		fmt.Fprintf(&b, " %s |\n", tallies(again))
	}
	if o.write != "" {
		if err := measure.WriteInto(o.write, "bench/overhead-tests", b.String()); err != nil {
			return err
		}
	} else if _, err := io.WriteString(stdout, b.String()); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d test runs failed as they do not without points", bad)
	}
	return nil
}

// names lists tests in a cell of the table.
func names(list []string) string {
	if len(list) == 0 {
		return "0"
	}
	return strings.Join(list, ", ")
}

// failedOnly are the tests that failed in this run and not in the one without points. A process that
// died without naming a test is one of them.
func (r *testRun) failedOnly(plain testRun) []string {
	only := slices.DeleteFunc(slices.Clone(r.failed), func(name string) bool { return slices.Contains(plain.failed, name) })
	for _, name := range plain.passed {
		if !slices.Contains(r.passed, name) && !slices.Contains(r.failed, name) {
			return append(only, "died before "+name)
		}
	}
	if r.err != nil && len(r.failed) == 0 && plain.err == nil {
		only = append(only, r.err.Error())
	}
	return only
}

// Short tests are run again until all points were toggled so often, or for so long.
const (
	enoughToggles = 20
	enoughTime    = 90 * time.Second
)

// test runs a module's tests one way. With armed it runs them again until there were enough toggles; then the
// tests that passed are those that passed each time.
func (w *workshop) test(p *pair, quick bool, how string) testRun {
	run := p.only
	if quick {
		run = "^TestBucket_(Get|Put)"
	}
	all := w.testOnce(p, run, how)
	for how == armed && all.err == nil && all.toggles < enoughToggles && all.took < enoughTime {
		r := w.testOnce(p, run, how)
		r.toggles += all.toggles
		r.took += all.took
		r.passed = slices.DeleteFunc(r.passed, func(name string) bool { return !slices.Contains(all.passed, name) })
		all = r
	}
	return all
}

// testOnce runs those of a module's tests that match run. To be armed, gkhi stat arms all functions of the process for a fraction of a second, again and again.
func (w *workshop) testOnce(p *pair, run, how string) testRun {
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()
	args := []string{"-test.short", "-test.v", "-test.timeout=9m"}
	if run != "" {
		args = append(args, "-test.run="+run)
	}
	if p.skip != "" {
		args = append(args, "-test.skip="+p.skip)
	}
	exe := p.built[hooked].exe
	if how == withoutPoints {
		exe = p.built[plain].exe
	}
	r := testRun{how: how}
	var buf bytes.Buffer
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Dir = p.dir
	sockets := filepath.Join(w.dir, "sockets")
	cmd.Env = append(os.Environ(), "GKHI_SOCKET_DIR="+sockets, "GOWORK=off")
	cmd.Stdout, cmd.Stderr = &buf, &buf
	start := time.Now()
	if r.err = cmd.Start(); r.err != nil {
		return r
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for running := true; running; {
		select {
		case r.err = <-done:
			running = false
			continue
		case <-time.After(20 * time.Millisecond):
		}
		if how == armed {
			stat := exec.CommandContext(ctx, w.gkhi, "stat", "-d", "50ms", "--json", strconv.Itoa(cmd.Process.Pid), "*")
			stat.Env = append(os.Environ(), "GKHI_SOCKET_DIR="+sockets)
			if stat.Run() == nil {
				r.toggles++
			}
		}
	}
	r.took, r.out = time.Since(start), buf.Bytes()
	for _, m := range testLine.FindAllSubmatch(r.out, -1) {
		if name := string(m[2]); string(m[1]) == "PASS" {
			r.passed = append(r.passed, name)
		} else {
			r.failed = append(r.failed, name)
		}
	}
	return r
}
