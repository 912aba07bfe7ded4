package main

import (
	"regexp"
	"strings"
)

// A pkg is what is known of one package.
type pkg struct {
	name   string
	tests  []*test // in the order in which they started
	byName map[string]*test
	output []string // what belongs to no test
	done   bool
}

// test returns the state of a test.
func (p *pkg) test(name string) *test {
	t := p.byName[name]
	if t == nil {
		t = &test{name: name}
		p.byName[name] = t
		p.tests = append(p.tests, t)
	}
	return t
}

// counts reports whether t is counted: a test with subtests only for a failure
// or skip of its own.
func (p *pkg) counts(t *test) bool {
	hasSubtests := false
	for _, sub := range p.tests {
		if strings.HasPrefix(sub.name, t.name+"/") {
			hasSubtests = true
			if sub.result == t.result {
				return false
			}
		}
	}
	return !hasSubtests || t.result != "pass"
}

// A test is what is known of one test, subtest, example, fuzz target or
// benchmark.
type test struct {
	name   string
	result string // pass, fail, skip; "" until it ends
	output []string
}

// benchmark reports whether t is a benchmark: those have no result unless they
// fail or are skipped.
func (t *test) benchmark() bool { return strings.HasPrefix(t.name, "Benchmark") }

// add handles an event of the test.
func (t *test) add(e event) {
	switch {
	case isEnd(e.Action):
		t.result = e.Action
	case e.Action == "output" && !marker.MatchString(e.Output):
		t.output = append(t.output, e.Output)
	}
}

var (
	// marker matches the lines by which go test tells where a test is.
	marker = regexp.MustCompile(`^(=== (RUN|PAUSE|CONT|NAME)|\s*--- (PASS|FAIL|SKIP):) `)
	// logLine matches the first line of a t.Log or t.Skip.
	logLine = regexp.MustCompile(`^\s+\S+\.go:\d+: (.*)`)
)

// reason returns why the test was skipped: the last thing that it logged.
func (t *test) reason() string {
	var last []string
	for _, out := range t.output {
		if m := logLine.FindStringSubmatch(out); m != nil {
			last = []string{strings.TrimSpace(m[1])}
		} else if last != nil && strings.HasPrefix(out, "        ") {
			last = append(last, strings.TrimSpace(out))
		}
	}
	if s := strings.Join(last, " "); s != "" {
		return s
	}
	return "no reason given"
}
