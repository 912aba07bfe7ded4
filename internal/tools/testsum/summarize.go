package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// An event is one line of go test -json; go doc test2json describes it.
type event struct {
	Action      string
	Package     string
	Test        string
	Elapsed     float64 // seconds
	Output      string
	ImportPath  string // of build-output and build-fail
	FailedBuild string // the ImportPath whose build failed this package
}

// summarize reads go test -json from r, reports to w, and returns the counts.
// Lines that are not JSON objects are passed on: the go command prints some.
func summarize(r io.Reader, w io.Writer) (Counts, error) {
	s := summer{w: w, pkgs: make(map[string]*pkg), builds: make(map[string][]string)}
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			s.line(line)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s.counts, fmt.Errorf("reading go test's output: %w", err)
		}
	}
	for _, name := range s.order {
		if p := s.pkgs[name]; !p.done {
			s.endPackage(p, event{Action: "fail", Package: name})
		}
	}
	return s.counts, s.err
}

// A summer is one run of summarize.
type summer struct {
	w      io.Writer
	err    error // the first of writing to w
	counts Counts
	pkgs   map[string]*pkg
	order  []string            // of pkgs
	builds map[string][]string // import path → what its build printed
}

// line handles one line of input.
func (s *summer) line(line string) {
	var e event
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil {
		s.printf("%s", line)
		return
	}
	switch e.Action {
	case "build-output":
		s.builds[e.ImportPath] = append(s.builds[e.ImportPath], e.Output)
		return
	case "build-fail":
		return // the package's own failure follows
	}
	p := s.pkg(e.Package)
	switch {
	case e.Test == "" && e.Action == "output":
		p.output = append(p.output, e.Output)
	case e.Test == "" && isEnd(e.Action):
		s.endPackage(p, e)
	case e.Test != "":
		p.test(e.Test).add(e)
	}
}

// isEnd reports whether an action is the result of a test or package.
func isEnd(action string) bool {
	return action == "pass" || action == "fail" || action == "skip"
}

// pkg returns the state of a package.
func (s *summer) pkg(name string) *pkg {
	p := s.pkgs[name]
	if p == nil {
		p = &pkg{name: name, byName: make(map[string]*test)}
		s.pkgs[name] = p
		s.order = append(s.order, name)
	}
	return p
}

// endPackage counts and reports a package whose result is e.
func (s *summer) endPackage(p *pkg, e event) {
	p.done = true
	before, benchmarks := s.counts, 0
	for _, t := range p.tests {
		if t.benchmark() {
			benchmarks++
		}
		switch {
		case t.result == "" && e.Action == "fail" && !t.benchmark():
			t.result, t.output = "fail", append(t.output, "    didn't finish\n")
		case t.result == "":
			continue // a benchmark, which has no result of its own
		}
		if !p.counts(t) {
			continue
		}
		switch name := p.name + "." + t.name; t.result {
		case "pass":
			s.counts.Passed++
		case "skip":
			s.counts.skip(t.reason())
		case "fail":
			s.counts.fail(name)
			s.printf("--- FAIL: %s\n%s", name, strings.Join(t.output, ""))
		}
	}
	if e.Action == "fail" {
		if s.counts.Failed == before.Failed {
			s.counts.fail(p.name)
		}
		s.printf("%s", strings.Join(slices.Concat(s.builds[e.FailedBuild], p.output), ""))
	}

	verdict := map[string]string{"pass": "ok  ", "fail": "FAIL", "skip": "-   "}[e.Action]
	s.printf("%s %7.2fs  %s  %s\n", verdict, e.Elapsed, p.name, describe(before, s.counts, benchmarks))
}

// describe says what a package added to the counts, and how many benchmarks ran.
func describe(before, after Counts, benchmarks int) string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(after.Passed-before.Passed, "passed")
	add(after.Failed-before.Failed, "failed")
	add(after.Skipped-before.Skipped, "skipped")
	add(benchmarks, "benchmarks")
	if parts == nil {
		return "no tests"
	}
	return strings.Join(parts, ", ")
}

// printf reports, and keeps the first error.
func (s *summer) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil && s.err == nil {
		s.err = fmt.Errorf("writing the report: %w", err)
	}
}
